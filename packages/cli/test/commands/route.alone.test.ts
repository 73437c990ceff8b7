import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayFile, THREE, workshop } from '../fixtures/run.js'

const HASH = `${THREE}\nbalance: { hash: '$cookie_sid', whenEmpty: round-robin }`

describe('holdfast route', () => {
  it("answers with the server of nginx's ring", async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(HASH) })
    const { code, out } = await run(['route', 'g.yaml'], {
      stdin: 'alice\nbob\r\ncarol\n192.0.2.1',
    })
    assert.equal(code, 0)
    assert.equal(
      out,
      'alice\t127.0.0.1:8082\nbob\t127.0.0.1:8083\ncarol\t127.0.0.1:8081\n192.0.2.1\t127.0.0.1:8083\n',
    )
  })

  it('takes keys as bytes, and gives them back as they were', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(HASH) })
    const { out } = await run(['route', 'g.yaml'], { stdin: 'müller\n' })
    assert.match(out, /^müller\t127\.0\.0\.1:808\d\n$/)
  })

  it('takes addresses in any spelling, for ip-hash and for $remote_addr', async (t) => {
    const { run } = workshop(t, {
      'ip.yaml': gatewayFile(`${THREE}\nbalance: ip-hash`),
      'hash.yaml': gatewayFile(`${THREE}\nbalance: { hash: '$remote_addr' }`),
    })
    for (const file of ['ip.yaml', 'hash.yaml']) {
      const { out } = await run(['route', file, '--remote-addr'], {
        stdin: '192.0.2.1\n::ffff:192.0.2.1\n',
      })
      const [first, second] = out.split('\n').map((line) => line.split('\t')[1])
      assert.ok(first)
      assert.equal(first, second)
    }
  })

  it('says - where a key is empty', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(HASH) })
    assert.equal((await run(['route', 'g.yaml'], { stdin: '\n' })).out, '\t-\n')
  })

  it('leaves servers that are down out, as the gateway does', async (t) => {
    const servers = "servers: ['a:1', { address: 'b:1', down: true }]"
    const { run } = workshop(t, { 'g.yaml': gatewayFile(`${servers}\nbalance: { hash: $uri }`) })
    const { out } = await run(['route', 'g.yaml'], { stdin: '1\n2\n3\n4\n5\n6\n' })
    assert.doesNotMatch(out, /b:1/)
  })

  it('refuses an upstream whose requests go by no key', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(THREE) })
    const { code, err } = await run(['route', 'g.yaml'])
    assert.equal(code, 2)
    assert.match(err, /shop balances by round-robin/)
  })

  it('places a million keys over a hundred servers in less than 3 s', async (t) => {
    const servers = Array.from({ length: 100 }, (_, i) => `'10.0.0.${i}:80'`)
    const { run } = workshop(t, {
      'g.yaml': gatewayFile(`servers: [${servers}]\nbalance: { hash: '$cookie_sid' }`),
    })
    const stdin = Array.from({ length: 1_000_000 }, (_, i) => `user-${i}`).join('\n')
    const started = performance.now()
    const { out } = await run(['route', 'g.yaml'], { stdin })
    const tookMs = performance.now() - started
    assert.equal(out.match(/\n/g)?.length, 1_000_000)
    assert.ok(tookMs < 3_000, `${Math.round(tookMs)} ms`)
  })
})
