import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { gatewayFile, THREE, workshop } from '../fixtures/run.js'

const STICKY = `${THREE}\nsticky: { cookie: srv_id, value: md5 }\nbalance: { hash: ['$cookie_sid', '$remote_addr'] }`
const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

describe('holdfast explain', () => {
  it('tells the binding of a cookie value alone', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(STICKY) })
    const { code, out } = await run([
      'explain',
      'g.yaml',
      '--json',
      '--cookie-value',
      md5('127.0.0.1:8082'),
    ])
    const told = JSON.parse(out)
    assert.equal(code, 0)
    assert.equal(told.server, '127.0.0.1:8082')
    assert.equal(told.verdict, 'kept')
    assert.deepEqual(told.binding.lookedFor, ['cookie srv_id (md5)'])
  })

  it('tells why a cookie leads nowhere, and which key decides instead', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(STICKY) })
    const args = ['explain', 'g.yaml', '-b', `srv_id=${md5('gone:80')}`, '-b', 'sid=alice']
    const { out } = await run(args)
    assert.match(out, /binding +found, but it leads nowhere: removed/)
    assert.match(out, /key +\$cookie_sid is "alice"/)
    assert.match(out, /server +127\.0\.0\.1:8082 \(moved, moved: removed\)/)
    assert.match(out, /answer +carries a new cookie/)
  })

  it('opens a sealed cookie, and says whose session it is', async (t) => {
    const { run } = workshop(t, {
      'g.yaml': gatewayFile(`${THREE}\nsticky: { cookie: srv_id, keys: ['\${KEY}'] }`),
    })
    const env = { KEY: 'sixteen bytes and more' }
    const { out } = await run(['explain', 'g.yaml', '--json', '--cookie-value', 'nonsense'], {
      env,
    })
    assert.equal(JSON.parse(out).moved, 'bad-cookie')
  })

  it('finds the upstream by host and path', async (t) => {
    const { run } = workshop(t, {
      'g.yaml': `listen: 127.0.0.1:0
upstreams: { a: { servers: ['a:1'] }, b: { servers: ['b:1'] }, c: { servers: ['c:1'] } }
routes:
  - { host: shop.test, upstream: a }
  - { host: shop.test, prefix: /api, upstream: b }
  - { host: '*.test', upstream: c }
`,
    })
    const serverOf = async (host: string, path: string): Promise<string> => {
      const { out } = await run(['explain', 'g.yaml', '--json', '--host', host, '--path', path])
      return JSON.parse(out).server
    }
    assert.equal(await serverOf('shop.test:80', '/apix'), 'a:1')
    assert.equal(await serverOf('SHOP.test', '/api?x'), 'b:1')
    assert.equal(await serverOf('other.test', '/api'), 'c:1')
    const { code, err } = await run(['explain', 'g.yaml', '--host', 'elsewhere'])
    assert.equal(code, 2)
    assert.match(err, /no route takes elsewhere\//)
  })

  it('says that no server would take it, and ends with 1', async (t) => {
    const { run } = workshop(t, {
      'g.yaml': gatewayFile("servers: [{ address: 'a:1', down: true }]"),
    })
    const { code, out } = await run(['explain', 'g.yaml'])
    assert.equal(code, 1)
    assert.match(out, /skipped +a:1: down/)
    assert.match(out, /server +none: 502/)
  })
})
