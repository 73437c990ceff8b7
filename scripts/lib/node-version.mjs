// @ts-check
import { StepError } from './step.mjs'

const LOWEST = [20, 19]

/** @throws {StepError} when this Node is too old to run what follows */
export function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [lowestMajor = 0, lowestMinor = 0] = LOWEST
  if (major > lowestMajor || (major === lowestMajor && minor >= lowestMinor)) return
  throw new StepError(
    `Holdfast needs Node ${LOWEST.join('.')} or newer, and this is ${process.version}.`,
    'Install a supported release from https://nodejs.org and try again.',
  )
}
