import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startAppServer } from '#fixtures/app-server.js'
import { curl, curlMissing } from '#fixtures/curl.js'
import { temporaryFolder } from '#fixtures/daemon.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'

failOnLeaks()

const KEY = 'a key of the test, long enough'

/** What the classic guides to sticky sessions have their readers type. */
describe('curl -c jar -b jar, three times', { skip: curlMissing() ?? false }, () => {
  for (const [what, sticky] of [
    ['a sealed cookie', { cookie: 'srv_id', keys: [KEY], expires: '1h' }],
    ['the sticky module: expires=1h', { cookie: 'srv_id', style: 'sticky-module', expires: '1h' }],
    ['the sticky module: hash=sha1', { cookie: 'srv_id', style: 'sticky-module', value: 'sha1' }],
    ['the sticky module: hash=index', { cookie: 'srv_id', style: 'sticky-module', value: 'index' }],
    [
      'the sticky module: hmac=sha1 httponly',
      {
        cookie: 'srv_id',
        style: 'sticky-module',
        value: 'hmac-sha1',
        keys: ['a8f5f167f44f4964e6c998dee827110c'],
        expires: '2h',
        httpOnly: true,
      },
    ],
    ["nginx's own sticky cookie", { cookie: 'srv_id', style: 'nginx', expires: '1h', path: '/' }],
  ] as const) {
    it(`${what}: reaches one server, which counts three visits`, async (t) => {
      const apps = await Promise.all(['a', 'b', 'c'].map((name) => startAppServer({ name })))
      t.after(() => Promise.all(apps.map((app) => app.stop())))
      const gateway = await startGateway(t, {
        servers: apps.map(({ address }) => address),
        upstream: { sticky },
      })
      const folder = await temporaryFolder()
      t.after(() => folder.remove())
      const jar = `${folder.path}/jar`
      const answers: Array<{ server: string; visits: number }> = []
      for (let i = 0; i < 3; i += 1) {
        const { status, stdout } = await curl('-c', jar, '-b', jar, `http://${gateway.address}/`)
        assert.equal(status, 200)
        answers.push(JSON.parse(stdout.toString()))
      }
      assert.deepEqual(
        answers.map(({ server }) => server),
        Array(3).fill(answers[0]?.server),
      )
      assert.deepEqual(
        answers.map(({ visits }) => visits),
        [1, 2, 3],
      )
      const without = await curl(`http://${gateway.address}/`)
      assert.equal(JSON.parse(without.stdout.toString()).visits, 1)
    })
  }
})
