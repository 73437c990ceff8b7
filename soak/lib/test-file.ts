import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

// Compiled to soak/dist/lib.
const ROOT = new URL('../../../', import.meta.url)

export interface TestCounts {
  readonly passed: number
  readonly failed: number
  readonly output: string
}

/** Runs a compiled test file of the repository, by its path from the root. */
export async function runTestFile(
  path: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<TestCounts> {
  const file = fileURLToPath(new URL(path, ROOT))
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--test', '--test-reporter=tap', ...flags, file],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  )
  const killWithUs = (): unknown => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(child, 'close')
  process.off('exit', killWithUs)
  const count = (word: string): number =>
    Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? Number.NaN)
  return { passed: count('pass'), failed: count('fail'), output }
}
