import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gatewayJsonSchema } from '#cli/config/json-schema.js'

describe('the JSON Schema of gateway files', () => {
  it('knows the options of servers, cookies and hashes', () => {
    const text = JSON.stringify(gatewayJsonSchema())
    for (const name of ['maxFails', 'sameSite', 'whenEmpty', 'rewritePrefix', 'trustProxy']) {
      assert.ok(text.includes(`"${name}":`), name)
    }
    assert.match(text, /"enum":\["strict","lax","none",false\]/)
  })
})
