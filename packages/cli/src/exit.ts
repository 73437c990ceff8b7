/** What the process ends with; scripts go by these. */
export const exit = {
  /** Done, and all is well. */
  ok: 0,
  /** The answer is no: errors were found, a limit was passed, a wait was in vain. */
  no: 1,
  /** The command line or the gateway file is wrong; nothing was done. */
  usage: 2,
  /** The other side could not be reached, or refused. */
  unreachable: 3,
} as const

export type ExitCode = (typeof exit)[keyof typeof exit]

/** The command cannot go on; the message is for whoever typed it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = exit.usage, options: ErrorOptions = {}) {
    super(message, options)
    this.exitCode = exitCode
  }
}
