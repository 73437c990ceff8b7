// @ts-check
import { endWithParent, exitOnSignals } from './lifetime.mjs'
import { StepError } from './step.mjs'
import { Tally } from './tally.mjs'

/**
 * Runs a command that checks things; its last line is the count, and its exit code follows that.
 *
 * @param {(tally: Tally) => Promise<void>} command
 */
export async function counted(command) {
  endWithParent()
  exitOnSignals()
  const tally = new Tally()
  const started = performance.now()
  try {
    await command(tally)
  } catch (error) {
    // Whatever stops the run counts, so that a reader of the last line alone is not misled.
    tally.failed += 1
    console.log(error instanceof StepError ? error.message : error)
  }
  if (tally.failed > 0) process.exitCode = 1
  console.log(`\n${((performance.now() - started) / 1000).toFixed(1)} s`)
  console.log(String(tally))
}
