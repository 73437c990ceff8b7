import * as z from 'zod'
import type { Default, StyledDefault } from '../defaults.js'
import { hashSchema } from './balance.js'
import { checksSchema } from './checks.js'
import { acceptSchema, cookieSchema } from './cookie.js'
import { ejectionSchema } from './ejection.js'
import { either, type OptionMeta } from './fields.js'
import { learnSchema, learnSourcesSchema } from './learn.js'
import { rebalanceSchema } from './rebalance.js'
import { budgetSchema, retrySchema } from './retry.js'
import { serverSchema } from './server.js'
import { routeSchema } from './sticky.js'
import { timeoutsSchema } from './timeouts.js'
import { tlsSchema } from './tls.js'
import { upstreamSchema } from './upstream.js'

/** One line of the documentation's tables; the texts are Markdown. */
export interface OptionRow {
  readonly name: string
  readonly meaning: string
  readonly values: string
  readonly required: boolean
  /** As the docblocks show it; undefined when absence has its own meaning. */
  readonly fallback: string | undefined
  /** What a bare number counts, and why the default is what it is. */
  readonly unit: string | undefined
  readonly reason: string | undefined
}

/** One table. */
export interface OptionGroup {
  readonly title: string
  /** The input type that it documents. */
  readonly type: string
  readonly options: readonly OptionRow[]
}

/** All options of an upstream, by group, in the order of the documentation. */
export function upstreamReference(): readonly OptionGroup[] {
  return [
    describeGroup('upstream', 'UpstreamOptions', upstreamSchema),
    describeGroup('servers', 'ServerOptions', serverSchema),
    describeGroup('balance: hash', 'HashOptions', hashSchema),
    describeGroup('sticky: cookie', 'CookieOptions', cookieSchema),
    describeGroup('sticky: accept', 'AcceptOptions', acceptSchema),
    describeGroup('sticky: route', 'RouteOptions', routeSchema),
    describeGroup('sticky: learn', 'LearnOptions', learnSchema),
    describeGroup('learn', 'LearnSources', learnSourcesSchema),
    describeGroup('rebalance', 'RebalanceOptions', rebalanceSchema),
    describeGroup('retry', 'RetryOptions', retrySchema),
    describeGroup('retry: budget', 'BudgetOptions', budgetSchema),
    describeGroup('timeouts', 'TimeoutOptions', timeoutsSchema),
    describeGroup('ejection', 'EjectionOptions', ejectionSchema),
    describeGroup('checks', 'ChecksOptions', checksSchema),
    describeGroup('tls', 'TlsOptions', tlsSchema),
  ]
}

/** What a group made with `group()` says of its options. */
export function describeGroup(title: string, type: string, schema: z.ZodType): OptionGroup {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  })
  const options = Object.entries(properties).flatMap(([name, property]) => {
    const { description, values = '', fallback } = property as OptionMeta
    // Only what is for later has no description.
    if (description === undefined) return []
    const unit = fallback !== undefined && 'unit' in fallback ? String(fallback.unit) : undefined
    return {
      name,
      meaning: description,
      values,
      required: required.includes(name),
      fallback: fallback === undefined ? undefined : showDefault(fallback),
      unit,
      reason: fallback?.reason,
    }
  })
  return { title, type, options }
}

function showDefault(fallback: Default<unknown> | StyledDefault<unknown>): string {
  if ('value' in fallback) return code(fallback.value)
  const { holdfast, ...others } = fallback.styles
  const styles = (['sticky-module', 'nginx'] as const).filter((style) => others[style] !== holdfast)
  const [first] = styles
  const usual = code(holdfast)
  return first === undefined
    ? usual
    : `${usual}; ${code(others[first])} in style ${either(styles.map(code))}`
}

function code(value: unknown): string {
  return value === undefined ? 'none' : `\`${literal(value)}\``
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  return typeof value === 'string' ? `'${value}'` : String(value)
}
