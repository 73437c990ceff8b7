// @ts-check
import { StepError } from './step.mjs'

/**
 * Runs a command of this folder; what a person can mend is told without a stack.
 *
 * @param {() => Promise<void>} command
 */
export async function main(command) {
  try {
    await command()
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
