// @ts-check
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { tool } from './step.mjs'
import { root } from './workspace.mjs'

/** Per cent of the lines and of the branches, at least. */
const THRESHOLDS = new Map([
  ['packages/core', 95],
  ['packages/plugin', 90],
])

/** Where V8 writes what ran; in a test file's environment it counts the children's work too. */
export const coverageEnv = { NODE_V8_COVERAGE: join(root, 'coverage/v8') }

export function forgetCoverage() {
  rmSync(join(root, 'coverage'), { recursive: true, force: true })
}

/**
 * @typedef {{ total: number, covered: number }} Count
 * @typedef {{ file: string, lines: Count, branches: Count }} FileCoverage
 */

/** @param {import('./tally.mjs').Tally} tally */
export async function judgeCoverage(tally) {
  const started = performance.now()
  const report = await tool('c8', ['report'])
  const durationMs = performance.now() - started
  const files = report.ok ? readSummary() : []
  for (const [folder, threshold] of THRESHOLDS) {
    const own = files.filter(({ file }) => file.startsWith(`${folder}/`))
    const lines = share(own.map((file) => file.lines))
    const branches = share(own.map((file) => file.branches))
    const found = `lines ${lines.toFixed(1)} %, branches ${branches.toFixed(1)} %`
    tally.tell(`coverage of ${folder}: ${found}, at least ${threshold} % each`, {
      ok: report.ok && lines >= threshold && branches >= threshold,
      output: [report.output, 'Line by line: coverage/index.html', ...weakest(own)].join('\n'),
      durationMs,
    })
  }
}

/** @returns {FileCoverage[]} */
function readSummary() {
  const summary = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'))
  return Object.entries(summary)
    .filter(([path]) => path !== 'total')
    .map(([path, { lines, branches }]) => {
      return { file: relative(root, path).split(sep).join('/'), lines, branches }
    })
    .filter(({ file }) => hasCode(file))
}

/**
 * A file of types only leaves nothing that a test could load.
 *
 * @param {string} source
 */
function hasCode(source) {
  const compiled = join(root, source.replace('/src/', '/dist/').replace(/\.ts$/, '.js'))
  if (!existsSync(compiled)) return true
  const code = readFileSync(compiled, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  return code.trim() !== 'export {};'
}

/** @param {readonly FileCoverage[]} files */
function weakest(files) {
  return files
    .map(({ file, lines, branches }) => ({
      file,
      lines: share([lines]),
      branches: share([branches]),
    }))
    .sort((a, b) => Math.min(a.lines, a.branches) - Math.min(b.lines, b.branches))
    .slice(0, 10)
    .map(
      ({ file, lines, branches }) =>
        `lines ${lines.toFixed(0)} %, branches ${branches.toFixed(0)} %: ${file}`,
    )
}

/** @param {readonly Count[]} counts */
function share(counts) {
  const total = counts.reduce((sum, count) => sum + count.total, 0)
  const covered = counts.reduce((sum, count) => sum + count.covered, 0)
  return total === 0 ? 100 : (100 * covered) / total
}
