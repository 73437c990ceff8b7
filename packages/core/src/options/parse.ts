import type * as z from 'zod'
import { OptionError } from '../kernel/errors.js'

/**
 * What `schema` makes of `input`.
 * @throws OptionError the first thing that is wrong, under `path`; the others on further lines.
 */
export function parseWith<O>(schema: z.ZodType<O>, input: unknown, path: string): O {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [first, ...others] = mostTellingFirst(result.error.issues).map((issue) =>
    describe(issue, input),
  )
  const toError = ({ problem, at, value }: Description, also?: readonly OptionError[]) =>
    new OptionError(pathText(path, at), problem, value, also)
  if (first === undefined) throw new OptionError(path, 'is refused')
  throw toError(
    first,
    others.slice(0, MOST_OTHERS).map((other) => toError(other)),
  )
}

// A list of servers that is wrong throughout need not be read out.
const MOST_OTHERS = 9

type Issue = z.core.$ZodIssue

// A misspelt key is also why a required one is missing, so it is the better news.
function mostTellingFirst(issues: readonly Issue[]): readonly Issue[] {
  const unknown = issues.filter((issue) => issue.code === 'unrecognized_keys')
  return [...unknown, ...issues.filter((issue) => issue.code !== 'unrecognized_keys')]
}

interface Description {
  readonly problem: string
  readonly at: readonly PropertyKey[]
  readonly value: unknown
}

function describe(issue: Issue, input: unknown): Description {
  if (issue.code === 'unrecognized_keys') {
    // What stands under a misspelt `keys` may be a secret.
    return {
      problem: issue.message,
      at: [...issue.path, ...issue.keys.slice(0, 1)],
      value: undefined,
    }
  }
  const { at, value } = locate(input, issue.path)
  const shown = isPrimitive(value) && !expectsMore(issue) && !isSecret(issue, at)
  const kind = issue.code === 'invalid_type' && value !== undefined ? `, not ${kindOf(value)}` : ''
  return shown
    ? { problem: issue.message, at, value }
    : { problem: `${issue.message}${kind}`, at, value: undefined }
}

/** What stands at `path`, which ends early where a short form is written (`'a:80'` for a server). */
function locate(input: unknown, path: readonly PropertyKey[]): Pick<Description, 'at' | 'value'> {
  let value = input
  for (const [depth, key] of path.entries()) {
    if (typeof value !== 'object' || value === null) return { at: path.slice(0, depth), value }
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
  }
  return { at: path, value }
}

const SECRET = /^(keys?|redis|token|password)$/

function isSecret(issue: Issue, at: readonly PropertyKey[]): boolean {
  const marked = issue.code === 'custom' && issue.params?.secret === true
  return marked || at.some((key) => typeof key === 'string' && SECRET.test(key))
}

// Text where an object or a list belongs may be the secret that belongs inside it.
function expectsMore(issue: Issue): boolean {
  return (
    issue.code === 'invalid_type' && (issue.expected === 'object' || issue.expected === 'array')
  )
}

function isPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function'
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  const kind = typeof value
  return kind === 'string' ? 'text' : kind === 'object' ? 'an object' : `a ${kind}`
}

function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return /^[\w$-]+$/.test(String(key))
      ? `${text}.${String(key)}`
      : `${text}[${JSON.stringify(String(key))}]`
  }, root)
}
