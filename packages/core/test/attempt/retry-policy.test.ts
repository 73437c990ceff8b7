import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isIdempotent, mayResend, mayRetry, type RetryFacts } from '#core/attempt/retry-policy.js'
import type { RetryConfig } from '#core/config.js'
import { type Outcome, outcomes } from '#core/kernel/outcome.js'

const config: RetryConfig = {
  error: true,
  timeout: true,
  invalidHeader: false,
  nonIdempotent: false,
  statuses: new Set(),
  tries: 3,
  timeoutMs: 0,
  budget: undefined,
  bufferBytes: 0,
}

const everything: RetryConfig = {
  ...config,
  invalidHeader: true,
  nonIdempotent: true,
  statuses: new Set([503]),
  tries: 0,
}

const sentGet: RetryFacts = { method: 'GET', sent: true, answered: false, replayable: true }

interface Case {
  readonly config?: Partial<RetryConfig>
  readonly outcome?: Outcome
  readonly status?: number
  readonly facts?: Partial<RetryFacts>
  readonly triesSpent?: number
  readonly ageMs?: number
}

function decide(of: Case): boolean {
  return mayRetry(
    { ...config, ...of.config },
    of.outcome ?? outcomes.reset,
    of.status ?? 0,
    { ...sentGet, ...of.facts },
    of.triesSpent ?? 1,
    of.ageMs ?? 0,
  )
}

describe('What is retried', () => {
  test('errors and timeouts by default, and nothing else', () => {
    const retried = Object.values(outcomes).filter((outcome) => decide({ outcome, status: 503 }))
    assert.deepEqual(retried.map(({ name }) => name).sort(), [
      'connect-timeout',
      'head-timeout',
      'refused',
      'reset',
      'send-timeout',
      'stale',
    ])
  })

  test('no errors where only timeouts are listed, and the other way round', () => {
    assert.equal(decide({ outcome: outcomes.reset, config: { error: false } }), false)
    assert.equal(decide({ outcome: outcomes.headTimeout, config: { error: false } }), true)
    assert.equal(decide({ outcome: outcomes.headTimeout, config: { timeout: false } }), false)
    assert.equal(decide({ outcome: outcomes.reset, config: { timeout: false } }), true)
  })

  test('an invalid head where it is listed', () => {
    assert.equal(decide({ outcome: outcomes.invalid, config: { invalidHeader: true } }), true)
  })

  test('a status where just that status is listed', () => {
    const listed = { outcome: outcomes.status, config: { statuses: new Set([503]) } }
    assert.equal(decide({ ...listed, status: 503 }), true)
    assert.equal(decide({ ...listed, status: 500 }), false)
  })

  test('never an answer, a cut body, an abort or a fault of our own, whatever is listed', () => {
    for (const name of ['ok', 'cut', 'aborted', 'proxy'] as const) {
      assert.equal(
        decide({ config: everything, outcome: outcomes[name], status: 503 }),
        false,
        name,
      )
    }
  })
})

describe('A request that may have reached the server', () => {
  const unsafe = ['POST', 'LOCK', 'PATCH', 'CONNECT']

  test('is retried only if serving it twice does no harm', () => {
    const methods = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', ...unsafe]
    const refused = methods.filter((method) => !decide({ facts: { method } }))
    assert.deepEqual(refused, unsafe)
    assert.deepEqual(
      refused,
      methods.filter((method) => !isIdempotent(method)),
    )
  })

  test('is retried whatever its method where non-idempotent is listed', () => {
    for (const method of unsafe) {
      assert.equal(decide({ facts: { method }, config: { nonIdempotent: true } }), true, method)
    }
  })
})

test('a POST that was never sent is retried', () => {
  const facts = { method: 'POST', sent: false }
  assert.equal(decide({ outcome: outcomes.refused, facts, triesSpent: 0 }), true)
})

test('whatever is listed, nothing is retried once the client has a byte of a response', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(outcomes)),
      fc.constantFrom('GET', 'POST'),
      fc.boolean(),
      (outcome, method, sent) => {
        const facts = { method, sent, answered: true, replayable: true }
        assert.equal(mayRetry(everything, outcome, 503, facts, 0, 0), false)
        assert.equal(mayResend(everything, facts), false)
      },
    ),
  )
})

test('a request whose body is used up is not retried, even if none of it was sent', () => {
  assert.equal(decide({ facts: { replayable: false } }), false)
  assert.equal(decide({ facts: { replayable: false, sent: false } }), false)
})

describe('Tries', () => {
  test('include the first attempt', () => {
    assert.equal(decide({ triesSpent: 2, config: { tries: 3 } }), true)
    assert.equal(decide({ triesSpent: 3, config: { tries: 3 } }), false)
    assert.equal(decide({ triesSpent: 1, config: { tries: 1 } }), false)
  })

  test('are bounded by the number of servers alone when they are 0', () => {
    assert.equal(decide({ triesSpent: 99, config: { tries: 0 } }), true)
  })

  test('are not spent by attempts that never sent a byte', () => {
    const facts = { sent: false }
    assert.equal(
      decide({ outcome: outcomes.refused, facts, triesSpent: 0, config: { tries: 1 } }),
      true,
    )
  })
})

describe('The time for retries', () => {
  test('ends at the age that is configured', () => {
    assert.equal(decide({ ageMs: 999, config: { timeoutMs: 1_000 } }), true)
    assert.equal(decide({ ageMs: 1_000, config: { timeoutMs: 1_000 } }), false)
  })

  test('never ends when it is 0', () => {
    assert.equal(decide({ ageMs: 1e9, config: { timeoutMs: 0 } }), true)
  })
})

describe('Sending a request once more to the same server', () => {
  test('asks for safety only, not for what is listed', () => {
    const nothing = { nonIdempotent: false }
    assert.equal(mayResend(nothing, sentGet), true)
    assert.equal(mayResend(nothing, { ...sentGet, method: 'POST' }), false)
    assert.equal(mayResend(nothing, { ...sentGet, method: 'POST', sent: false }), true)
    assert.equal(mayResend(nothing, { ...sentGet, replayable: false }), false)
  })
})
