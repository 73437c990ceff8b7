import type { Directive } from '../../nginx/syntax.js'
import { keysOf, type Maps } from './keys.js'
import type { Reading } from './scope.js'
import { durationOf } from './units.js'

/** `sticky` of a gateway file, as it is to be written. */
export type StickyDraft = Record<string, unknown>

const BUILT_IN = ['cookie', 'route', 'learn']

/** nginx's own `sticky`, or that of sticky-module-ng; undefined where nothing can be kept. */
export function stickyDraft(
  directive: Directive,
  maps: Maps,
  reading: Reading,
): StickyDraft | undefined {
  reading.use(directive)
  const [first = '', ...rest] = directive.args
  if (!BUILT_IN.includes(first)) return moduleSticky(directive, reading)
  if (first === 'cookie') return cookieSticky(directive, rest, reading)
  return first === 'route'
    ? routeSticky(directive, rest, maps, reading)
    : learnSticky(directive, rest, maps, reading)
}

/** nginx/semantics 1.2. */
function moduleSticky(directive: Directive, reading: Reading): StickyDraft {
  const draft: StickyDraft = { cookie: 'route', value: 'md5', style: 'sticky-module' }
  let key: string | undefined
  for (const argument of directive.args) {
    const [name, value] = cut(argument)
    switch (name) {
      case 'name':
        draft.cookie = value
        break
      case 'domain':
      case 'path':
      case 'delimiter':
        draft[name] = value
        break
      case 'expires':
        draft.expires = durationOf(value)
        break
      case 'hash':
        draft.value = ['index', 'sha1'].find((hash) => value.startsWith(hash)) ?? 'md5'
        break
      case 'hmac':
        draft.value = value.startsWith('sha1') ? 'hmac-sha1' : 'hmac-md5'
        break
      case 'hmac_key':
        key = value
        break
      case 'text':
        draft.value = 'text'
        break
      case 'secure':
      case 'transfer':
        draft[name] = true
        break
      case 'httponly':
        draft.httpOnly = true
        break
      default:
        if (name.startsWith('no_fallback')) draft.fallback = false
        else if (name.startsWith('hide_cookie')) draft.hide = true
        else reading.lost(directive, `there is no counterpart of ${argument}`)
    }
  }
  if (key !== undefined && String(draft.value).startsWith('hmac-')) draft.keys = [literal(key)]
  return draft
}

/** nginx/semantics 2.2. */
function cookieSticky(
  directive: Directive,
  [cookie = '', ...options]: readonly string[],
  reading: Reading,
): StickyDraft {
  const draft: StickyDraft = { cookie, value: 'md5', style: 'nginx' }
  for (const option of options) {
    const [name, value] = cut(option)
    if (value.includes('$')) {
      reading.lost(directive, `${name} is fixed here: it cannot follow ${value}`)
      continue
    }
    switch (name) {
      case 'domain':
      case 'path':
        draft[name] = value
        break
      case 'expires':
        draft.expires = value === 'max' ? 'max' : durationOf(value)
        break
      case 'httponly':
        draft.httpOnly = true
        break
      case 'secure':
        draft.secure = true
        break
      case 'samesite':
        draft.sameSite = value.toLowerCase()
        break
      default:
        reading.lost(directive, `there is no counterpart of ${option}`)
    }
  }
  return draft
}

function routeSticky(
  directive: Directive,
  expressions: readonly string[],
  maps: Maps,
  reading: Reading,
): StickyDraft | undefined {
  const route = carried(directive, expressions, maps, reading)
  return route.length === 0 ? undefined : { route: oneOrMany(route) }
}

function learnSticky(
  directive: Directive,
  options: readonly string[],
  maps: Maps,
  reading: Reading,
): StickyDraft | undefined {
  const valuesOf = (name: string): readonly string[] =>
    options.flatMap((option) => (option.startsWith(`${name}=`) ? [cut(option)[1]] : []))
  const lookup = carried(directive, valuesOf('lookup'), maps, reading)
  const create = valuesOf('create').filter((one) => {
    if (/^\$upstream_(cookie|http)_\w+$/.test(one)) return true
    reading.lost(directive, `sessions are learned from what servers send, not from ${one}`)
    return false
  })
  if (lookup.length === 0 || create.length === 0) return undefined
  const [timeout] = valuesOf('timeout').flatMap((time) => durationOf(time) ?? [])
  reading.changed(directive, 'the table is limited by sessions (learn.size), and not by bytes')
  const learn = {
    create: oneOrMany(create),
    lookup: oneOrMany(lookup),
    ...(timeout === undefined ? {} : { timeout }),
    ...(options.includes('header') ? { header: true } : {}),
  }
  return { learn }
}

function carried(
  directive: Directive,
  expressions: readonly string[],
  maps: Maps,
  reading: Reading,
): readonly string[] {
  return expressions.flatMap((expression) => {
    const keys = keysOf(expression, maps, reading)
    if (!('problem' in keys)) return keys
    reading.lost(directive, keys.problem)
    return []
  })
}

/** The cookie sealed, and the one it was still honoured: nobody moves. */
export function sealed(draft: StickyDraft): StickyDraft {
  if (!('cookie' in draft)) return draft
  const { cookie, value, style: _, keys, ...rest } = draft
  const [key] = Array.isArray(keys) ? keys : []
  const accept = [{ value, ...(key === undefined ? {} : { key }) }]
  return { cookie, keys: [SEALING_KEY], accept, ...rest }
}

/** Where a sealed import takes its key from. */
export const SEALING_KEY = `\${HOLDFAST_STICKY_KEY}`

export function oneOrMany(list: readonly string[]): string | readonly string[] {
  const [only] = list
  return only !== undefined && list.length === 1 ? only : list
}

function cut(argument: string): readonly [string, string] {
  const equals = argument.indexOf('=')
  return equals < 0 ? [argument, ''] : [argument.slice(0, equals), argument.slice(equals + 1)]
}

/** A text in which nothing is taken from the environment. */
export function literal(text: string): string {
  return text.replaceAll('${', '$$${')
}
