import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process that can be killed, and started again where it was. */
export interface Part {
  readonly name: string
  /** `host:port`. */
  readonly address: string
  readonly running: boolean
  start(): Promise<void>
  /** SIGKILL: no goodbye to anybody. Resolves when it is gone. */
  kill(): Promise<void>
}

/** A program that is not installed; its message says what to do. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError'
}

/** A script of ours as a process: it is told its options as JSON, and tells its port. */
export class NodePart implements Part {
  readonly name: string
  readonly #script: URL
  readonly #options: object
  readonly #child = new Child()
  #port = 0

  /** @param options beside `name` and `port`, which it is given as well. */
  constructor(name: string, script: URL, options: object) {
    this.name = name
    this.#script = script
    this.#options = options
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get running(): boolean {
    return this.#child.running
  }

  async start(): Promise<void> {
    const options = { ...this.#options, name: this.name, port: this.#port }
    const args = ['--enable-source-maps', fileURLToPath(this.#script), JSON.stringify(options)]
    const child = this.#child.start(process.execPath, args, true)
    const [message] = await Promise.race([once(child, 'message'), this.#child.fails(this.name)])
    this.#port = (message as { readonly port: number }).port
  }

  kill(): Promise<void> {
    return this.#child.kill()
  }
}

/** The process of a part that runs, if it does. It ends with this one. */
export class Child {
  #process: ChildProcess | undefined
  readonly #killWithUs = (): void => {
    this.#process?.kill('SIGKILL')
  }

  get running(): boolean {
    return this.#process !== undefined
  }

  start(command: string, args: readonly string[], ipc = false): ChildProcess {
    const child = spawn(command, args, {
      // One that outlives us must not keep whoever reads our output waiting.
      stdio: ipc ? ['ignore', 'ignore', 'inherit', 'ipc'] : 'ignore',
      // Debian keeps servers where only root's PATH looks.
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` },
    })
    this.#process = child
    process.once('exit', this.#killWithUs)
    child.once('close', () => {
      if (this.#process === child) this.#process = undefined
      process.off('exit', this.#killWithUs)
    })
    return child
  }

  /** Rejects when it ends, or never began. */
  async fails(name: string): Promise<never> {
    if (this.#process !== undefined) await once(this.#process, 'close')
    throw new Error(`${name} did not start`)
  }

  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }
}
