import type * as z from 'zod'
import { defaults } from '../defaults.js'
import type { StatusRange } from '../health/active.js'
import type { ChecksConfig } from '../health/checks.js'
import {
  choice,
  defaulted,
  duration,
  group,
  LONGEST_TIMER_MS,
  listOf,
  text,
  wholeNumber,
} from './fields.js'
import type { ChecksOptions } from './types.js'

const path = text("must be a path such as '/healthz'", 'path', (value) =>
  /^\/[\x21-\x22\x24-\x7e]*$/.test(value),
)

const RANGE = /^([2-5]\d\d)-([2-5]\d\d)$/
const EXPECTED = "must be a status such as 200, or a range such as '200-399'"

const oneStatus = wholeNumber(200, 599).transform((status) => ({ from: status, to: status }))

const statusRange = text(EXPECTED, 'range', (value) => {
  const [, from, to] = RANGE.exec(value) ?? []
  return from !== undefined && to !== undefined && from <= to
}).transform((value) => {
  const [, from, to] = RANGE.exec(value) ?? []
  return { from: Number(from), to: Number(to) }
})

const statuses = choice<StatusRange, number | string>((value) => {
  if (typeof value === 'number') return oneStatus
  return typeof value === 'string' ? statusRange : EXPECTED
}).meta({ shapes: () => [oneStatus, statusRange] })

const MOST_IN_A_ROW = 1000

export const checksSchema: z.ZodType<ChecksConfig, ChecksOptions> = group({
  path: defaulted('What is asked for, with GET.', path, defaults.checks.path),
  interval: defaulted(
    'The pause between two checks of a server by one replica; up to a fifth shorter by chance.',
    duration({ min: '100ms', maxMs: LONGEST_TIMER_MS }),
    defaults.checks.interval,
  ),
  timeout: defaulted(
    'How long a check may take, from the dial to the head of the answer.',
    duration({ min: '10ms', maxMs: LONGEST_TIMER_MS }),
    defaults.checks.timeout,
  ),
  rise: defaulted(
    'Checks in a row that a sick server must pass to get requests again.',
    wholeNumber(1, MOST_IN_A_ROW),
    defaults.checks.rise,
  ),
  fall: defaulted(
    'Checks in a row that a server must fail to get none.',
    wholeNumber(1, MOST_IN_A_ROW),
    defaults.checks.fall,
  ),
  expect: defaulted<StatusRange[], ReadonlyArray<number | string>>(
    'The statuses that pass. Of the others 404 is no fail: it asks for a drain, until a check passes.',
    listOf(statuses, "must be a list such as [200, '300-399']")
      .min(1, 'needs at least one status')
      .meta({ values: "list of statuses from 200 to 599 and ranges: `[200, '300-399']`" }),
    defaults.checks.expect,
  ),
})
  .transform(({ interval, timeout, ...rest }) => ({
    ...rest,
    intervalMs: interval,
    timeoutMs: timeout,
  }))
  .meta({ values: '[checks](#checks)' })
