import { byteString } from '../kernel/bytes.js'
import { OptionError } from '../kernel/errors.js'
import type { RequestFacts } from './facts.js'
import { type Variable, variable, variableNames } from './variables.js'

/**
 * What yields a key: an nginx variable (`'$cookie_PHPSESSID'`), a template of them
 * (`'$host$request_uri'`), or a function of the gateway's request. What a request is only the
 * gateway knows: the core hands it on unseen.
 */
export type KeyExpression<Request = never> = string | ((request: Request) => string | undefined)

/** Reads a request's key as a byte string; empty means none. Never throws. */
export type KeyReader = (facts: RequestFacts) => string

export interface KeyOptions {
  /** Leading bits of an IPv6 `$remote_addr` that count; 128 by default. */
  readonly ipv6Prefix?: number | undefined
}

/** What is wrong with a key expression; undefined when it compiles. */
export function keyExpressionProblem(expression: KeyExpression): string | undefined {
  if (typeof expression === 'function') return undefined
  const parts = parseTemplate(expression)
  if (parts.every((part) => part.name === undefined)) {
    return 'names no variable, so all requests would have the same key'
  }
  const unknown = parts.find(({ name }) => name !== undefined && variable(name) === undefined)
  if (unknown === undefined) return undefined
  const which = unknown.name === '' ? 'a lone "$"' : `unknown variable "$${unknown.name}"`
  return `${which}; there are ${variableNames}`
}

/**
 * Compiles a key expression. In a template `${cookie_connect.sid}` is for names that hold more
 * than letters, digits and underscores.
 * @throws OptionError when it names an unknown variable, or none.
 */
export function compileKey(expression: KeyExpression, options: KeyOptions = {}): KeyReader {
  const problem = keyExpressionProblem(expression)
  if (problem !== undefined) throw new OptionError('key expression', problem, expression)
  if (typeof expression === 'function') return userKey(expression)
  const parts = parseTemplate(expression).map(({ name, text }): Variable => {
    const literal = byteString(text)
    return variable(name ?? '', options.ipv6Prefix) ?? (() => literal)
  })
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  return (facts) => {
    let key = ''
    for (const part of parts) key += part(facts)
    return key
  }
}

function userKey(key: (request: never) => string | undefined): KeyReader {
  return (facts) => {
    try {
      const text: unknown = key(facts.request as never)
      return typeof text === 'string' ? byteString(text) : ''
    } catch {
      // A user's bug must not cost the client its answer: such a request is balanced instead.
      return ''
    }
  }
}

/** Literal text, or a variable's name; the name is empty for a `$` that begins none. */
interface TemplatePart {
  readonly text: string
  readonly name: string | undefined
}

function parseTemplate(template: string): readonly TemplatePart[] {
  return Array.from(
    template.matchAll(/\$(?:\{([^{}\s;,=]+)\}|(\w*))|[^$]+/g),
    ([text, braced, bare]) => ({ text, name: braced ?? bare }),
  )
}
