import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

// Inside the package, so that it can be required by its own name.
const packageRoot = fileURLToPath(new URL('../', import.meta.url))

describe('A CommonJS script', () => {
  it('can require the plugin, by its default and by its name, without a warning', (t) => {
    const folder = mkdtempSync(join(packageRoot, 'dist-test', 'commonjs-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const script = join(folder, 'gateway.cjs')
    writeFileSync(
      script,
      `
      const Fastify = require('fastify')
      const plugin = require('@holdfast/plugin')
      const { holdfast, serverOptions } = plugin
      async function main() {
        for (const one of [plugin.default, holdfast, plugin]) {
          const app = Fastify(serverOptions())
          await app.register(one, { prefix: '/', upstream: 'http://127.0.0.1:9' })
          await app.ready()
          console.log(app.holdfast.snapshot().upstreams[0].name)
          await app.close()
        }
      }
      main()
      `,
    )
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: '127.0.0.1_9\n'.repeat(3), stderr: '' },
    )
  })
})
