import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePort, processorMs } from '../e2e/process.js'
import { end, start } from '../lib/children.js'
import { Redis } from '../lib/redis.js'

/** Where the sessions are: in the servers behind a sticky gateway, or shared in Redis. */
export type Way = 'sticky' | 'shared'

const SERVERS = 3
const SECRET = 'a secret for nothing but this benchmark'

/** One of the two, in processes of its own: Redis, three servers and a gateway. */
export class Setup {
  readonly way: Way
  readonly port: number
  readonly redis: Redis
  readonly #gateway: ChildProcess
  readonly #servers: ChildProcess[]

  private constructor(way: Way, redis: Redis, servers: ChildProcess[], gateway: NodeProcess) {
    this.way = way
    this.redis = redis
    this.port = gateway.port
    this.#servers = servers
    this.#gateway = gateway.child
  }

  static async start(way: Way): Promise<Setup> {
    const redis = new Redis(await freePort())
    await redis.start()
    const servers = await Promise.all(
      Array.from({ length: SERVERS }, (_, i) =>
        startNode('server', [`${i + 1}`, SECRET, ...(way === 'shared' ? [redis.url] : [])]),
      ),
    )
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
    const gateway = await startNode('gateway', [way, redis.url, ...addresses])
    return new Setup(
      way,
      redis,
      servers.map(({ child }) => child),
      gateway,
    )
  }

  /** Processor time so far, in milliseconds: the gateway's, and that of all behind it. */
  processor(): { readonly gatewayMs: number; readonly behindMs: number } {
    const behind = [...this.#servers.map(({ pid }) => pid), this.redis.pid]
    return {
      gatewayMs: processorMs(this.#gateway.pid ?? 0),
      behindMs: behind.reduce((sum: number, pid) => sum + processorMs(pid ?? 0), 0),
    }
  }

  /** Kills one of the servers, without a goodbye. */
  async killServer(): Promise<void> {
    const server = this.#servers.pop()
    if (server !== undefined) await end(server)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#gateway, ...this.#servers].map(end))
    await this.redis.stop()
  }
}

interface NodeProcess {
  readonly child: ChildProcess
  readonly port: number
}

async function startNode(name: string, args: readonly string[]): Promise<NodeProcess> {
  const file = fileURLToPath(import.meta.resolve(`@holdfast/examples/contrast/${name}.js`))
  const child = start(process.execPath, [file, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${file} did not start`)
  })
  const [{ port }] = await Promise.race([once(child, 'message'), ended])
  ended.catch(() => {})
  return { child, port }
}
