import type { IncomingHttpHeaders } from 'node:http'
import { groupHeaders, isNamed, type RawHeaders } from '../raw-headers.js'

/** A request's fields as far as Fastify's hooks may have changed them. */
export interface HookedFields {
  /** As they came. */
  readonly raw: readonly string[]
  /** As Node read them, and hooks changed them. */
  readonly headers: IncomingHttpHeaders
}

/**
 * The client's fields as the gateway's hooks left them: what they deleted is gone, what they set
 * holds, what they added comes last. All else keeps its order, spelling and repeats; where Node
 * showed the hooks one field for several (the first of two Authorization, all of Cookie), servers
 * get that one, or they could be told what no hook has seen.
 */
export function fieldsAfterHooks({ raw, headers }: HookedFields): readonly string[] {
  return isUntouched(raw, headers) ? raw : reconciled(raw, headers)
}

/** Node puts names in the order of the message, which makes this the cheap way to compare. */
function isUntouched(raw: readonly string[], headers: IncomingHttpHeaders): boolean {
  let i = 0
  for (const name in headers) {
    if (headers[name] !== raw[i + 1] || !isNamed(raw[i] ?? '', name)) return false
    i += 2
  }
  return i === raw.length
}

function reconciled(raw: readonly string[], headers: IncomingHttpHeaders): RawHeaders {
  const came = groupHeaders(raw)
  const fields: RawHeaders = []
  const told = new Set<string>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    const lower = name.toLowerCase()
    const value = headers[lower]
    if (isFraming(lower) || isSame(value, came[lower])) {
      fields.push(name, raw[i + 1] as string)
    } else if (!told.has(lower)) {
      tell(fields, name, value)
    }
    told.add(lower)
  }
  for (const name in headers) {
    if (!told.has(name.toLowerCase()) && !isFraming(name)) tell(fields, name, headers[name])
  }
  return fields
}

function tell(fields: RawHeaders, name: string, value: string | string[] | undefined): void {
  if (value === undefined) return
  for (const one of Array.isArray(value) ? value : [value]) fields.push(name, String(one))
}

function isSame(now: string | string[] | undefined, came: string | string[] | undefined): boolean {
  return now === (Array.isArray(came) ? came.join(', ') : came)
}

/** What the message itself is made of; the plugin reads and writes that by its own rules. */
function isFraming(name: string): boolean {
  return name === 'host' || name === 'content-length' || name.startsWith(':')
}
