import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayFile, THREE, workshop } from '../fixtures/run.js'

const UNSEALED = gatewayFile(`${THREE}\nsticky: { cookie: c, value: md5 }`)

describe('holdfast check', () => {
  it('ends with 0 where nothing is to be said', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile(THREE) })
    const { code, out } = await run(['check', 'g.yaml'])
    assert.equal(code, 0)
    assert.equal(out, 'g.yaml is right: 0 errors, 0 warnings\n')
  })

  it('tells errors with their place and ends with 1', async (t) => {
    const { run } = workshop(t, { 'g.yaml': gatewayFile('servers: []') })
    const { code, out } = await run(['check', 'g.yaml'])
    assert.equal(code, 1)
    assert.match(out, /^g\.yaml:4:\d+: error config: upstreams\.shop\.servers: needs at least one/)
    assert.match(out, /g\.yaml is wrong: 1 error, 0 warnings\n$/)
  })

  it('tells warnings with why and fix; they count with --strict, and not with --allow', async (t) => {
    const { run } = workshop(t, { 'g.yaml': UNSEALED })
    const { code, out } = await run(['check', 'g.yaml'])
    assert.equal(code, 0)
    assert.match(
      out,
      /^g\.yaml:5:\d+: warning unsealed-cookie: upstreams\.shop\.sticky: .*\n {4}why: .*\n {4}fix: /,
    )
    assert.equal((await run(['check', 'g.yaml', '--strict'])).code, 1)
    assert.equal((await run(['check', 'g.yaml', '--strict', '--allow', 'unsealed-cookie'])).code, 0)
    assert.equal((await run(['check', 'g.yaml', '--allow', 'fly'])).code, 2)
  })

  it('tells all of it as JSON', async (t) => {
    const { run } = workshop(t, { 'g.yaml': UNSEALED })
    const { errors, warnings, findings } = JSON.parse(
      (await run(['check', 'g.yaml', '--json'])).out,
    )
    assert.deepEqual([errors, warnings], [0, 1])
    const [{ severity, rule, path, line, why, fix }] = findings
    assert.deepEqual(
      [severity, rule, path, line],
      ['warning', 'unsealed-cookie', 'upstreams.shop.sticky', 5],
    )
    assert.ok(why && fix)
  })

  it('knows a key of the environment from one in the file', async (t) => {
    const { run } = workshop(t, {
      'env.yaml': gatewayFile(`${THREE}\nsticky: { cookie: c, keys: ['\${KEY}'] }`),
      'file.yaml': gatewayFile(`${THREE}\nsticky: { cookie: c, keys: ['sixteen bytes and more'] }`),
    })
    const env = { KEY: 'sixteen bytes and more' }
    assert.doesNotMatch((await run(['check', 'env.yaml'], { env })).out, /committed-key/)
    assert.match((await run(['check', 'file.yaml'], { env })).out, /committed-key/)
  })
})
