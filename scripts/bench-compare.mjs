// @ts-check
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bootstrap } from './lib/bootstrap.mjs'
import { endWithParent, exitOnSignals } from './lib/lifetime.mjs'
import { main } from './lib/main.mjs'
import { quietly, StepError } from './lib/step.mjs'
import { root } from './lib/workspace.mjs'

/**
 * npm run bench:compare BASE         what this tree costs, against another commit
 * npm run bench:compare BASE -- P1   only these: P1, P4
 */
await main(async () => {
  endWithParent()
  exitOnSignals()
  const [base = '', ...ids] = process.argv.slice(2)
  const commit = commitOf(base)
  await bootstrap()
  const folder = worktreeOf(commit)
  console.log(`Building ${base} (${commit.slice(0, 10)}) in a worktree of its own ...`)
  const { ok, output } = await quietly(process.execPath, ['scripts/build.mjs'], { cwd: folder })
  if (!ok) throw new StepError(`${base} could not be built.`, output)
  const { compare } = await import(pathToFileURL(join(root, 'bench/dist/compare/compare.js')).href)
  await compare({ name: base, folder }, ids)
})

/** @param {string} base */
function commitOf(base) {
  try {
    if (base === '' || base.startsWith('-')) throw new Error('no name of a commit')
    return git('rev-parse', '--verify', '--quiet', `${base}^{commit}`)
  } catch {
    throw new StepError(
      base === '' ? 'Which commit is the base?' : `There is no commit ${base}.`,
      'For example: npm run bench:compare HEAD~1',
    )
  }
}

/**
 * Checks a commit out beside the repository; gone again when this process ends, however it does.
 *
 * @param {string} commit
 */
function worktreeOf(commit) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-compare-'))
  process.on('exit', () => git('worktree', 'remove', '--force', folder))
  git('worktree', 'add', '--detach', folder, commit)
  return folder
}

/** @param {readonly string[]} args */
function git(...args) {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}
