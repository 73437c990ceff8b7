import { OptionError } from '@holdfast/core'
import { compileKey } from '@holdfast/core/placement'
import type { Directive } from '../../nginx/syntax.js'
import type { Reading } from './scope.js'

/** The maps of a configuration, by the variable that they set (without `$`). */
export type Maps = ReadonlyMap<string, Directive>

/** Why a text of variables has no counterpart. */
export interface KeyProblem {
  readonly problem: string
}

/**
 * nginx's key as ours: one expression, or several of which the first that is not empty counts,
 * where a `map` says so.
 */
export function keysOf(
  text: string,
  maps: Maps,
  reading: Reading,
  seen: readonly string[] = [],
): readonly string[] | KeyProblem {
  const [, braced, bare] = /^\$(?:\{(\w+)\}|(\w+))$/.exec(text) ?? []
  const variable = braced ?? bare
  const map = maps.get(variable ?? '')
  if (variable !== undefined && map !== undefined) {
    if (seen.includes(variable)) return { problem: `the map of $${variable} leads to itself` }
    useMap(map, reading)
    return fallback(map, maps, reading, [...seen, variable])
  }
  const problem = expressionProblem(text, maps)
  return problem === undefined ? [text] : { problem }
}

/** Counts the maps that a text names as carried over: what they say is done without them. */
export function useMapsIn(text: string, maps: Maps, reading: Reading): void {
  for (const [, name = ''] of text.matchAll(/\$\{?(\w+)/g)) {
    const map = maps.get(name)
    if (map !== undefined) useMap(map, reading)
  }
}

function useMap(map: Directive, reading: Reading): void {
  reading.use(map)
  for (const entry of map.block ?? []) reading.use(entry)
}

export function expressionProblem(text: string, maps: Maps): string | undefined {
  for (const [, braced, bare] of text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    const name = braced ?? bare ?? ''
    if (maps.has(name)) return `$${name} comes from a map, in the middle of a text`
  }
  try {
    compileKey(text)
    return undefined
  } catch (error) {
    if (error instanceof OptionError)
      return error.message.replace(/^key expression: | \(got .*$/g, '')
    throw error
  }
}

/** `map $a $b { default $a; "" $c; }` and its like: `$a`, and where that is empty `$c`. */
function fallback(
  map: Directive,
  maps: Maps,
  reading: Reading,
  seen: readonly string[],
): readonly string[] | KeyProblem {
  const [source = '', target = ''] = map.args
  const entries = (map.block ?? []).filter(({ name }) => !['hostnames', 'volatile'].includes(name))
  const entryOf = (name: string): string | undefined =>
    entries.find((entry) => entry.name === name)?.args[0]
  const others = entries.filter(({ name }) => name !== 'default' && name !== '')
  const [first, ...rest] = keysOf(source, maps, reading, seen) as readonly string[]
  const whole = `the map of ${target} is more than a fallback for an empty ${source}`
  if (first === undefined || rest.length > 0) return { problem: whole }
  // Any text that is not empty, spelt as a pattern.
  const [pattern, ...more] = others
  const keepsByPattern =
    pattern !== undefined &&
    /^~\*?(\^?\(?\.\+?\)?\$?|\.)$/.test(pattern.name) &&
    isWhole(pattern.args[0], source)
  const keeps = keepsByPattern || (others.length === 0 && isWhole(entryOf('default'), source))
  if (!keeps || more.length > 0) return { problem: whole }
  const empty = entryOf('') ?? (keepsByPattern ? entryOf('default') : undefined)
  if (empty === undefined || empty === '') return [first]
  const further = keysOf(empty, maps, reading, seen)
  return 'problem' in further ? further : [first, ...further]
}

function isWhole(value: string | undefined, source: string): boolean {
  return value === source || value === '$0' || value === '$1'
}
