import type { Control } from '../control/control.js'
import type { ReplicaFacts } from '../registry/life.js'

/** Where snapshots go. Nothing is expected of them: whoever takes them looks at them first. */
export interface Sink {
  /**
   * @param snapshot JSON of it, as text or bytes, or the object itself.
   * @param where it came from, as an operator knows it.
   * @returns whose it is; undefined where it could not be read.
   */
  take(snapshot: unknown, where: string): Promise<ReplicaFacts | undefined>
  /** There was none to be had. */
  fail(where: string, error: unknown): void
  /** A place that failed does so no more. */
  fine(where: string): void
}

/** Where snapshots come from: one process, a list of replicas, or a fleet's Redis. */
export interface Source {
  /** For how long what was asked for counts as new, at least; in milliseconds. */
  readonly freshMs: number
  /** How servers are drained and stopped this way; undefined where it cannot be done. */
  readonly control: Control | undefined
  /** Gives the sink what there is now. Never rejects: what fails is told to the sink. */
  poll(sink: Sink): Promise<void>
  /** Calls `wake` when there is news that should not wait; the result stops that. */
  watch?(wake: () => void): () => void
  close?(): Promise<void>
}
