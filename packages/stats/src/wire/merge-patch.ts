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
export function mergePatch(before: JsonObject, after: JsonObject): PatchObject | undefined {
  const changes: [string, Patch][] = []
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue
    const change = patchOf(Object.hasOwn(before, name) ? before[name] : undefined, value)
    if (change !== undefined) changes.push([name, change])
  }
  for (const [name, value] of Object.entries(before)) {
    const isGone = !Object.hasOwn(after, name) || after[name] === undefined
    if (value !== undefined && isGone) changes.push([name, null])
  }
  return changes.length === 0 ? undefined : Object.fromEntries(changes)
}

function patchOf(before: Json | undefined, after: Json): Patch | undefined {
  if (before === after) return undefined
  if (isObject(before) && isObject(after)) return mergePatch(before, after)
  if (Array.isArray(before) && Array.isArray(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after
  }
  return after
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value)
}
