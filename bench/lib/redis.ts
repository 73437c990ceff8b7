import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { end, start } from './children.js'
import { findProgram } from './machine.js'

/** A Redis that writes everything down and syncs it every second, as sessions deserve. */
export class Redis {
  readonly url: string
  readonly #port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  #child: ChildProcess | undefined

  constructor(port: number) {
    this.#port = port
    this.url = `redis://127.0.0.1:${port}`
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start(): Promise<void> {
    const options = {
      port: `${this.#port}`,
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'everysec',
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    this.#child = start(findProgram('redis-server') ?? 'redis-server', args, { stdio: 'ignore' })
    while (!(await this.#ask('PING').catch(() => '')).startsWith('+PONG')) await pause(20)
  }

  /** How often each command has run so far, by its name; what scripts call counts too. */
  async calls(): Promise<ReadonlyMap<string, number>> {
    const info = await this.#ask('INFO commandstats')
    const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)
    return new Map([...lines].map(([, name = '', count]) => [name, Number(count)]))
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await end(this.#child)
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ask(command: string): Promise<string> {
    const socket = createConnection(this.#port, '127.0.0.1')
    socket.end(`${command}\r\nQUIT\r\n`)
    return Buffer.concat(await socket.toArray()).toString()
  }
}
