import type { Steps } from '../turns.js'

/** JSON without null, which a merge patch has another use for. */
export type Json = string | number | boolean | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [name: string]: Json | undefined
}

export type Patch = string | number | boolean | null | readonly Json[] | PatchObject

export interface PatchObject {
  readonly [name: string]: Patch | undefined
}

/** What makes `after` of `before` (RFC 7396); undefined where nothing has changed. */
export function* mergingPatch(
  before: JsonObject,
  after: JsonObject,
): Steps<PatchObject | undefined> {
  yield
  let changes: [string, Patch][] | undefined
  for (const name of Object.keys(after)) {
    const value = after[name]
    if (value === undefined) continue
    const old = Object.hasOwn(before, name) ? before[name] : undefined
    const change =
      isObject(old) && isObject(value) ? yield* mergingPatch(old, value) : patchOf(old, value)
    if (change !== undefined) {
      changes ??= []
      changes.push([name, change])
    }
  }
  for (const name of Object.keys(before)) {
    const isGone = !Object.hasOwn(after, name) || after[name] === undefined
    if (before[name] !== undefined && isGone) {
      changes ??= []
      changes.push([name, null])
    }
  }
  // By entries, as an assignment to `__proto__` would be lost.
  return changes && Object.fromEntries(changes)
}

function patchOf(before: Json | undefined, after: Json): Patch | undefined {
  if (before === after) return undefined
  if (Array.isArray(before) && Array.isArray(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after
  }
  return after
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value)
}
