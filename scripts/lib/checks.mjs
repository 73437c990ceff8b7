// @ts-check
import { tool } from './step.mjs'

/**
 * What can be said of the sources without running them.
 *
 * @param {import('./tally.mjs').Tally} tally
 */
export async function checkSources(tally) {
  await tally.check('format and lint', () =>
    tool('biome', ['ci', '--colors=off', '--error-on-warnings', '.']),
  )
  await tally.check('types of the scripts', () => tool('tsc', ['--project', 'scripts']))
}
