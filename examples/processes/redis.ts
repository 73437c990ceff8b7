import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Child, MissingProgramError, type Part } from './part.js'

const ADVICE =
  'redis-server is not installed.\n' +
  'Debian, Ubuntu: sudo apt-get install redis-server\n' +
  'macOS: brew install redis'

/** A real Redis that keeps nothing, on any free port. */
export class RedisPart implements Part {
  readonly name = 'redis'
  readonly #child = new Child()
  #port = 0

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  get url(): string {
    return `redis://${this.address}`
  }

  get running(): boolean {
    return this.#child.running
  }

  /** @throws MissingProgramError where it is not installed */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort()
    const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const args = ['--port', `${this.#port}`, '--loglevel', 'warning', ...options]
    const child = this.#child.start('redis-server', args)
    const missing = once(child, 'error').then(([error]) => {
      const code = (error as NodeJS.ErrnoException).code
      throw code === 'ENOENT' ? new MissingProgramError(ADVICE) : error
    })
    // Whichever loses the race may still be rejected.
    missing.catch(() => {})
    await Promise.race([this.#listens(), missing])
  }

  kill(): Promise<void> {
    return this.#child.kill()
  }

  async #listens(): Promise<void> {
    while (this.running) {
      const socket = connect(this.#port, '127.0.0.1')
      try {
        await once(socket, 'connect')
        return
      } catch {
        await pause(20)
      } finally {
        socket.destroy()
      }
    }
    throw new Error('redis-server did not start')
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
