import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayFile, THREE, workshop } from '../fixtures/run.js'

describe('holdfast keygen', () => {
  it('makes keys that check takes', async (t) => {
    const { run } = workshop(t, {
      'g.yaml': gatewayFile(`${THREE}\nsticky: { cookie: c, keys: ['\${KEY}'] }`),
    })
    const { out } = await run(['keygen'])
    assert.match(out, /^[\w+/]{43}=\n$/)
    assert.equal((await run(['explain', 'g.yaml'], { env: { KEY: out.trim() } })).code, 0)
  })

  it('never makes one twice, and knows the steps of a rotation', async (t) => {
    const { run } = workshop(t)
    const { keys, rotation } = JSON.parse((await run(['keygen', '--json', '--count', '9'])).out)
    assert.equal(new Set(keys).size, 9)
    assert.equal(rotation.length, 3)
    assert.match((await run(['keygen', '--steps'])).out, /1\. keys: \[old, new\]/)
  })
})
