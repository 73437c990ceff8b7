import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type ReplicaSnapshot, systemClock } from '@holdfast/core'
import { MemoryStore } from '@holdfast/core/fleet'
import type { FastifyBaseLogger } from 'fastify'
import { CommandError, exit } from '../exit.js'
import type { FromWorker, ToWorker } from './messages.js'
import { answerCall } from './shared-store.js'

/** A worker that ends this soon would do so again at once. */
const TOO_SOON_MS = 1_000

/** A worker that is this slow to tell of itself is left out. */
const PATIENCE_MS = 1_000

/** The workers, and what they have in common. */
export class Workers {
  readonly #log: FastifyBaseLogger
  readonly #store = new MemoryStore(systemClock)
  readonly #snapshots = new Map<number, (value: ReplicaSnapshot) => void>()
  /** Those that have told that they serve: the others could not answer. */
  readonly #serving = new Set<Worker>()
  #calls = 0
  #leaving = false

  constructor(log: FastifyBaseLogger) {
    this.#log = log
  }

  get draining(): boolean {
    return this.#leaving
  }

  /**
   * Starts so many, and resolves when all of them serve.
   * @throws CommandError when one of them ends instead; it has said why.
   */
  async start(count: number): Promise<void> {
    // Records hold maps, which JSON does not know.
    cluster.setupPrimary({ serialization: 'advanced' })
    try {
      await Promise.all(Array.from({ length: count }, () => this.#fork()))
    } catch (cause) {
      this.#leaving = true
      for (const worker of workers()) worker.kill('SIGKILL')
      throw new CommandError((cause as Error).message, exit.usage, { cause })
    }
  }

  /** Has every worker read the configuration anew. */
  follow(): void {
    this.#tellAll({ kind: 'follow' })
  }

  /** Those of the workers that answer in time. */
  async snapshots(): Promise<readonly ReplicaSnapshot[]> {
    const asked = Array.from(this.#serving, (worker) => this.#snapshotOf(worker))
    return (await Promise.all(asked)).flatMap((snapshot) => snapshot ?? [])
  }

  /** Has every worker finish what it has begun, and resolves when all of them are gone. */
  async drain(): Promise<void> {
    this.#leaving = true
    this.#tellAll({ kind: 'drain' })
    await Promise.all(workers().map((worker) => once(worker, 'exit')))
  }

  async #fork(): Promise<void> {
    const startedMs = systemClock.now()
    const worker = cluster.fork()
    const ready = new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind !== 'ready') {
          this.#take(worker, message)
          return
        }
        this.#serving.add(worker)
        resolve()
      })
      worker.once('exit', (code, signal) => {
        this.#serving.delete(worker)
        reject(new Error(`worker ${worker.process.pid} ended with ${signal ?? code} at its start`))
        void this.#replace(worker, startedMs)
      })
    })
    await ready
  }

  async #replace(worker: Worker, startedMs: number): Promise<void> {
    if (this.#leaving) return
    this.#log.warn({ pid: worker.process.pid }, 'a worker has ended; another one takes its place')
    if (systemClock.now() - startedMs < TOO_SOON_MS) await delay(TOO_SOON_MS)
    if (this.#leaving) return
    await this.#fork().catch((error: unknown) => this.#log.error({ err: error }, 'no worker'))
  }

  #take(worker: Worker, message: FromWorker): void {
    switch (message.kind) {
      case 'snapshot':
        this.#snapshots.get(message.id)?.(message.value)
        break
      case 'subscribe': {
        const { upstream } = message
        const stop = this.#store.subscribe(upstream, (record) =>
          tell(worker, { kind: 'news', upstream, record }),
        )
        worker.once('exit', stop)
        break
      }
      case 'call':
        void answerCall(this.#store, message).then((answer) => tell(worker, answer))
        break
      case 'ready':
    }
  }

  async #snapshotOf(worker: Worker): Promise<ReplicaSnapshot | undefined> {
    this.#calls += 1
    const id = this.#calls
    const asked = new Promise<ReplicaSnapshot>((resolve) => this.#snapshots.set(id, resolve))
    tell(worker, { kind: 'snapshot', id })
    const snapshot = await Promise.race([asked, delay(PATIENCE_MS, undefined, { ref: false })])
    this.#snapshots.delete(id)
    return snapshot
  }

  #tellAll(message: ToWorker): void {
    for (const worker of workers()) tell(worker, message)
  }
}

function workers(): readonly Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message)
}
