/** What can be said of the examples that need more than this machine to run. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../../', import.meta.url)
const pathOf = (path: string): string => fileURLToPath(new URL(path, ROOT))

test('the gateway file of the Docker example is right', () => {
  const bin = pathOf('packages/cli/dist/bin.js')
  const file = pathOf('examples/docker/gateway.yaml')
  const env = {
    ...process.env,
    STICKY_KEY: 'p0ZxyX3K4nqOTxfr1FvPbzkRV9aXw0vDgSk6mWcE1mA=',
    REDIS_URL: 'redis://redis:6379',
  }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bin, 'check', '--offline', file],
    {
      env,
      encoding: 'utf8',
    },
  )
  assert.equal(status, 0, stdout + stderr)
})

test('each PM2 instance of the application has an address of its own', () => {
  const config = createRequire(import.meta.url)(pathOf('examples/processes/ecosystem.config.cjs'))
  const [shop] = config.apps
  assert.equal(shop.exec_mode, 'fork')
  assert.equal(shop.increment_var, 'PORT')
})

test('the Kubernetes gateway may do what its example asks of the API server, and no more', () => {
  const manifest = readFileSync(pathOf('examples/kubernetes/manifests/gateway.yaml'), 'utf8')
  const [, rules = ''] = /\nrules:\n([\s\S]*?)\n---/.exec(manifest) ?? []
  assert.equal(
    rules.replaceAll(/\s+/g, ' ').trim(),
    '- apiGroups: [discovery.k8s.io] resources: [endpointslices] verbs: [list, watch]',
  )
})
