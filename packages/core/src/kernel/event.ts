/** Something that can be listened to. */
export interface Event<T> {
  /** Calls `listener` at every occurrence; the returned function stops that. */
  on(listener: (value: T) => void): () => void
}

/** The side of an event that its owner keeps. Costs one length check while nobody listens. */
export class Emitter<T> implements Event<T> {
  #listeners: ReadonlyArray<(value: T) => void> = []

  get heard(): boolean {
    return this.#listeners.length > 0
  }

  on(listener: (value: T) => void): () => void {
    // A copy on every change, so that a listener may leave while the event is being told.
    this.#listeners = [...this.#listeners, listener]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }

  emit(value: T): void {
    for (const listener of this.#listeners) listener(value)
  }

  clear(): void {
    this.#listeners = []
  }
}
