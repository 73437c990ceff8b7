import type { CookieConfig, CookieFormat } from '../affinity/config.js'
import { KEY_ADVICE, weakness } from './secret.js'

/** Two options of a cookie that cannot both be meant, or one that a browser would refuse. */
export interface Contradiction {
  readonly at: ReadonlyArray<string | number>
  readonly problem: string
}

export function* contradictions(config: CookieConfig): Generator<Contradiction> {
  yield* prefixRules(config)
  yield* attributeRules(config)
  yield* keyRules(config)
  yield* valueRules(config)
}

// Browsers compare the prefixes without case.
function* prefixRules({ cookie, secure, path, domain }: CookieConfig): Generator<Contradiction> {
  const host = /^__host-/i.test(cookie)
  if ((host || /^__secure-/i.test(cookie)) && secure === false) {
    yield { at: ['secure'], problem: `must be true or 'auto' for a cookie named ${cookie}` }
  }
  if (host && path !== '/')
    yield { at: ['path'], problem: `must be '/' for a cookie named ${cookie}` }
  if (host && domain !== undefined) {
    yield { at: ['domain'], problem: `must be left out for a cookie named ${cookie}` }
  }
}

function* attributeRules({
  secure,
  sameSite,
  partitioned,
}: CookieConfig): Generator<Contradiction> {
  if (secure !== false) return
  if (sameSite === 'none') {
    yield { at: ['sameSite'], problem: "browsers drop it without secure: true or 'auto'" }
  }
  if (partitioned) {
    yield { at: ['partitioned'], problem: "browsers drop it without secure: true or 'auto'" }
  }
}

function* keyRules({ format, keys }: CookieConfig): Generator<Contradiction> {
  const keyed = format === 'sealed' || format.startsWith('hmac-')
  if (keyed && keys.length === 0) {
    yield { at: ['keys'], problem: `value '${format}' needs a key; ${KEY_ADVICE}` }
  }
  if (format !== 'sealed') return
  for (const [index, key] of keys.entries()) {
    const problem = weakness(key)
    if (problem !== undefined) yield { at: ['keys', index], problem: `${problem}; ${KEY_ADVICE}` }
  }
}

// What the value itself may consist of; the cookie is cut at the first delimiter.
const ALPHABET: Readonly<Record<CookieFormat, RegExp>> = {
  sealed: /^[\w-]+$/,
  md5: /^[0-9a-f]+$/,
  sha1: /^[0-9a-f]+$/,
  'hmac-md5': /^[0-9a-f]+$/,
  'hmac-sha1': /^[0-9a-f]+$/,
  'hmac-sha256': /^[0-9a-f]+$/,
  index: /^\d+$/,
  text: /^[\w.:[\]/-]+$/,
}

function* valueRules(config: CookieConfig): Generator<Contradiction> {
  const { format, idleMs, maxLifeMs, transfer, delimiter } = config
  const SEALED_ONLY = `needs value 'sealed': '${format}' carries no times`
  if (format !== 'sealed' && idleMs !== undefined) yield { at: ['idle'], problem: SEALED_ONLY }
  if (format !== 'sealed' && maxLifeMs !== undefined)
    yield { at: ['maxLife'], problem: SEALED_ONLY }
  if (transfer && ALPHABET[format].test(delimiter)) {
    yield { at: ['delimiter'], problem: `may be part of a '${format}' value; '~' never is` }
  }
}
