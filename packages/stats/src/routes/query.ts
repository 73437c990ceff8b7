import { parseDuration } from '@holdfast/core'

/** Something that was sent and makes no sense. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code = 'HOLDFAST_REQUEST'
  readonly statusCode = 400
}

/** One value of the query; undefined where it is absent. */
export function queryText(query: unknown, name: string): string | undefined {
  const value: unknown =
    typeof query === 'object' && query !== null && Object.hasOwn(query, name)
      ? Reflect.get(query, name)
      : undefined
  if (value === undefined || typeof value === 'string') return value
  throw new RequestError(`${name} may be given once`)
}

/** A duration with a unit, in milliseconds. */
export function queryDuration(query: unknown, name: string, mostMs: number): number | undefined {
  const value = queryText(query, name)
  if (value === undefined) return undefined
  const ms = parseDuration(value)
  if (ms === undefined || ms > mostMs) {
    throw new RequestError(`${name} must be a duration such as 10m, and not too long`)
  }
  return ms
}

export function param(params: unknown, name: string): string {
  const value: unknown = typeof params === 'object' && params && Reflect.get(params, name)
  return typeof value === 'string' ? value : ''
}
