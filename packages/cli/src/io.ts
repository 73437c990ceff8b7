import type { Readable, Writable } from 'node:stream'

/** What a command may touch of the process, so that a test can bring its own. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where relative paths start. */
  readonly cwd: string
  /** Standard output is a terminal: colours are welcome. */
  readonly terminal: boolean
}

/** Writes text and waits until the other end can take more. */
export function write(stream: Writable, text: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.write(text, (error) => error && reject(error))) resolve()
    else stream.once('drain', resolve)
  })
}

/** One JSON value, for machines. */
export function writeJson(stream: Writable, value: unknown): Promise<void> {
  return write(stream, `${JSON.stringify(value, undefined, 2)}\n`)
}
