import { byteString } from '../kernel/bytes.js'
import { lowerCase } from './ascii.js'
import { setCookieValue } from './cookie-header.js'

/** A server's answer, as far as a session's id may stand in it. */
export interface Answer {
  readonly status: number
  /** Name and value in turn, as byte strings, as they came. */
  readonly headers: readonly string[]
  /** The first of the body; undefined where there is none, or nobody asked to wait for it. */
  readonly firstChunk: Uint8Array | undefined
}

/** Finds the id of a new session in an answer, before the client gets it. */
export type LearnFunction = (
  status: number,
  headers: Readonly<Record<string, string>>,
  firstChunk: Uint8Array | undefined,
) => string | undefined

/** `$upstream_cookie_NAME`, `$upstream_http_NAME`, or a function. */
export type LearnExpression = string | LearnFunction

/** Reads an id; empty means none. Never throws. */
export type LearnReader = (answer: Answer) => string

/** What is wrong with an expression; undefined when it compiles. */
export function learnExpressionProblem(expression: LearnExpression): string | undefined {
  return typeof expression === 'function' || VARIABLE.test(expression)
    ? undefined
    : "must be '$upstream_cookie_NAME', '$upstream_http_NAME' or a function"
}

const VARIABLE = /^\$(?:upstream_(cookie|http)_([\w-]+)|\{upstream_(cookie|http)_([^{}\s;,=]+)\})$/

/** Compiles an expression that `learnExpressionProblem` has nothing against. */
export function compileLearn(expression: LearnExpression): LearnReader {
  if (typeof expression === 'function') return userSource(expression)
  const [, kind, name = '', bracedKind, bracedName = ''] = VARIABLE.exec(expression) ?? []
  const wanted = lowerCase(name === '' ? bracedName : name)
  return (kind ?? bracedKind) === 'cookie'
    ? ({ headers }) => upstreamCookie(headers, wanted)
    : ({ headers }) => upstreamHeader(headers, wanted.replaceAll('_', '-'))
}

/** The first Set-Cookie of that name (nginx/semantics 2.6). */
function upstreamCookie(headers: readonly string[], name: string): string {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (lowerCase(headers[i] ?? '') !== 'set-cookie') continue
    const value = setCookieValue(headers[i + 1] ?? '', name)
    if (value !== undefined) return value
  }
  return ''
}

function upstreamHeader(headers: readonly string[], name: string): string {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (lowerCase(headers[i] ?? '') === name) return headers[i + 1] ?? ''
  }
  return ''
}

function userSource(find: LearnFunction): LearnReader {
  return ({ status, headers, firstChunk }) => {
    const fields: Record<string, string> = Object.create(null)
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = lowerCase(headers[i] ?? '')
      const before = fields[name]
      const value = headers[i + 1] ?? ''
      fields[name] = before === undefined ? value : `${before}, ${value}`
    }
    try {
      const id: unknown = find(status, fields, firstChunk)
      return typeof id === 'string' ? byteString(id) : ''
    } catch {
      // A user's bug must not cost the client its answer: the session is not learned.
      return ''
    }
  }
}
