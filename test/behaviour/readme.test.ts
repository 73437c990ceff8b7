import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type ShopServer, startShopServer } from '@holdfast/examples/demo/shop-server.js'
import { superviseDaemon } from '#fixtures/daemon.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { freePort } from '#fixtures/ports.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const ROOT = new URL('../../../', import.meta.url)
const READMES = [
  'README.md',
  'packages/core/README.md',
  'packages/plugin/README.md',
  'packages/stats/README.md',
]
// Inside this package, so that the examples find what they import; never committed.
const FOLDER = new URL('../readme/', import.meta.url)

interface Example {
  readonly title: string
  readonly file: URL
  readonly code: string
}

/** The blocks marked `ts`, which are whole programs. */
async function readExamples(): Promise<Example[]> {
  const examples: Example[] = []
  for (const path of READMES) {
    const text = await readFile(new URL(path, ROOT), 'utf8')
    for (const [index, [, code = '']] of [...text.matchAll(/^```ts\n(.*?)^```$/gms)].entries()) {
      const name = `${path.replaceAll('/', '-')}-${index + 1}`
      examples.push({
        title: `${path}, example ${index + 1}`,
        file: new URL(`${name}.mts`, FOLDER),
        code,
      })
    }
  }
  return examples
}

const examples = await readExamples()

describe('the examples in the READMEs', () => {
  let shops: ShopServer[] = []
  before(async () => {
    await mkdir(FOLDER, { recursive: true })
    shops = await Promise.all([1, 2, 3].map((n) => startShopServer(`shop-${n}`, '127.0.0.1', 0)))
  })
  after(async () => {
    await Promise.all(shops.map((shop) => shop.stop()))
    await rm(FOLDER, { recursive: true })
  })

  it('are there', () => {
    assert.ok(examples.length >= 5)
  })

  it('satisfy the compiler at its strictest', async () => {
    const config = {
      extends: '../../../tsconfig.base.json',
      compilerOptions: {
        composite: false,
        incremental: false,
        declaration: false,
        declarationMap: false,
        isolatedDeclarations: false,
        noEmit: true,
      },
      include: ['*.mts'],
    }
    for (const { file, code } of examples) await writeFile(file, code)
    await writeFile(new URL('tsconfig.json', FOLDER), JSON.stringify(config))
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', ROOT))
    const compiling = promisify(execFile)(process.execPath, [tsc, '-p', fileURLToPath(FOLDER)])
    await compiling.catch(({ stdout }: { stdout: string }) => assert.fail(stdout))
  })

  for (const example of examples.filter((example) => !isGateway(example))) {
    it(`print what they say: ${example.title}`, async () => {
      const said = [...example.code.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)]
      const { stdout } = await promisify(execFile)(process.execPath, [await save(example)])
      assert.ok(said.length > 0)
      assert.deepEqual(
        stdout.trim().split('\n'),
        said.map(([, line]) => line),
      )
    })
  }

  for (const example of examples.filter(isGateway)) {
    it(`run: ${example.title}`, async (t) => {
      const { port, operatorsPort } = await run(t, example, shops)
      const prefix = /prefix: '([^']+)'/.exec(example.code)?.[1] ?? ''
      const response = await fetch(`http://127.0.0.1:${port}${prefix}/`)
      assert.equal(response.status, 200)
      assert.match(((await response.json()) as { server: string }).server, /^shop-/)

      if (!example.code.includes('9000')) return
      // The statistics look at the gateway once a second.
      await until('the metrics count the request', async () => {
        const metrics = await fetch(`http://127.0.0.1:${operatorsPort}/metrics`)
        return /^holdfast_upstream_requests_total\{.*\} 1$/m.test(await metrics.text())
      })
    })
  }
})

function isGateway({ code }: Example): boolean {
  return code.includes('port: 8000')
}

/** Nothing in them needs the compiler: they are the JavaScript that runs. */
async function save({ file, code }: Pick<Example, 'file' | 'code'>): Promise<string> {
  const path = fileURLToPath(file).replace(/\.mts$/, '.mjs')
  await writeFile(path, code)
  return path
}

/** Runs it as it stands, but for its ports and its servers, which are ours. */
async function run(t: TestContext, { code, file }: Example, shops: readonly ShopServer[]) {
  const port = await freePort()
  const operatorsPort = await freePort()
  let program = code
    .replace('port: 8000', `port: ${port}`)
    .replace('port: 9000', `port: ${operatorsPort}`)
  for (const [index, shop] of shops.entries()) {
    program = program.replaceAll(`127.0.0.1:400${index + 1}`, shop.address)
  }
  const path = await save({ file, code: `${program}\nconsole.log('ready')\n` })
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, STICKY_KEY: 'sixteen bytes and more' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const daemon = await superviseDaemon(child, (it) => it.output().includes('ready'))
  t.after(() => daemon.stop())
  return { port, operatorsPort }
}
