import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { percentile } from '../lib/statistics.js'

/**
 * Requests at a fixed rate, whether answers come or not: `paced-load REQUESTS PORT CONNECTIONS`,
 * told at which rate and for how long. When each is due is settled before the first is sent, and
 * its latency counts from then: what waits for a connection behind slow answers is late, not unsent.
 */
const [file = '', ...numbers] = process.argv.slice(2)
const [port = 0, connections = 0] = numbers.map(Number)
const requests: readonly string[] = JSON.parse(readFileSync(file, 'utf8'))

/** The longest that is slept between two looks at the time, so that the servers get their share. */
const NAP_MS = 0.02
/** Requests that come before the turn does: new connections, and caches that others have used. */
const LEAD_MS = 250
const DRAIN_MS = 10_000

/** What is asked for. */
interface Pace {
  /** Requests a second. */
  readonly rate: number
  readonly seconds: number
}

process.on('message', async (pace: Pace) => {
  const turn = new Turn(await Promise.all(Array.from({ length: connections }, open)), pace)
  turn.pump()
})
process.send?.({ port })

async function open(): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise((settle, fail) => socket.once('connect', settle).once('error', fail))
  return socket
}

/** A connection that carries one request at a time. */
class Lane {
  readonly #socket: Socket
  #dueMs = 0
  #text = ''

  /** @param answered called with when the request was due, and whether the answer was a good one */
  constructor(socket: Socket, answered: (lane: Lane, dueMs: number, good: boolean) => void) {
    this.#socket = socket
    socket.on('data', (data: Buffer) => {
      this.#text += data.toString('latin1')
      const end = this.#text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#text)?.[1])
      if (this.#text.length < end + 4 + length) return
      const good = length > 0 && this.#text.startsWith('HTTP/1.1 200')
      this.#text = ''
      answered(this, this.#dueMs, good)
    })
    // Its request stays without an answer, which is counted.
    socket.on('error', () => {})
  }

  send(text: string, dueMs: number): void {
    this.#dueMs = dueMs
    this.#socket.write(text, 'latin1')
  }

  end(): void {
    this.#socket.destroy()
  }
}

class Turn {
  readonly #lanes: readonly Lane[]
  readonly #free: Lane[]
  readonly #dueMs: readonly number[]
  readonly #endMs: number
  readonly #latenciesMs: number[] = []
  readonly #latenessesMs: number[] = []
  readonly #nap = new Int32Array(new SharedArrayBuffer(4))
  readonly #startMs = performance.now()
  #next = 0
  #answered = 0
  #errors = 0
  /** When all connections were last seen to be taken. */
  #takenMs = 0

  constructor(sockets: readonly Socket[], { rate, seconds }: Pace) {
    this.#endMs = LEAD_MS + seconds * 1_000
    this.#dueMs = arrivals(rate, this.#endMs)
    this.#lanes = sockets.map((socket) => new Lane(socket, this.#take))
    this.#free = [...this.#lanes]
  }

  /** Sends what is due, then lets answers in, until all have come or it takes too long. */
  readonly pump = (): void => {
    const nowMs = performance.now() - this.#startMs
    this.#sendDue(nowMs)
    if (this.#answered === this.#dueMs.length || nowMs > this.#endMs + DRAIN_MS) {
      this.#report()
      return
    }
    // Timers of Node are as coarse as the latencies that are measured; this sleeps for less.
    Atomics.wait(this.#nap, 0, 0, NAP_MS)
    setImmediate(this.pump)
  }

  #sendDue(nowMs: number): void {
    for (;;) {
      const due = this.#dueMs[this.#next]
      if (due === undefined || due > nowMs) return
      const lane = this.#free.pop()
      if (lane === undefined) {
        this.#takenMs = nowMs
        return
      }
      if (due >= LEAD_MS) this.#latenessesMs.push(nowMs - Math.max(due, this.#takenMs))
      lane.send(requests[this.#next % requests.length] ?? '', due)
      this.#next += 1
    }
  }

  readonly #take = (lane: Lane, dueMs: number, good: boolean): void => {
    this.#answered += 1
    if (!good) this.#errors += 1
    if (dueMs >= LEAD_MS) this.#latenciesMs.push(performance.now() - this.#startMs - dueMs)
    this.#free.push(lane)
  }

  #report(): void {
    for (const lane of this.#lanes) lane.end()
    process.send?.({
      requests: this.#dueMs.length,
      p50Ms: percentile(this.#latenciesMs, 50),
      p99Ms: percentile(this.#latenciesMs, 99),
      lateP99Ms: percentile(this.#latenessesMs, 99),
      errors: this.#errors + this.#dueMs.length - this.#answered,
    })
  }
}

/** When requests are due, in milliseconds: visitors who know nothing of one another, always alike. */
function arrivals(perSecond: number, untilMs: number): readonly number[] {
  const all: number[] = []
  let state = 1
  for (let at = 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    at -= (Math.log((state + 1) / 0x1_0000_0001) / perSecond) * 1_000
    if (at >= untilMs) return all
    all.push(at)
  }
}
