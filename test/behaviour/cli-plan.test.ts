import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Pool } from 'undici'
import { startAppServer } from '#fixtures/app-server.js'
import { holdfast, startServe } from '#fixtures/cli.js'
import { failOnLeaks } from '#fixtures/leaks.js'

failOnLeaks()

/** Of each upstream. */
const SESSIONS = 5_000
const CONNECTIONS = 40
const key = (index: number): string => `visitor-${index}`

function file(pinned: readonly string[], hashed: readonly string[]): string {
  const list = (addresses: readonly string[]): string => addresses.map((one) => `'${one}'`).join()
  return `listen: 127.0.0.1:0
log: 'off'
upstreams:
  pinned:
    servers: [${list(pinned)}]
    sticky: { cookie: srv_id, keys: ['a key of the test, of some length'] }
  hashed:
    servers: [${list(hashed)}]
    balance: { hash: '$cookie_sid' }
routes:
  - { upstream: pinned, prefix: /pinned }
  - { upstream: hashed, prefix: /hashed }
`
}

it('what plan predicts is, within a percentage point, what happens to 10,000 sessions', async (t) => {
  const servers = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map((name) => startAppServer({ name })),
  )
  t.after(() => Promise.all(servers.map((server) => server.stop())))
  const [a, ...others] = servers.map(({ address }) => address) as [string, ...string[]]
  const before = file([a, ...others.slice(0, 3)], [a, ...others.slice(0, 3)])
  const after = file(others, [a, ...others])
  const served = await startServe(t, before)
  served.put('old.yaml', before)
  served.put('new.yaml', after)
  served.put('keys', Array.from({ length: SESSIONS }, (_, index) => key(index)).join('\n'))
  const args = ['plan', 'old.yaml', 'new.yaml', '--json', '--keys', 'keys']
  const { out, err } = await holdfast(args, { cwd: served.folder })
  assert.equal(err, '')
  const predicted: Array<{ upstream: string; moved: number; sessions: number }> =
    JSON.parse(out).upstreams

  const pool = new Pool(`http://${served.address}`, { connections: CONNECTIONS })
  t.after(() => pool.close())
  const cookies = new Map<string, string>()
  /** Sends every session once; where each was served. */
  const visit = async (prefix: string): Promise<string[]> => {
    const seen: string[] = []
    let next = 0
    const worker = async (): Promise<void> => {
      for (let index = next++; index < SESSIONS; index = next++) {
        const session = `${prefix} ${index}`
        const own = cookies.get(session)
        const cookie = [`sid=${key(index)}`, ...(own === undefined ? [] : [own])].join('; ')
        const { headers, body } = await pool.request({
          method: 'GET',
          path: `/${prefix}/`,
          headers: { cookie },
        })
        const [line] = [headers['set-cookie'] ?? []]
          .flat()
          .filter((one) => one.startsWith('srv_id='))
        if (line !== undefined) cookies.set(session, line.split(';')[0] ?? '')
        seen[index] = ((await body.json()) as { server: string }).server
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, worker))
    return seen
  }
  const first = new Map([
    ['pinned', await visit('pinned')],
    ['hashed', await visit('hashed')],
  ])
  await served.reload(after)
  for (const { upstream, moved, sessions } of predicted) {
    const earlier = first.get(upstream) ?? []
    const later = await visit(upstream)
    const really = later.filter((server, index) => server !== earlier[index]).length / SESSIONS
    const difference = Math.abs(moved / sessions - really)
    assert.ok(difference < 0.01, `${upstream}: ${moved / sessions} predicted, ${really} moved`)
    assert.ok(really > 0.1, upstream)
  }
})
