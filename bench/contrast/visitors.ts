import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** What came of some seconds of visits. */
export interface Outcome {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds, in ascending order; from when the request was due, so that waiting counts. */
  readonly latencies: readonly number[]
  /** Requests without the answer that was asked for. */
  readonly failed: number
  /** Sessions that came back and were not known any more. */
  readonly lost: number
}

const TIMEOUT_MS = 3_000

/** Visitors who keep their cookies and count their visits, so that they notice a lost session. */
export class Visitors {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #visitors: readonly Visitor[]

  constructor(port: number, count: number) {
    this.#visitors = Array.from({ length: count }, () => new Visitor(port, this.#agent))
  }

  /** As many requests as there are answers: each visitor asks again at once. */
  async hurry(seconds: number): Promise<Outcome> {
    const tally = new Tally()
    const endMs = performance.now() + seconds * 1_000
    await Promise.all(
      this.#visitors.map(async (visitor) => {
        while (performance.now() < endMs) await tally.count(visitor.visit(), performance.now())
      }),
    )
    return tally.outcome()
  }

  /** So many requests a second, whether answers come or not. */
  async stroll(seconds: number, perSecond: number): Promise<Outcome> {
    const tally = new Tally()
    const startMs = performance.now()
    const total = seconds * perSecond
    const pending: Array<Promise<void>> = []
    while (pending.length < total) {
      const due = Math.min(total, ((performance.now() - startMs) / 1_000) * perSecond)
      while (pending.length < due) {
        const dueMs = startMs + (pending.length / perSecond) * 1_000
        const visitor = this.#visitors[pending.length % this.#visitors.length]
        if (visitor !== undefined) pending.push(tally.count(visitor.visit(), dueMs))
      }
      await pause(1)
    }
    await Promise.all(pending)
    return tally.outcome()
  }

  /** Each puts so many things into the cart at once; how many of all are not in it afterwards. */
  async fillCarts(things: number): Promise<{ readonly put: number; readonly missing: number }> {
    const missing = await Promise.all(
      this.#visitors.map(async (visitor) => {
        const before = await visitor.cart()
        await Promise.all(Array.from({ length: things }, () => visitor.put()))
        return before + things - (await visitor.cart())
      }),
    )
    return {
      put: things * this.#visitors.length,
      missing: missing.reduce((sum, one) => sum + one, 0),
    }
  }

  close(): void {
    this.#agent.destroy()
  }
}

interface Answer {
  readonly visits: number
  readonly cart: readonly string[]
}

class Visitor {
  readonly #port: number
  readonly #agent: Agent
  readonly #cookies = new Map<string, string>()
  #visits = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(port: number, agent: Agent) {
    this.#port = port
    this.#agent = agent
  }

  /** One after the other, as a person does; whether the session was there. */
  visit(): Promise<'kept' | 'lost'> {
    const visit = this.#last.then(async () => {
      const { visits } = await this.#ask('GET', '/')
      const lost = visits <= this.#visits
      this.#visits = visits
      return lost ? 'lost' : 'kept'
    })
    this.#last = visit.catch(() => {})
    return visit
  }

  async cart(): Promise<number> {
    const { visits, cart } = await this.#ask('GET', '/')
    this.#visits = visits
    return cart.length
  }

  async put(): Promise<void> {
    await this.#ask('POST', '/cart')
  }

  async #ask(method: string, path: string): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const sent = request({
      ...{ agent: this.#agent, host: '127.0.0.1', port: this.#port, method, path, signal },
      headers: cookie === '' ? {} : { cookie },
    }).end()
    const [response] = await once(sent, 'response')
    const body = Buffer.concat(await response.toArray()).toString()
    if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${body}`)
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      this.#cookies.set(name, value)
    }
    return JSON.parse(body)
  }
}

class Tally {
  readonly #startMs = performance.now()
  readonly #latencies: number[] = []
  #failed = 0
  #lost = 0

  async count(visit: Promise<'kept' | 'lost'>, dueMs: number): Promise<void> {
    try {
      if ((await visit) === 'lost') this.#lost += 1
      this.#latencies.push(performance.now() - dueMs)
    } catch {
      this.#failed += 1
    }
  }

  outcome(): Outcome {
    return {
      requests: this.#latencies.length + this.#failed,
      seconds: (performance.now() - this.#startMs) / 1_000,
      latencies: this.#latencies.toSorted((a, b) => a - b),
      failed: this.#failed,
      lost: this.#lost,
    }
  }
}
