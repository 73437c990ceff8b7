import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CommandError, exit } from './exit.js'
import type { Io } from './io.js'

/** The text of a file that the command line names. @throws CommandError */
export function readText(file: string, { cwd }: Pick<Io, 'cwd'>): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw new CommandError(`cannot read ${file}: ${(cause as Error).message}`, exit.usage, {
      cause,
    })
  }
}
