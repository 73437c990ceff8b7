import type { OverrideSnapshot } from '@holdfast/core'
import { type Control, ControlError, type Target } from '../control/control.js'
import type { ReplicaFacts } from '../registry/life.js'
import { HttpClient } from './http-client.js'
import type { Sink, Source } from './source.js'

/** One replica, and what it wants to be told. */
export interface ReplicaAddress {
  /** Of its snapshot route. */
  readonly url: URL
  readonly token: string
  /** Of the same route's POST; undefined where this replica is only read. */
  readonly adminToken: string | undefined
}

export interface ReplicasOptions {
  readonly replicas: readonly ReplicaAddress[]
  readonly freshMs: number
  readonly timeoutMs: number
}

/** How far apart replicas are asked, as large answers that come at once are read at once. */
const MOST_APART_MS = 10

interface Wish extends Target {
  readonly override: OverrideSnapshot
  readonly by: string
}

/** Replicas that are asked one by one, for a fleet without Redis. */
export function createReplicasSource(options: ReplicasOptions): Source {
  return new Replicas(options)
}

class Replicas implements Source, Control {
  readonly freshMs: number
  readonly expires = false
  readonly #replicas: readonly ReplicaAddress[]
  readonly #client: HttpClient
  /** What operators have asked for, which a replica that starts anew does not know. */
  readonly #wishes = new Map<string, Wish>()
  readonly #startedAt = new Map<ReplicaAddress, number>()
  readonly #busy = new Set<ReplicaAddress>()

  constructor({ replicas, freshMs, timeoutMs }: ReplicasOptions) {
    this.#replicas = replicas
    this.freshMs = freshMs
    this.#client = new HttpClient(timeoutMs)
  }

  get control(): Control | undefined {
    return this.#replicas.every(({ adminToken }) => adminToken !== undefined) ? this : undefined
  }

  async poll(sink: Sink): Promise<void> {
    const asked = this.#replicas.filter((replica) => !this.#busy.has(replica))
    const apartMs = Math.min(MOST_APART_MS, this.freshMs / 2 / asked.length)
    const answers = Promise.all(
      asked.map((replica, i) => this.#pollOne(replica, i * apartMs, sink)),
    )
    // One that hangs must not keep the others' news: what comes later is taken when it comes.
    await Promise.race([answers, pause(this.freshMs)])
  }

  async override(
    { upstream, server }: Target,
    override: OverrideSnapshot,
    by: string,
  ): Promise<void> {
    const wish = { upstream, server, override, by }
    const results = await Promise.allSettled(
      this.#replicas.map((replica) => this.#tell(replica, wish)),
    )
    const failed = this.#replicas.flatMap(({ url }, i) => {
      const result = results[i]
      return result?.status === 'rejected' ? [`${url.host}: ${messageOf(result.reason)}`] : []
    })
    if (failed.length < this.#replicas.length) this.#wishes.set(keyOf(wish), wish)
    if (failed.length > 0) {
      const done = this.#replicas.length - failed.length
      throw new ControlError(
        502,
        'HOLDFAST_NOT_EVERYWHERE',
        `Done on ${done} of ${this.#replicas.length} replicas. ${failed.join('; ')}`,
      )
    }
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  async #pollOne(replica: ReplicaAddress, afterMs: number, sink: Sink): Promise<void> {
    const { url, token } = replica
    this.#busy.add(replica)
    try {
      if (afterMs > 0) await pause(afterMs)
      const { status, body } = await this.#client.call({ method: 'GET', url, token })
      if (status !== 200) throw new Error(`status ${status}`)
      const facts = await sink.take(body, url.host)
      if (facts !== undefined) await this.#remind(replica, facts)
    } catch (error) {
      sink.fail(url.host, error)
    } finally {
      this.#busy.delete(replica)
    }
  }

  /** Tells a replica that has started since what operators have asked for. */
  async #remind(replica: ReplicaAddress, { startedAt }: ReplicaFacts): Promise<void> {
    const before = this.#startedAt.get(replica)
    if (before === startedAt) return
    if (before !== undefined) {
      for (const wish of this.#wishes.values()) await this.#tell(replica, wish)
    }
    this.#startedAt.set(replica, startedAt)
  }

  async #tell({ url, adminToken = '' }: ReplicaAddress, wish: Wish): Promise<void> {
    const { upstream, server, override, by } = wish
    const { status, body } = await this.#client.call({
      method: 'POST',
      url,
      token: adminToken,
      body: { upstream, server, ...override, by },
    })
    if (status !== 200) throw new Error(problemIn(body.toString()) ?? `status ${status}`)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}

function keyOf({ upstream, server }: Target): string {
  return `${upstream} ${server}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function problemIn(text: string): string | undefined {
  const [, problem] = /"message":"((?:[^"\\]|\\.)*)"/.exec(text) ?? []
  return problem
}
