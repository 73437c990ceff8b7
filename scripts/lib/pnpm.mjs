// @ts-check
import { quietly } from './step.mjs'

/** Through npx, so that nothing but Node and npm has to be on the machine. */
export const PNPM = 'pnpm@12.21.0'

/** @param {readonly string[]} args */
export function pnpm(args) {
  // CI: pnpm would otherwise ask before it replaces a node_modules that another tool made.
  return quietly('npx', ['--yes', '--prefer-offline', PNPM, ...args], { env: { CI: 'true' } })
}
