import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type HealthChange, healthOf, transition } from '#core/health/passive.js'
import { Server } from '#core/servers/server.js'

const events = ['pick', 'fail', 'ok'] as const

interface Step {
  readonly event: (typeof events)[number]
  readonly nowS: number
}

interface Limits {
  readonly weight: number
  readonly maxFails: number
  readonly failTimeoutS: number
}

const limits: fc.Arbitrary<Limits> = fc.record({
  weight: fc.integer({ min: 1, max: 9 }),
  maxFails: fc.integer({ min: 0, max: 4 }),
  failTimeoutS: fc.integer({ min: 0, max: 4 }),
})

/** Requests overlap, so picks and ends come in any order; waits lie around failTimeout. */
const history: fc.Arbitrary<Step[]> = fc
  .array(
    fc.record({
      event: fc.constantFrom(...events),
      waitS: fc.constantFrom(0, 0, 0, 1, 2, 4, 5, 6),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let nowS = 1_000
    return steps.map(({ event, waitS }) => {
      nowS += waitS
      return { event, nowS }
    })
  })

function serverWith({ weight, maxFails, failTimeoutS }: Limits): Server {
  return new Server({
    address: 'a:80',
    id: 'a:80',
    tls: false,
    incarnation: 0,
    weight,
    maxFails,
    failTimeoutS,
    slowStartS: 0,
    maxConns: 0,
    backup: false,
    down: false,
    drain: false,
    route: undefined,
  })
}

/**
 * nginx/semantics 4.2 read off the whole history, as its consequences put it, without counters:
 * what a request sees now follows from the last fail and from the picks since then.
 */
function believed({ weight, maxFails, failTimeoutS }: Limits, past: readonly Step[]) {
  const lastFail = past.findLastIndex(({ event }) => event === 'fail')
  const failedAtS = past[lastFail]?.nowS ?? Number.NEGATIVE_INFINITY
  let gateS = failedAtS
  let reentered = false
  let forgiven = lastFail === -1
  for (const { event, nowS } of past.slice(lastFail + 1)) {
    if (event === 'pick' && nowS > gateS + failTimeoutS) {
      gateS = nowS
      reentered = true
    }
    if (event === 'ok' && reentered) forgiven = true
  }
  const fails = forgiven ? 0 : 1 + failsBefore({ weight, maxFails, failTimeoutS }, past, lastFail)
  const out = maxFails > 0 && fails >= maxFails
  return {
    fails,
    kind: !out ? 'up' : reentered ? 'probing' : 'ejected',
    openAt: (nowS: number) => !out || nowS > gateS + failTimeoutS,
    effectiveWeight: Math.max(
      0,
      weight -
        (maxFails > 0 ? Math.floor(weight / maxFails) : 0) *
          past.filter(({ event }) => event === 'fail').length,
    ),
  }
}

function failsBefore(of: Limits, past: readonly Step[], index: number): number {
  return index <= 0 ? 0 : believed(of, past.slice(0, index)).fails
}

test('after every step of any history the server is what the whole history says', () => {
  fc.assert(
    fc.property(limits, history, (of, steps) => {
      const server = serverWith(of)
      for (const [i, { event, nowS }] of steps.entries()) {
        transition(server, event, nowS, false)
        const expected = believed(of, steps.slice(0, i + 1))
        assert.equal(server.fails, expected.fails)
        assert.equal(server.effectiveWeight, expected.effectiveWeight)
        assert.equal(healthOf(server).kind, expected.kind)
        for (let later = nowS; later <= nowS + of.failTimeoutS + 1; later += 1) {
          assert.equal(server.available(later), expected.openAt(later))
        }
      }
    }),
    { numRuns: 3_000 },
  )
})

test('every change of kind is told, and nothing else is but a further probe', () => {
  const told: Record<string, HealthChange> = {
    ejected: 'ejected',
    probing: 'probing',
    up: 'returned',
  }
  fc.assert(
    fc.property(limits, history, (of, steps) => {
      const server = serverWith(of)
      for (const { event, nowS } of steps) {
        const before = healthOf(server)
        const change = transition(server, event, nowS, false)
        const after = healthOf(server)
        const probedAgain = after.kind === 'probing' && change === 'probing'
        if (after.kind !== before.kind) assert.equal(change, told[after.kind])
        else if (!probedAgain) assert.equal(change, undefined)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('an ejection ends in the second that health names', () => {
  fc.assert(
    fc.property(limits, history, (of, steps) => {
      const server = serverWith(of)
      for (const { event, nowS } of steps) {
        transition(server, event, nowS, false)
        const health = healthOf(server)
        if (health.kind !== 'ejected') continue
        assert.equal(server.available(health.untilS - 1), false)
        assert.equal(server.available(health.untilS), true)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('while a probe is out nobody follows it within failTimeout', () => {
  fc.assert(
    fc.property(limits, history, (of, steps) => {
      const server = serverWith(of)
      let probedS: number | undefined
      for (const { event, nowS } of steps) {
        if (event === 'pick' && !server.available(nowS)) continue
        const change = transition(server, event, nowS, false)
        if (event === 'pick' && healthOf(server).kind === 'probing') {
          assert.equal(change, 'probing')
          if (probedS !== undefined) assert.ok(nowS - probedS > of.failTimeoutS)
          probedS = nowS
        }
        if (healthOf(server).kind !== 'probing') probedS = undefined
      }
    }),
    { numRuns: 3_000 },
  )
})
