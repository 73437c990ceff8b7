import type { ExitCode } from './exit.js'
import type { Io } from './io.js'

/** One flag of a command, with what `--help` says of it. */
export interface Flag {
  readonly type: 'boolean' | 'string'
  readonly short?: string
  readonly multiple?: boolean
  /** What its value is, in the help: `FILE`, `URL`. */
  readonly hint?: string
  readonly help: string
}

export type Flags = Readonly<Record<string, Flag>>

/** What the command line said, by flag. */
export type Values<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { readonly type: 'boolean' }
    ? boolean
    : F[Name] extends { readonly multiple: true }
      ? readonly string[]
      : string | undefined
}

export interface Invocation<F extends Flags> {
  readonly values: Values<F>
  /** As many as `operands` names. */
  readonly operands: readonly string[]
  readonly io: Io
}

/** One verb of `holdfast`. */
export interface Command<F extends Flags = Flags> {
  readonly name: string
  readonly summary: string
  /** The operands, as the usage line shows them; `[NAME]` may be left out. */
  readonly operands: readonly string[]
  readonly flags: F
  /** What the help says beyond the flags. */
  readonly details?: string
  run(invocation: Invocation<F>): Promise<ExitCode>
}

/** Keeps the types of the flags for `run`. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command {
  return command as unknown as Command
}

/** Flags that several commands share. */
export const jsonFlag: Flag & { readonly type: 'boolean' } = {
  type: 'boolean',
  help: 'Print JSON, for machines.',
}
