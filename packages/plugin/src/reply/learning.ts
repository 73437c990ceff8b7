import type { LearnAffinity, RequestFacts, Server } from '@holdfast/core'

/** Shows one answer to the affinity that learns from answers, once, when it wants to see it. */
export class Learning {
  readonly #learn: LearnAffinity
  readonly #facts: RequestFacts
  readonly #server: Server
  readonly #answer: { readonly status: number; readonly headers: readonly string[] }
  #shown = false

  constructor(
    learn: LearnAffinity,
    facts: RequestFacts,
    server: Server,
    answer: { readonly status: number; readonly headers: readonly string[] },
  ) {
    this.#learn = learn
    this.#facts = facts
    this.#server = server
    this.#answer = answer
  }

  /** Whether the client must not get the head before the first of the body was looked at. */
  get waitsForBody(): boolean {
    return this.#learn.looksAtBody && !this.#shown
  }

  /** The head is there and the client is about to get it. */
  onHead(): void {
    if (this.#learn.at === 'head' && !this.#learn.looksAtBody) this.#show(undefined)
  }

  /** The first of the body is there, or it is known that there is none. */
  onBody(chunk: Buffer | undefined): void {
    if (this.#learn.looksAtBody) this.#show(chunk)
  }

  onEnd(): void {
    this.#show(undefined)
  }

  #show(firstChunk: Buffer | undefined): void {
    if (this.#shown) return
    this.#shown = true
    this.#learn.learn(this.#facts, this.#server, { ...this.#answer, firstChunk })
  }
}
