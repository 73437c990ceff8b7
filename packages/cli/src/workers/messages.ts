import type { ReplicaSnapshot } from '@holdfast/core'
import type { FleetNews } from '@holdfast/core/fleet'

/** What the primary process tells a worker. */
export type ToWorker =
  | { readonly kind: 'follow' | 'drain' }
  | { readonly kind: 'snapshot'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly message: string }
  | { readonly kind: 'news'; readonly upstream: string; readonly record: FleetNews }

/** What a worker tells the primary process. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'snapshot'; readonly id: number; readonly value: ReplicaSnapshot }
  | { readonly kind: 'subscribe'; readonly upstream: string }
  | {
      readonly kind: 'call'
      readonly id: number
      readonly method: 'exchange' | 'lease' | 'post' | 'read'
      readonly args: readonly unknown[]
    }
