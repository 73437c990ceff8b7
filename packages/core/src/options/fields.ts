import * as z from 'zod'
import type { Default, StyledDefault } from '../defaults.js'
import { parseDuration } from '../kernel/duration.js'
import { suggestion } from './suggest.js'

/** What Node's timers can count: just under 25 days. */
export const LONGEST_TIMER_MS = 2_147_483_647

/** What the documentation says of an option, beside its description. */
export interface OptionMeta {
  readonly description?: string
  /** The values it takes, in Markdown. */
  readonly values?: string
  readonly fallback?: Default<unknown> | StyledDefault<unknown>
  /** What a JSON Schema says of it, where Zod cannot tell. */
  readonly json?: Readonly<Record<string, unknown>>
  /** The shapes of a value that has several, for a JSON Schema. */
  readonly shapes?: () => readonly z.ZodType[]
}

/** The wording of an error: absent and wrong are different mistakes. */
function otherwise(problem: string): { error: (issue: { readonly input?: unknown }) => string } {
  return { error: (issue) => (issue.input === undefined ? 'is required' : problem) }
}

export function text(
  problem: string,
  values: string,
  valid: (text: string) => boolean,
): z.ZodType<string, string> {
  return z.string(otherwise(problem)).refine(valid, problem).meta({ values })
}

export function wholeNumber(min: number, max: number): z.ZodType<number, number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`
  const problem = `must be a whole number, ${range}`
  return z
    .custom<number>(
      (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
      otherwise(problem),
    )
    .meta({
      values: `whole number, ${range}`,
      json: { type: 'integer', minimum: min, maximum: max },
    })
}

/** Any finite number in a range; `range` says which, in words. */
export function numberIn(
  range: string,
  within: (value: number) => boolean,
): z.ZodType<number, number> {
  return z
    .custom<number>(
      (value) => typeof value === 'number' && Number.isFinite(value) && within(value),
      otherwise(`must be a number ${range}`),
    )
    .meta({ values: `number ${range}`, json: { type: 'number' } })
}

export function oneOf<const T extends string | boolean>(...values: readonly T[]): z.ZodType<T, T> {
  const shown = values.map((value) => (typeof value === 'string' ? `'${value}'` : `${value}`))
  const words = values.filter((value) => typeof value === 'string')
  return z
    .custom<T>((value) => values.some((one) => one === value), {
      error: ({ input }) =>
        input === undefined
          ? 'is required'
          : `must be ${either(shown)}${typeof input === 'string' ? suggestion(input, words) : ''}`,
    })
    .meta({ values: shown.map((value) => `\`${value}\``).join(', '), json: { enum: values } })
}

export function flag(): z.ZodType<boolean, boolean> {
  return oneOf<boolean>(true, false)
}

/** A text with units, as milliseconds. `whole` for what is counted in seconds elsewhere. */
export function duration(
  limits: { readonly min?: string; readonly maxMs?: number; readonly whole?: string } = {},
): z.ZodType<number, string> {
  const { min = '0s', maxMs = Number.POSITIVE_INFINITY, whole } = limits
  return z
    .string({
      error: ({ input }) =>
        input === undefined
          ? 'is required'
          : typeof input === 'number'
            ? unitless(input)
            : "must be a duration such as '30s', '1h 30m' or '500ms'",
    })
    .transform((text, ctx) => {
      const ms = parseDuration(text)
      const problem =
        ms === undefined
          ? /^\d+$/.test(text)
            ? unitless(text)
            : "must be a duration such as '30s', '1h 30m' or '500ms'"
          : ms < (parseDuration(min) ?? 0)
            ? `must be '${min}' or more`
            : ms > maxMs
              ? "must be '24d' or less: timers count no further"
              : whole !== undefined && ms % 1000 !== 0
                ? `counts in whole seconds, ${whole}`
                : undefined
      if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem })
      return ms ?? z.NEVER
    })
    .meta({ values: "duration: `'30s'`, `'1h 30m'`" })
}

function unitless(value: number | string): string {
  return `needs a unit; did you mean '${value}s' or '${value}ms'?`
}

export function listOf<O, I>(item: z.ZodType<O, I>, problem: string): z.ZodArray<z.ZodType<O, I>> {
  return z.array(item, otherwise(problem))
}

/** A value of several shapes: `branchOf` says which it means, or what is wrong with all. */
export function choice<O, I>(
  branchOf: (value: unknown) => z.ZodType<O, I> | string,
): z.ZodType<O, I> {
  return z
    .custom<I>((value) => value !== undefined, 'is required')
    .transform((value, ctx) => {
      const branch = branchOf(value)
      if (typeof branch === 'string') {
        ctx.addIssue({ code: 'custom', message: branch })
        return z.NEVER
      }
      const result = branch.safeParse(value)
      if (result.success) return result.data
      for (const issue of result.error.issues) ctx.issues.push(issue as z.core.$ZodRawIssue)
      return z.NEVER
    })
}

/** An object of options; a key that is none of them is refused, and the likely one named. */
export function group<const S extends z.core.$ZodLooseShape>(
  shape: S,
): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, known)
      return issue.input === undefined ? 'is required' : 'must be an object'
    },
  })
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const [first = '', ...others] = keys
  const hint = suggestion(first, known) || `; known are ${known.join(', ')}`
  const more =
    others.length === 0 ? '' : ` (nor ${others.length === 1 ? 'is' : 'are'} ${either(others)})`
  return `is not an option here${hint}${more}`
}

export function required<O, I>(description: string, schema: z.ZodType<O, I>): z.ZodType<O, I> {
  return schema.meta({ ...schema.meta(), description })
}

export function optional<O, I>(
  description: string,
  schema: z.ZodType<O, I>,
  fallback?: StyledDefault<I | undefined>,
): z.ZodOptional<z.ZodType<O, I>> {
  return schema.optional().meta({ ...schema.meta(), description, fallback })
}

export function defaulted<O, I>(
  description: string,
  schema: z.ZodType<O, I>,
  fallback: Default<NoInfer<I>>,
): z.ZodPrefault<z.ZodType<O, I>> {
  return schema.prefault(fallback.value).meta({ ...schema.meta(), description, fallback })
}

/** A group whose members have defaults of their own: `empty` stands for it when it is absent. */
export function nested<O, I>(
  description: string,
  schema: z.ZodType<O, I>,
  empty: NoInfer<I>,
): z.ZodPrefault<z.ZodType<O, I>> {
  return schema.prefault(empty).meta({ ...schema.meta(), description })
}

/** An option of the contract that does nothing yet; silence would be a lie. */
export function later(): z.ZodOptional<z.ZodType<undefined, undefined>> {
  return z
    .custom<undefined>((value) => value === undefined, 'is not available yet in this version')
    .optional()
}

/** A or B; A, B or C. */
export function either(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`
}
