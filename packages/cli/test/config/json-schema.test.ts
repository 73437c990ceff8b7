import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gatewayJsonSchema } from '#cli/config/json-schema.js'

const file = fileURLToPath(new URL('../../schema.json', import.meta.url))

describe('schema.json', () => {
  it('is what the options say; UPDATE_SCHEMA=1 writes it anew', () => {
    const text = `${JSON.stringify(gatewayJsonSchema(), undefined, 2)}\n`
    if (process.env.UPDATE_SCHEMA === '1') writeFileSync(file, text)
    assert.equal(readFileSync(file, 'utf8'), text)
  })

  it('knows the options of servers, cookies and hashes', () => {
    const text = JSON.stringify(gatewayJsonSchema())
    for (const name of ['maxFails', 'sameSite', 'whenEmpty', 'rewritePrefix', 'trustProxy']) {
      assert.ok(text.includes(`"${name}":`), name)
    }
    assert.match(text, /"enum":\["strict","lax","none",false\]/)
  })
})
