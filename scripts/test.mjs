// @ts-check
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { bootstrap } from './lib/bootstrap.mjs'
import { checkSources } from './lib/checks.mjs'
import { counted } from './lib/counted.mjs'
import { coverageEnv, forgetCoverage, judgeCoverage } from './lib/coverage.mjs'
import { checkPublished } from './lib/published.mjs'
import { adviseOn, provideRealParts } from './lib/real-parts.mjs'
import { runFiles } from './lib/run-files.mjs'
import { StepError } from './lib/step.mjs'
import { testFiles } from './lib/test-files.mjs'

/**
 * npm test                    everything: lint, tests, coverage, packages
 * npm test -- word ...        only the test files whose path contains one of the words
 * npm test -- --tests-only    every test file, without the other checks
 */
await counted(async (tally) => {
  const { positionals: words, values } = parseArgs({
    allowPositionals: true,
    options: { 'tests-only': { type: 'boolean', default: false } },
  })
  const files = testFiles().filter(
    ({ source }) => words.length === 0 || words.some((word) => source.includes(word)),
  )
  if (files.length === 0) throw new StepError(`No test file's path contains ${words.join(' or ')}.`)

  await bootstrap()
  const missing = await provideRealParts()
  if (missing.length > 0) adviseOn(missing)

  const isWhole = words.length === 0 && !values['tests-only']
  if (isWhole) {
    await checkSources(tally)
    forgetCoverage()
  }
  const concurrency = Math.min(2, availableParallelism())
  const env = isWhole ? coverageEnv : {}
  await runFiles(
    files.filter((file) => !file.alone),
    { concurrency, env, tally },
  )
  // What measures time wants the machine, and the compiler, for itself.
  await runFiles(
    files.filter((file) => file.alone),
    { concurrency: 1, tally },
  )
  if (isWhole) {
    await judgeCoverage(tally)
    await checkPublished(tally)
  }
  if (missing.length > 0) adviseOn(missing)
})
