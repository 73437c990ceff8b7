import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayFile, workshop } from '../fixtures/run.js'

const servers = (...names: readonly string[]): string =>
  `servers: [${names.map((name) => `'${name}:80'`).join(', ')}]`
const env = { KEY: 'a key for tests of some length', NEW: 'another key of some length' }
const sealed = (keys: string): string => `\nsticky: { cookie: c, keys: [${keys}] }`
const KEY = `'\${KEY}'`
const NEW = `'\${NEW}'`
const HASH = "\nbalance: { hash: '$cookie_sid' }"

async function plan(
  t: Parameters<typeof workshop>[0],
  before: string,
  after: string,
  args: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
) {
  const { run } = workshop(t, {
    'old.yaml': gatewayFile(before),
    'new.yaml': gatewayFile(after),
    ...files,
  })
  const { code, out, err } = await run(['plan', 'old.yaml', 'new.yaml', '--json', ...args], { env })
  assert.ok(out !== '', err)
  const [first] = JSON.parse(out).upstreams
  return { code, ...first, share: first.moved / first.sessions }
}

const SAMPLE = { keys: Array.from({ length: 4_000 }, (_, i) => `user-${i}`).join('\n') }
const SAMPLED = ['--keys', 'keys']

describe('holdfast plan', () => {
  it('moves nobody where nothing changes', async (t) => {
    const same = servers('a', 'b') + sealed(KEY)
    const { code, moved, invalidCookies } = await plan(
      t,
      same,
      same,
      ['--max-moved', '0%', ...SAMPLED],
      SAMPLE,
    )
    assert.deepEqual([code, moved, invalidCookies], [0, 0, 0])
  })

  it('moves the sessions of a removed server, and none for a new one', async (t) => {
    const four = servers('a', 'b', 'c', 'd') + sealed(KEY)
    const other = servers('b', 'c', 'd', 'e') + sealed(KEY)
    const { share, reasons, load } = await plan(t, four, other, SAMPLED, SAMPLE)
    assert.equal(share, 0.25)
    assert.deepEqual(Object.keys(reasons), ['removed'])
    assert.equal(load['a:80'].after, 0)
    assert.ok(load['b:80'].after >= 0.25)
  })

  it('moves about one key in five when a fifth server joins a consistent hash', async (t) => {
    const { share, reasons } = await plan(
      t,
      servers('a', 'b', 'c', 'd') + HASH,
      servers('a', 'b', 'c', 'd', 'e') + HASH,
    )
    assert.ok(share > 0.15 && share < 0.25, String(share))
    assert.deepEqual(Object.keys(reasons), ['key'])
  })

  it('moves nearly all keys of a plain one', async (t) => {
    const plain = "\nbalance: { hash: '$cookie_sid', consistent: false }"
    const { code, share } = await plan(
      t,
      servers('a', 'b', 'c', 'd') + plain,
      servers('a', 'b', 'c', 'd', 'e') + plain,
      ['--max-moved', '50%', ...SAMPLED],
      SAMPLE,
    )
    assert.ok(share > 0.7, String(share))
    assert.equal(code, 1)
  })

  it('knows a rotation of keys from a change of keys', async (t) => {
    const rotated = await plan(
      t,
      servers('a', 'b') + sealed(KEY),
      servers('a', 'b') + sealed(`${NEW}, ${KEY}`),
      SAMPLED,
      SAMPLE,
    )
    assert.deepEqual([rotated.moved, rotated.invalidCookies], [0, 0])
    const replaced = await plan(
      t,
      servers('a', 'b') + sealed(KEY),
      servers('a', 'b') + sealed(NEW),
      SAMPLED,
      SAMPLE,
    )
    assert.equal(replaced.invalidCookies, 4_000)
  })

  it('knows that sealing with accept keeps the old cookies', async (t) => {
    const md5 = '\nsticky: { cookie: c, value: md5 }'
    const accepting = `\nsticky: { cookie: c, keys: [${KEY}], accept: [{ value: md5 }] }`
    const kept = await plan(
      t,
      servers('a', 'b') + md5,
      servers('a', 'b') + accepting,
      SAMPLED,
      SAMPLE,
    )
    assert.deepEqual([kept.moved, kept.invalidCookies], [0, 0])
    const forgotten = await plan(
      t,
      servers('a', 'b') + md5,
      servers('a', 'b') + sealed(KEY),
      SAMPLED,
      SAMPLE,
    )
    assert.equal(forgotten.invalidCookies, 4_000)
  })

  it('knows that an index cookie means another server when the list changes', async (t) => {
    const index = '\nsticky: { cookie: c, value: index }'
    const { share, reasons } = await plan(
      t,
      servers('a', 'b') + index,
      servers('b', 'a') + index,
      SAMPLED,
      SAMPLE,
    )
    assert.equal(share, 1)
    assert.deepEqual(reasons, { renamed: 4_000 })
  })

  it('takes clients from an access log, each by how much it asks for', async (t) => {
    const log = [
      '192.0.2.1 - - x',
      '192.0.2.1 - - y',
      '192.0.2.1 - - z',
      '198.51.100.7 - - x',
      'nonsense',
    ].join('\n')
    const ip = `${servers('a', 'b', 'c')}\nbalance: ip-hash`
    const { sessions, load } = await plan(t, ip, ip, ['--access-log', 'log'], { log })
    assert.equal(sessions, 2)
    const shares = Object.values(load as Record<string, { before: number }>).map(
      ({ before }) => before,
    )
    assert.ok(shares.includes(0.75) || shares.includes(1))
  })

  it('says it in words, with what is new and what is gone', async (t) => {
    const { run } = workshop(t, {
      'old.yaml': gatewayFile(servers('a', 'b') + sealed(KEY)),
      'new.yaml': `listen: 127.0.0.1:0\nupstreams: { other: { ${servers('a')} } }\nroutes: [{ upstream: other }]\n`,
    })
    const { code, out } = await run(['plan', 'old.yaml', 'new.yaml'], { env })
    assert.equal(code, 0)
    assert.equal(out, 'shop: gone, with all its sessions\nother: new\n')
    assert.equal(
      (await run(['plan', 'old.yaml', 'old.yaml', '--max-moved', 'few'], { env })).code,
      2,
    )
  })
})
