// @ts-check
import { filesBelow, packages } from './workspace.mjs'

/**
 * @typedef {object} TestFile
 * @property {string} source the path that people know
 * @property {string} compiled
 * @property {boolean} alone named *.alone.test.ts: it measures, and runs beside no other
 */

/**
 * The test files, listed from their sources: what was compiled once and deleted since is not run.
 *
 * @returns {TestFile[]}
 */
export function testFiles() {
  return [
    ...compiledTo('test/architecture', 'test/dist/architecture'),
    ...packages.flatMap((folder) => compiledTo(`${folder}/test`, `${folder}/dist-test`)),
    ...compiledTo('test/behaviour', 'test/dist/behaviour'),
  ]
}

/**
 * @param {string} from
 * @param {string} to
 */
function compiledTo(from, to) {
  return filesBelow(from)
    .filter((path) => path.endsWith('.test.ts'))
    .map((source) => ({
      source,
      compiled: `${to}${source.slice(from.length, -'.ts'.length)}.js`,
      alone: source.endsWith('.alone.test.ts'),
    }))
}
