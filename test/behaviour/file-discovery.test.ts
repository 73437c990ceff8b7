/** The example that reads its servers from a file. */
import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { watchFile } from '@holdfast/examples/file-discovery/watch-file.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-servers-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

const start = (t: TestContext, file: string): Promise<TestGateway> =>
  startGateway(t, {
    servers: undefined,
    upstream: { discover: watchFile(file), settle: '10ms', linger: '50ms' },
  })

const members = ({ app }: TestGateway): string =>
  app.holdfast
    .get('test')
    .snapshot()
    .servers.map(({ address }) => address)
    .join()

const untilMembers = (gateway: TestGateway, wanted: string): Promise<unknown> =>
  until(
    () => `${wanted}; it has ${members(gateway)}`,
    () => members(gateway) === wanted,
    { deadlineMs: 5_000 },
  )

test('the file is read at the start and whenever it is replaced or written', async (t) => {
  const file = join(await folder(t), 'servers.json')
  await writeFile(file, '["a:1"]')
  const gateway = await start(t, file)
  assert.equal(members(gateway), 'a:1')
  await writeFile(`${file}.new`, '["a:1", "b:1"]')
  await rename(`${file}.new`, file)
  await untilMembers(gateway, 'a:1,b:1')
  await writeFile(file, '["b:1"]')
  await untilMembers(gateway, 'b:1')
})

test('a file that is broken or gone changes nothing, and counts again when it is whole', async (t) => {
  const file = join(await folder(t), 'servers.json')
  await writeFile(file, '["a:1"]')
  const gateway = await start(t, file)
  await writeFile(file, '["a:1", "b')
  await rm(file)
  assert.equal(members(gateway), 'a:1')
  await writeFile(file, '["a:1", "c:1"]')
  await untilMembers(gateway, 'a:1,c:1')
})

test('a ConfigMap is a link to a folder that is exchanged', async (t) => {
  const path = await folder(t)
  await writeFile(join(path, '..first'), '["a:1"]')
  await writeFile(join(path, '..second'), '["b:1", "a:1"]')
  await symlink('..first', join(path, '..data'))
  await symlink('..data', join(path, 'servers.json'))
  const gateway = await start(t, join(path, 'servers.json'))
  assert.equal(members(gateway), 'a:1')
  await symlink('..second', join(path, '..new'))
  await rename(join(path, '..new'), join(path, '..data'))
  await untilMembers(gateway, 'a:1,b:1')
})
