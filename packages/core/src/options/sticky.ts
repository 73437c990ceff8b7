import type * as z from 'zod'
import type { RouteConfig, StickyConfig } from '../affinity/config.js'
import { defaults } from '../defaults.js'
import { cookieSchema } from './cookie.js'
import { choice, defaulted, flag, group, required } from './fields.js'
import { keyList } from './key-list.js'
import { learnSchema } from './learn.js'
import { suggestion } from './suggest.js'
import type { RouteOptions, StickyOptions } from './types.js'

/** `sticky: { route }`. */
export const routeSchema: z.ZodType<RouteConfig, RouteOptions> = group({
  route: required(
    'Where the id is found: nginx variables or functions; the first that is not empty counts.',
    keyList,
  ),
  fallback: defaulted(
    'Whether a session whose server is away is served elsewhere, or gets 502.',
    flag(),
    defaults.route.fallback,
  ),
}).transform(({ route, fallback }) => ({ kind: 'route' as const, route, fallback }))

const WAYS = ['cookie', 'route', 'learn']
const EXPECTED = 'must have one of cookie, route and learn'

export const stickySchema: z.ZodType<StickyConfig, StickyOptions> = choice<
  StickyConfig,
  StickyOptions
>((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return cookieSchema
  const said = Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [key]))
  if (WAYS.filter((way) => said.includes(way)).length > 1) return `${EXPECTED}, not several`
  if (said.includes('learn')) return learnSchema
  if (said.includes('route')) return routeSchema
  if (said.includes('cookie')) return cookieSchema
  const misspelt = said.map((key) => suggestion(key, WAYS)).find((hint) => hint !== '')
  return `${EXPECTED}${misspelt ?? ''}`
}).meta({
  values: '[cookie](#sticky-cookie), [route](#sticky-route) or [learn](#sticky-learn)',
  shapes: () => [cookieSchema, routeSchema, learnSchema],
})
