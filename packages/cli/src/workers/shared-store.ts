import { Emitter } from '@holdfast/core'
import type { Answer, Board, FleetNews, Message, Store } from '@holdfast/core/fleet'
import type { FromWorker, ToWorker } from './messages.js'

/** How a worker reaches the primary process, and is reached. */
export interface Line {
  send(message: FromWorker): void
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** The store that the workers of one machine meet in: it lives in the primary process. */
export class SharedStore implements Store, Board {
  readonly #line: Line
  readonly #waiting = new Map<number, Waiting>()
  readonly #news = new Map<string, Emitter<FleetNews>>()
  #calls = 0

  constructor(line: Line) {
    this.#line = line
  }

  /** Takes what the primary process says; false where it is about something else. */
  take(message: ToWorker): boolean {
    switch (message.kind) {
      case 'answer':
        this.#settle(message.id)?.resolve(message.value)
        return true
      case 'refusal':
        this.#settle(message.id)?.reject(new Error(message.message))
        return true
      case 'news':
        this.#news.get(message.upstream)?.emit(message.record)
        return true
      default:
        return false
    }
  }

  exchange(upstream: string, message: Message): Promise<Answer | undefined> {
    return this.#call('exchange', [upstream, message])
  }

  lease(upstream: string, server: string, replica: string): Promise<number> {
    return this.#call('lease', [upstream, server, replica])
  }

  post(replica: string, text: string, ttlMs: number): Promise<void> {
    return this.#call('post', [replica, text, ttlMs])
  }

  read(): Promise<ReadonlyMap<string, string>> {
    return this.#call('read', [])
  }

  subscribe(upstream: string, listener: (record: FleetNews) => void): () => void {
    let news = this.#news.get(upstream)
    if (news === undefined) {
      news = new Emitter<FleetNews>()
      this.#news.set(upstream, news)
      this.#line.send({ kind: 'subscribe', upstream })
    }
    return news.on(listener)
  }

  close(): void {}

  #call<T>(
    method: Extract<FromWorker, { kind: 'call' }>['method'],
    args: readonly unknown[],
  ): Promise<T> {
    this.#calls += 1
    const id = this.#calls
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      this.#line.send({ kind: 'call', id, method, args })
    })
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}

/** The primary process's end: answers a worker's calls from the one store. */
export async function answerCall(
  store: Store & Board,
  { id, method, args }: Extract<FromWorker, { kind: 'call' }>,
): Promise<ToWorker> {
  try {
    const call = store[method] as (...all: readonly unknown[]) => Promise<unknown>
    return { kind: 'answer', id, value: await call.apply(store, [...args]) }
  } catch (error) {
    return { kind: 'refusal', id, message: (error as Error).message }
  }
}
