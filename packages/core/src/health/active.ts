import type { Condition } from '../servers/server.js'

/** What one check found. */
export type CheckResult = 'pass' | 'fail' | 'drain'

/** Statuses from `from` to `to`, both included. */
export interface StatusRange {
  readonly from: number
  readonly to: number
}

/** What checks have found of a server so far. */
export interface CheckState {
  readonly condition: Condition
  /** Results in a row that speak against it. */
  readonly against: number
}

/** A server is taken to be well until checks say otherwise. */
export const unchecked: CheckState = { condition: 'well', against: 0 }

/** A server whose check is gone asks for no more new sessions, as with HAProxy's disable-on-404. */
const GONE = 404

export function resultOf(status: number, expect: readonly StatusRange[]): CheckResult {
  if (expect.some(({ from, to }) => status >= from && status <= to)) return 'pass'
  return status === GONE ? 'drain' : 'fail'
}

/**
 * The state after one more check. It takes `fall` fails in a row to find a server sick, and `rise`
 * of anything else to find it alive again. A living server is believed at once: when it asks to be
 * drained, and when it no longer does.
 */
export function judge(
  state: CheckState,
  result: CheckResult,
  { rise, fall }: { readonly rise: number; readonly fall: number },
): CheckState {
  const alive = result === 'pass' ? 'well' : 'drain'
  if (state.condition === 'sick') {
    if (result === 'fail') return { condition: 'sick', against: 0 }
    const against = state.against + 1
    return against < rise ? { condition: 'sick', against } : { condition: alive, against: 0 }
  }
  if (result !== 'fail') return { condition: alive, against: 0 }
  const against = state.against + 1
  return against < fall
    ? { condition: state.condition, against }
    : { condition: 'sick', against: 0 }
}
