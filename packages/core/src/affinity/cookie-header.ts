import { standsAt } from './ascii.js'

const SPACE = 0x20
const EQUALS = 0x3d
const SEMICOLON = 0x3b

/**
 * Where the value of the next cookie called `name` begins, as nginx reads the Cookie header
 * (nginx/semantics 1.5): names in any case, spaces around `=`, no quotes. -1 when there is none.
 * @param name in lower case.
 * @param from 0, or where an earlier value ended.
 */
export function nextCookie(cookies: string, name: string, from = 0): number {
  let start = from
  while (start < cookies.length) {
    if (cookies.charCodeAt(start) === SEMICOLON) start += 1
    start = skipSpaces(cookies, start)
    const value = valueIfNamed(cookies, start, name)
    if (value >= 0) return value
    start = cookieEnd(cookies, start)
  }
  return -1
}

/** Where the cookie around `at` ends: at its semicolon, or with the header. */
export function cookieEnd(cookies: string, at: number): number {
  const end = cookies.indexOf(';', at)
  return end < 0 ? cookies.length : end
}

/** The first value of the cookie called `name`; empty when there is none. */
export function cookieValue(cookies: string, name: string): string {
  const start = nextCookie(cookies, name)
  return start < 0 ? '' : cookies.slice(start, cookieEnd(cookies, start))
}

/**
 * The Cookie header without the cookies called by one of `names`; the others keep every byte.
 * @param names in lower case.
 * @param replace what a value leaves behind under its name; undefined leaves nothing.
 */
export function withoutCookies(
  cookies: string,
  names: readonly string[],
  replace: (value: string) => string | undefined,
): string {
  let rest = ''
  let keptFrom = 0
  let start = 0
  while (start < cookies.length) {
    const end = cookieEnd(cookies, start)
    const value = valueIfNamedOneOf(cookies, skipSpaces(cookies, start), names)
    if (value >= 0) {
      rest += cookies.slice(keptFrom, start)
      const replacement = replace(cookies.slice(value, end))
      if (replacement !== undefined) rest += `${cookies.slice(start, value)}${replacement};`
      keptFrom = end + 1
    }
    start = end + 1
  }
  if (keptFrom === 0) return cookies
  // When the last cookie went, the semicolon before it has nothing left to separate.
  return (start === keptFrom ? rest.slice(0, -1) : rest + cookies.slice(keptFrom)).trimStart()
}

/** What a Set-Cookie line sets the cookie called `name` to; undefined when it sets another. */
export function setCookieValue(line: string, name: string): string | undefined {
  const value = valueIfNamed(line, skipSpaces(line, 0), name)
  return value < 0 ? undefined : line.slice(value, cookieEnd(line, value)).trimEnd()
}

function valueIfNamedOneOf(text: string, at: number, names: readonly string[]): number {
  for (const name of names) {
    const value = valueIfNamed(text, at, name)
    if (value >= 0) return value
  }
  return -1
}

/** Where the value begins if the cookie at `at` is called `name`; else -1. */
function valueIfNamed(text: string, at: number, name: string): number {
  if (!standsAt(text, at, name)) return -1
  const equals = skipSpaces(text, at + name.length)
  return text.charCodeAt(equals) === EQUALS ? skipSpaces(text, equals + 1) : -1
}

function skipSpaces(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) === SPACE) at += 1
  return at
}
