import { fileURLToPath } from 'node:url'
import { outputOf } from './children.js'

/**
 * Runs one compiled file of this package in a process of its own, where nothing that was measured
 * before has shaped the code, and takes what it prints as JSON.
 * @param file from the package's root.
 */
export async function measured<T>(
  file: string,
  ...args: ReadonlyArray<string | number>
): Promise<T> {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  return JSON.parse(await outputOf(process.execPath, ['--expose-gc', path, ...args.map(String)]))
}
