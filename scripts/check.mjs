// @ts-check
import { bootstrap } from './lib/bootstrap.mjs'
import { checkSources } from './lib/checks.mjs'
import { counted } from './lib/counted.mjs'
import { checkPublished } from './lib/published.mjs'
import { runFiles } from './lib/run-files.mjs'
import { testFiles } from './lib/test-files.mjs'

/** npm run check: what can be judged without running the product. */
await counted(async (tally) => {
  await bootstrap()
  await checkSources(tally)
  const architecture = testFiles().filter(({ source }) => source.includes('/architecture/'))
  await runFiles(architecture, { concurrency: 2, tally })
  await checkPublished(tally)
})
