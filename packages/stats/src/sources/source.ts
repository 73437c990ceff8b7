import type { ReplicaSnapshot } from '@holdfast/core'

/** Where snapshots come from: those of one replica, or of all that are known. */
export type SnapshotSource = () =>
  | ReplicaSnapshot
  | readonly ReplicaSnapshot[]
  | Promise<ReplicaSnapshot | readonly ReplicaSnapshot[]>

/** The routes' side of a source: never fewer than asked for now, in the order it has. */
export interface Snapshots {
  /** @throws SnapshotError when the source fails. */
  read(): Promise<readonly ReplicaSnapshot[]>
}

/** A source that failed. The cause is for the log; a client only learns that there is nothing. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
  readonly code = 'HOLDFAST_NO_SNAPSHOT'
  readonly statusCode = 503

  constructor(cause: unknown) {
    super('No statistics are to be had now', { cause })
  }
}

export function createSnapshots(source: SnapshotSource): Snapshots {
  return {
    async read() {
      try {
        return [await source()].flat()
      } catch (error) {
        throw new SnapshotError(error)
      }
    },
  }
}
