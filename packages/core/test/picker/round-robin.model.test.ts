import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RoundRobin } from '#core/picker/round-robin.js'
import { createPool } from '#core/servers/pool.js'
import { NOW_S, selectionFor, serverConfig } from './fixtures.js'

// The algorithm once more, in the plainest words and with none of the code above.
class Model {
  readonly weights: readonly number[]
  readonly effective: number[]
  readonly current: number[]

  constructor(weights: readonly number[]) {
    this.weights = weights
    this.effective = [...weights]
    this.current = weights.map(() => 0)
  }

  /** The server chosen among the eligible ones, after every weight has moved. */
  pick(eligible: readonly boolean[], payer?: number): number {
    let total = 0
    this.weights.forEach((weight, i) => {
      if (!eligible[i]) return
      this.current[i]! += this.effective[i]!
      total += this.effective[i]!
      this.effective[i] = Math.min(weight, this.effective[i]! + 1)
    })
    const richest = Math.max(...this.current.filter((_, i) => eligible[i]))
    const chosen = this.current.findIndex((credit, i) => eligible[i] && credit === richest)
    const pays = payer ?? chosen
    if (pays >= 0) this.current[pays]! -= total
    return chosen
  }

  bind(eligible: readonly boolean[], bound: number): void {
    const all = this.weights.reduce((sum, weight) => sum + weight, 0)
    if (this.current[bound]! > -(all - this.weights[bound]!)) this.pick(eligible, bound)
  }

  fail(at: number, penalty: number): void {
    this.effective[at] = Math.max(0, this.effective[at]! - penalty)
  }
}

type Step =
  | { readonly do: 'pick' }
  | { readonly do: 'bind' | 'fail' | 'down' | 'up'; readonly at: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'pick' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('bind' as const, 'fail' as const, 'down' as const, 'up' as const),
      at: fc.nat(),
    }),
  },
)

test('requests, bound requests, failures and outages in any order follow the model', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 60 }),
      (weights, maxFails, steps) => {
        const pool = createPool(
          weights.map((weight, i) => serverConfig(`s${i}`, { weight, maxFails })),
        )
        const picker = new RoundRobin(pool)
        const model = new Model(weights)
        const eligible = weights.map(() => true)
        for (const it of steps) {
          if (it.do === 'pick') {
            const server = picker.pick(selectionFor(), NOW_S)
            const expected = model.pick(eligible)
            assert.equal(server === undefined ? -1 : pool.servers.indexOf(server), expected)
            continue
          }
          const at = it.at % weights.length
          const server = pool.servers[at]!
          if (it.do === 'bind') {
            picker.charge(server, selectionFor(), NOW_S)
            model.bind(eligible, at)
          } else if (it.do === 'fail') {
            const penalty = Math.floor(weights[at]! / maxFails)
            server.effectiveWeight = Math.max(0, server.effectiveWeight - penalty)
            model.fail(at, penalty)
          } else {
            server.overrideWith({ mode: it.do })
            eligible[at] = it.do === 'up'
          }
        }
        assert.deepEqual(
          pool.servers.map((s) => [s.currentWeight, s.effectiveWeight]),
          weights.map((_, i) => [model.current[i], model.effective[i]]),
        )
      },
    ),
  )
})
