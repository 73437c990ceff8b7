import { loadavg } from 'node:os'
import { type Figure, holds } from './figure.js'
import type { Outcome, Row } from './row.js'
import { Trial, type TrialOptions } from './trial.js'

/** Runs a row and judges its figures; what it opened is closed, whatever happens. */
export async function judge(row: Row, options: TrialOptions): Promise<Outcome> {
  const startedMs = performance.now()
  const outcome = (
    verdict: Outcome['verdict'],
    figures: readonly Figure[],
    reason?: string,
  ): Outcome => ({
    row,
    verdict,
    figures,
    ...(reason !== undefined && { reason }),
    tookS: Math.round((performance.now() - startedMs) / 1000),
    loadAverage: loadavg()[0] ?? Number.NaN,
  })
  const missing = row.missing?.()
  if (missing !== undefined) return outcome('skipped', [], missing)
  const trial = new Trial(options)
  try {
    const figures = await row.run(trial)
    return outcome(figures.every(holds) ? 'pass' : 'FAIL', figures)
  } catch (error) {
    options.tell(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return outcome('FAIL', [], error instanceof Error ? error.message : String(error))
  } finally {
    await trial.end()
  }
}
