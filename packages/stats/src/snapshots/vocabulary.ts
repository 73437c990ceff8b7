import type { FailKind, MoveReason, ServerState, ServerTotals } from '@holdfast/core'

/** From harmless to grave: where replicas disagree, the gravest is told. */
export const serverStates: readonly ServerState[] = ['up', 'drain', 'probing', 'ejected', 'down']

export const statusClasses: ReadonlyArray<keyof ServerTotals['responses']> = [
  '1xx',
  '2xx',
  '3xx',
  '4xx',
  '5xx',
]

// As records, because then the compiler sees to it that none is missing.
const FAIL_KINDS: Readonly<Record<FailKind, true>> = {
  connect: true,
  timeout: true,
  reset: true,
  invalid: true,
  status: true,
}

const MOVE_REASONS: Readonly<Record<MoveReason, true>> = {
  failed: true,
  ejected: true,
  down: true,
  removed: true,
  replaced: true,
  limit: true,
  expired: true,
  'bad-cookie': true,
  'unknown-key': true,
  rebalance: true,
}

export const failKinds: readonly FailKind[] = keysOf(FAIL_KINDS)

export const moveReasons: readonly MoveReason[] = keysOf(MOVE_REASONS)

/** What reasons that this version does not know count as. */
export const OTHER_REASON = 'other'

function keysOf<Key extends string>(record: Readonly<Record<Key, true>>): readonly Key[] {
  return Object.keys(record) as Key[]
}
