import type { Directive } from '../../nginx/syntax.js'
import type { Reading, Scope } from './scope.js'
import { bytesOf, durationOf } from './units.js'

/** `timeouts` of a route; undefined where nginx's defaults, which are ours, hold. */
export function timeoutsDraft(scope: Scope, upgrades: boolean): Record<string, string> | undefined {
  const time = (name: string): string | undefined => {
    const [text = ''] = scope.find(name)?.args ?? []
    return durationOf(text)
  }
  const connect = time('proxy_connect_timeout')
  const send = time('proxy_send_timeout')
  const read = time('proxy_read_timeout')
  const draft = {
    ...(connect === undefined ? {} : { connect }),
    ...(send === undefined ? {} : { send }),
    ...(read === undefined ? {} : { headers: read, body: read }),
    ...(upgrades ? { tunnel: read ?? '60s' } : {}),
  }
  return Object.keys(draft).length === 0 ? undefined : draft
}

const ENDS: Readonly<Record<string, string | number>> = {
  error: 'error',
  timeout: 'timeout',
  invalid_header: 'invalid-header',
  non_idempotent: 'non-idempotent',
}

/** `retry` as nginx does it: each server once, and no budget. */
export function retryDraft(scope: Scope, reading: Reading): Record<string, unknown> {
  const directive = scope.find('proxy_next_upstream')
  const tries = scope.find('proxy_next_upstream_tries')
  const timeout = scope.find('proxy_next_upstream_timeout')
  const time = durationOf(timeout?.args[0] ?? '0')
  return {
    ...(directive === undefined ? {} : { on: ends(directive, reading) }),
    tries: Number(tries?.args[0] ?? 0),
    ...(time === undefined || /^0/.test(time) ? {} : { timeout: time }),
    budget: false,
  }
}

function ends(directive: Directive, reading: Reading): ReadonlyArray<string | number> {
  return directive.args.flatMap((word) => {
    if (word === 'off') return []
    const [, status] = /^http_(\d{3})$/.exec(word) ?? []
    const end = status === undefined ? ENDS[word] : Number(status)
    if (end !== undefined) return [end]
    reading.lost(directive, `there is no counterpart of ${word}`)
    return []
  })
}

/** `bodyLimit`; 0 is nginx's word for none. */
export function bodyLimitDraft(scope: Scope): number | undefined {
  const [text] = scope.find('client_max_body_size')?.args ?? []
  const bytes = bytesOf(text ?? '')
  return bytes === 0 ? Number.MAX_SAFE_INTEGER : bytes
}

/** `cache` of a location with `proxy_cache`. */
export function cacheDraft(
  scope: Scope,
  sizes: ReadonlyMap<string, string>,
  reading: Reading,
): Record<string, unknown> | undefined {
  const directive = scope.find('proxy_cache')
  const [zone] = directive?.args ?? []
  if (directive === undefined || zone === undefined || zone === 'off') return undefined
  const valid: Record<number, string> = {}
  for (const { args } of scope.all('proxy_cache_valid')) {
    const time = durationOf(args.at(-1) ?? '')
    if (time === undefined) continue
    const statuses = args.slice(0, -1)
    for (const status of statuses.length === 0 ? ['200', '301', '302'] : statuses) {
      if (/^\d{3}$/.test(status)) valid[Number(status)] = time
      else
        reading.changed(
          directive,
          `says for each status how long it is good, and not for "${status}"`,
        )
    }
  }
  if (Object.keys(valid).length === 0) {
    reading.lost(directive, 'no proxy_cache_valid says how long answers are good')
    return undefined
  }
  const size = sizes.get(zone)
  reading.changed(directive, 'the cache is in memory, and its route has no affinity')
  return { valid, ...(size === undefined ? {} : { size }) }
}

/** `tls` towards servers: nginx verifies nobody unless told to. */
export function tlsDraft(scope: Scope, reading: Reading): Record<string, unknown> {
  const text = (name: string): string | undefined => scope.find(name)?.args[0]
  const named: ReadonlyArray<readonly [string, string | undefined]> = [
    ['ca', text('proxy_ssl_trusted_certificate')],
    ['cert', text('proxy_ssl_certificate')],
    ['key', text('proxy_ssl_certificate_key')],
    ['servername', servername(scope, reading)],
  ]
  scope.find('proxy_ssl_server_name')
  return {
    ...Object.fromEntries(named.filter(([, value]) => value !== undefined)),
    verify: text('proxy_ssl_verify') === 'on',
  }
}

function servername(scope: Scope, reading: Reading): string | undefined {
  const directive = scope.find('proxy_ssl_name')
  const [name = ''] = directive?.args ?? []
  if (directive === undefined || !name.includes('$')) return name === '' ? undefined : name
  reading.lost(directive, 'the name is fixed here: it cannot follow a variable')
  return undefined
}
