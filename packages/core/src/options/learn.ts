import * as z from 'zod'
import type { LearnConfig } from '../affinity/config.js'
import { type LearnExpression, learnExpressionProblem } from '../affinity/learn-source.js'
import { defaults } from '../defaults.js'
import {
  choice,
  defaulted,
  duration,
  flag,
  group,
  LONGEST_TIMER_MS,
  listOf,
  required,
  wholeNumber,
} from './fields.js'
import { keyList } from './key-list.js'
import type { LearnOptions, LearnSources } from './types.js'

const EXAMPLE = "such as '$upstream_cookie_session'"

const expression: z.ZodType<LearnExpression, LearnExpression> = z
  .custom<LearnExpression>((value) => typeof value === 'string' || typeof value === 'function', {
    error: ({ input }) =>
      input === undefined ? 'is required' : `must be a variable ${EXAMPLE}, or a function`,
  })
  .superRefine((value, ctx) => {
    const problem = learnExpressionProblem(value)
    if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem })
  })

const list = listOf(expression, `must be a variable ${EXAMPLE}, or a list of them`).min(
  1,
  `needs at least one variable ${EXAMPLE}`,
)

const single: z.ZodType<LearnExpression[], LearnExpression> = expression.transform((one) => [one])

const expressions = choice<
  readonly LearnExpression[],
  LearnExpression | readonly LearnExpression[]
>((value) => (Array.isArray(value) ? list : single)).meta({
  values: "`'$upstream_cookie_NAME'`, `'$upstream_http_NAME'` or a function, one or a list",
})

const MOST_SESSIONS = 10_000_000

type Learned = Omit<LearnConfig, 'kind' | 'fallback'>

export const learnSourcesSchema: z.ZodType<Learned, LearnSources> = group({
  create: required(
    "Where a new session's id stands in an answer: `'$upstream_cookie_NAME'`, `'$upstream_http_NAME'`, or a function of its status, headers and first chunk.",
    expressions,
  ),
  lookup: required('Where a request brings it back: nginx variables or functions.', keyList),
  timeout: defaulted(
    'How long an unused session is remembered.',
    duration({ min: '1s', maxMs: LONGEST_TIMER_MS, whole: "as nginx's" }),
    defaults.learn.timeout,
  ),
  header: defaulted(
    'Learns as soon as the head of the answer is there, not when it has ended.',
    flag(),
    defaults.learn.header,
  ),
  size: defaulted(
    'Sessions remembered at most; the least recently used goes first.',
    wholeNumber(1, MOST_SESSIONS),
    defaults.learn.size,
  ),
}).transform(({ timeout, ...rest }) => ({ ...rest, timeoutS: timeout / 1000 }))

/** `sticky: { learn }`. */
export const learnSchema: z.ZodType<LearnConfig, LearnOptions> = group({
  learn: required('What is learned, from where, and for how long.', learnSourcesSchema).meta({
    values: '[learn](#learn)',
    description: 'What is learned, from where, and for how long.',
  }),
  fallback: defaulted(
    'Whether a session whose server is away is served elsewhere, or gets 502.',
    flag(),
    defaults.learn.fallback,
  ),
}).transform(({ learn, fallback }) => ({ kind: 'learn' as const, ...learn, fallback }))
