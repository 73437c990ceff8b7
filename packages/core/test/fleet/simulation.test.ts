import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { scenarioOf } from './simulation/scenario.js'
import { simulate } from './simulation/world.js'

/** `HOLDFAST_SEED=n` runs one seed alone, the same as it ran among the others. */
const only = process.env.HOLDFAST_SEED
const FIRST = Number(only ?? process.env.HOLDFAST_FIRST_SEED ?? 1)
const SEEDS = only === undefined ? Number(process.env.HOLDFAST_SEEDS ?? 1_000) : 1

describe('a simulated fleet', () => {
  it('keeps its promises whatever goes wrong', async (t) => {
    const total = { requests: 0, adopted: 0, probes: 0, kept: 0 }
    const started = performance.now()
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
      const { figures } = await simulate(scenarioOf(seed))
      for (const key of ['requests', 'adopted', 'probes', 'kept'] as const) {
        total[key] += figures[key]
      }
    }
    const s = (performance.now() - started) / 1_000
    t.diagnostic(
      `${SEEDS} seeds in ${s.toFixed(1)} s: ${total.requests} requests, ` +
        `${total.adopted} ejections on the word of others, ${total.probes} probes, ` +
        `${total.kept} requests that had to stay with their server`,
    )
  })

  it('runs the same way again from the same seed', async () => {
    for (const seed of [3, 14, 159]) {
      const first = await simulate(scenarioOf(seed))
      assert.equal((await simulate(scenarioOf(seed))).digest, first.digest)
    }
  })
})
