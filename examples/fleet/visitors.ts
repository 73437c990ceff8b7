import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Part } from '../processes/part.js'

/** What visitors met with in some time. */
export interface Count {
  readonly requests: number
  /** Those without an answer, or with one that says that something is wrong. */
  readonly failed: number
  /** Sessions that a server did not know any more. */
  readonly lost: number
  readonly p99Ms: number
}

const COUNT = 60
const TIMEOUT_MS = 10_000

/** Visitors who come back over and over, through whichever gateway takes their connection. */
export class Visitors {
  readonly #gateways: readonly Part[]
  readonly #agent = new Agent({ keepAlive: true })
  readonly #visitors = Array.from({ length: COUNT }, (_, i) => new Visitor(`192.0.2.${i}`))
  #turn = 0
  #requests = 0
  #failed = 0
  #lost = 0
  #latencies: number[] = []

  constructor(gateways: readonly Part[]) {
    this.#gateways = gateways
  }

  /** So many requests a second for so long, whether answers come or not. */
  async come(seconds: number, perSecond: number): Promise<Count> {
    const pending: Array<Promise<void>> = []
    const total = seconds * perSecond
    const startMs = performance.now()
    while (pending.length < total) {
      const due = Math.min(total, ((performance.now() - startMs) / 1_000) * perSecond)
      while (pending.length < due) pending.push(this.#visit())
      await pause(5)
    }
    await Promise.all(pending)
    return this.#take()
  }

  close(): void {
    this.#agent.destroy()
  }

  #take(): Count {
    const latencies = this.#latencies.sort((a, b) => a - b)
    const count = {
      requests: this.#requests,
      failed: this.#failed,
      lost: this.#lost,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    }
    this.#requests = 0
    this.#failed = 0
    this.#lost = 0
    this.#latencies = []
    return count
  }

  async #visit(): Promise<void> {
    this.#turn += 1
    const turn = this.#turn
    const visitor = this.#visitors[turn % COUNT]
    const startMs = performance.now()
    this.#requests += 1
    try {
      if (await visitor?.visit((headers) => this.#ask(turn, headers))) this.#lost += 1
      this.#latencies.push(performance.now() - startMs)
    } catch {
      this.#failed += 1
    }
  }

  /** One request; past gateways that take no connection, as the balancer before them would. */
  async #ask(turn: number, headers: Headers): Promise<Answer> {
    // Another gateway than at the visitor's last request.
    const first = turn + Math.floor(turn / COUNT)
    for (let ahead = 0; ahead < this.#gateways.length; ahead += 1) {
      const gateway = this.#gateways[(first + ahead) % this.#gateways.length]
      if (gateway === undefined) break
      try {
        return await ask(this.#agent, `http://${gateway.address}/shop/`, headers)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
      }
    }
    throw new Error('no gateway takes a connection')
  }
}

type Headers = Readonly<Record<string, string>>

interface Answer {
  readonly visits: number
  readonly cookies: readonly string[]
}

class Visitor {
  readonly #address: string
  readonly #cookies = new Map<string, string>()
  #visits = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(address: string) {
    this.#address = address
  }

  /** One after the other, as a person does; true when the session was lost. */
  visit(ask: (headers: Headers) => Promise<Answer>): Promise<boolean> {
    const visit = this.#last.then(async () => {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const { visits, cookies } = await ask({ 'x-forwarded-for': this.#address, cookie })
      for (const line of cookies) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        this.#cookies.set(name, value)
      }
      const lost = visits <= this.#visits
      this.#visits = visits
      return lost
    })
    this.#last = visit.catch(() => {})
    return visit
  }
}

async function ask(agent: Agent, url: string, headers: Headers): Promise<Answer> {
  const sent = request(url, { agent, headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).end()
  const [response] = await once(sent, 'response')
  const body = Buffer.concat(await response.toArray()).toString()
  if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${body}`)
  return { ...JSON.parse(body), cookies: response.headers['set-cookie'] ?? [] }
}
