import { type Spread, spreadOf } from '../lib/statistics.js'

const WARM_UP_MS = 300
const BATCH_MS = 60
const BATCHES = 9

/**
 * Nanoseconds of processor time that one call of `operation` takes, over several batches and after
 * the compiler has had its time.
 */
export function nanosecondsOf(operation: () => unknown): Spread {
  repeatFor(WARM_UP_MS, operation)
  return spreadOf(Array.from({ length: BATCHES }, () => repeatFor(BATCH_MS, operation)))
}

// What the operations return ends up here, or the compiler could leave them out.
const kept: { value: unknown } = { value: undefined }

function repeatFor(milliseconds: number, operation: () => unknown): number {
  const end = performance.now() + milliseconds
  const before = process.cpuUsage()
  let calls = 0
  do {
    for (let i = 0; i < 1_000; i += 1) kept.value = operation()
    calls += 1_000
  } while (performance.now() < end)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1_000) / calls
}
