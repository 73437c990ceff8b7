// @ts-check
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runInGroup } from './process-group.mjs'

/** @typedef {import('./reporter.mjs').TestResult} TestResult */

/** A file that takes longer hangs, and counts as failed. */
const TIMEOUT_MS = 120_000

const reporter = fileURLToPath(new URL('reporter.mjs', import.meta.url))

/**
 * Runs test files, each in a process of its own, and tells the tally as each of them ends.
 *
 * @param {readonly import('./test-files.mjs').TestFile[]} files
 * @param {{ concurrency: number, env?: Record<string, string>, tally: import('./tally.mjs').Tally }} options
 */
export async function runFiles(files, { concurrency, env = {}, tally }) {
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  const waiting = [...files.entries()]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, file] = next
      const started = performance.now()
      const { results, output } = await runFile(file.compiled, join(scratch, String(index)), env)
      tally.add(file.source, results, { durationMs: performance.now() - started, output })
    }
  }
  try {
    await Promise.all(Array.from({ length: concurrency }, worker))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * @param {string} file
 * @param {string} resultsFile
 * @param {Record<string, string>} env
 */
async function runFile(file, resultsFile, env) {
  const { end, output } = await runInGroup(
    [
      '--enable-source-maps',
      `--test-reporter=${reporter}`,
      `--test-reporter-destination=${resultsFile}`,
      file,
    ],
    { env, timeoutMs: TIMEOUT_MS },
  )
  const results = existsSync(resultsFile) ? parse(readFileSync(resultsFile, 'utf8')) : []
  const fault = faultOf(end, results)
  if (fault !== undefined) results.push({ verdict: 'failed', title: fault })
  return { results, output }
}

/**
 * What is wrong with the file as a whole, beyond the tests that failed in it.
 *
 * @param {string} end
 * @param {readonly TestResult[]} results
 */
function faultOf(end, results) {
  if (end === 'timeout') return `did not end within ${TIMEOUT_MS / 1000} s`
  if (end !== '0' && !results.some(({ verdict }) => verdict === 'failed')) {
    return `ended with ${end}`
  }
  return results.length === 0 ? 'has no tests' : undefined
}

/**
 * Every result ends with a line feed; what follows the last one was cut off with its process.
 *
 * @param {string} lines
 * @returns {TestResult[]}
 */
function parse(lines) {
  const complete = lines.split('\n').slice(0, -1)
  return complete.map((line) => JSON.parse(line))
}
