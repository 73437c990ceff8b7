import * as z from 'zod'
import type { RetryConfig } from '../config.js'
import { defaults } from '../defaults.js'
import {
  choice,
  defaulted,
  duration,
  group,
  LONGEST_TIMER_MS,
  listOf,
  nested,
  numberIn,
  oneOf,
  wholeNumber,
} from './fields.js'
import { suggestion } from './suggest.js'
import type { BudgetOptions, RetryOn, RetryOptions } from './types.js'

const ENDS: readonly RetryOn[] = ['error', 'timeout', 'invalid-header', 'non-idempotent']
const WORDS = ENDS.map(String)

const ends = z.custom<RetryOn>(
  (value) => ENDS.some((end) => end === value) || isErrorStatus(value),
  { error: ({ input }) => `must be ${WORDS.join(', ')} or a status from 400 to 599${hint(input)}` },
)

function isErrorStatus(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599
}

function hint(value: unknown): string {
  if (typeof value !== 'string') return ''
  const [, status] = /^(?:http_)?([45]\d\d)$/.exec(value) ?? []
  if (status !== undefined) return `; did you mean the number ${status}?`
  return value === 'off' ? '; an empty list turns retries off' : suggestion(value, WORDS)
}

type Budget = NonNullable<RetryConfig['budget']>

/** `retry.budget`. */
export const budgetSchema: z.ZodType<Budget, BudgetOptions> = group({
  ratio: defaulted(
    'Retries as a share of the requests of the last 10 s.',
    numberIn('from 0 to 1', (share) => share >= 0 && share <= 1),
    defaults.budget.ratio,
  ),
  minPerSecond: defaulted(
    'Retries a second that are always free.',
    numberIn('of 0 or more', (rate) => rate >= 0),
    defaults.budget.minPerSecond,
  ),
})

const noBudget = oneOf(false).transform(() => undefined)

const budget = choice<Budget | undefined, BudgetOptions | false>((value) =>
  value === false ? noBudget : budgetSchema,
).meta({ values: '[budget](#retry-budget) or `false`' })

const MOST_BUFFERED = 2 ** 30

export const retrySchema: z.ZodType<RetryConfig, RetryOptions> = group({
  on: defaulted<RetryOn[], readonly RetryOn[]>(
    "What is tried again, as nginx's `proxy_next_upstream`; numbers are statuses.",
    listOf(ends, "must be a list such as ['error', 'timeout', 503]").meta({
      values: `list of ${WORDS.map((word) => `\`'${word}'\``).join(', ')} and statuses from 400 to 599`,
    }),
    defaults.retry.on,
  ),
  tries: defaulted(
    'Attempts at most, the first included; 0 is each server once.',
    wholeNumber(0, 1000),
    defaults.retry.tries,
  ),
  timeout: defaulted(
    "No further attempt once a request is this old; `'0s'` is no limit.",
    duration({ maxMs: LONGEST_TIMER_MS }),
    defaults.retry.timeout,
  ),
  budget: nested('A limit on all retries together; `false` is none.', budget, {}),
  bufferBytes: defaulted(
    'The largest body of an idempotent request that is kept for a retry.',
    wholeNumber(0, MOST_BUFFERED),
    defaults.retry.bufferBytes,
  ),
})
  .transform(({ on, tries, timeout, budget, bufferBytes }) => ({
    error: on.includes('error'),
    timeout: on.includes('timeout'),
    invalidHeader: on.includes('invalid-header'),
    nonIdempotent: on.includes('non-idempotent'),
    statuses: new Set(on.filter((end) => typeof end === 'number')),
    tries,
    timeoutMs: timeout,
    budget,
    bufferBytes,
  }))
  .meta({ values: '[retry](#retry)' })
