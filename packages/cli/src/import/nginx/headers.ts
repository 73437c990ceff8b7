import type { Directive } from '../../nginx/syntax.js'
import { expressionProblem, type Maps, useMapsIn } from './keys.js'
import type { Reading, Scope } from './scope.js'
import { literal } from './sticky.js'

type Fields = Record<string, string | false>

/** What the servers and the client of a location get to see, beside what Holdfast does anyway. */
export interface HeaderDraft {
  /** As nginx's Host: a text, `$host`, or undefined where nginx would send the upstream's name. */
  readonly host: string | undefined
  readonly request: Fields
  readonly response: Fields
  /** Whether upgrades are asked for: then a tunnel is as idle as an answer may be. */
  readonly upgrades: boolean
}

/** What Holdfast tells servers by itself, and what nginx files say for the same. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  'x-real-ip': ['$remote_addr'],
  'x-forwarded-for': ['$proxy_add_x_forwarded_for', '$remote_addr'],
  'x-forwarded-proto': ['$scheme'],
  'x-forwarded-host': ['$host', '$http_host'],
}

const OWN: readonly string[] = ['connection', 'upgrade', 'te', 'keep-alive']

export function headerDraft(scope: Scope, maps: Maps, reading: Reading): HeaderDraft {
  let host: string | undefined
  let upgrades = false
  const request: Fields = {}
  for (const directive of scope.all('proxy_set_header')) {
    const [name = '', value = ''] = directive.args
    const lower = name.toLowerCase()
    if (lower === 'upgrade') upgrades = value !== ''
    if (OWN.includes(lower)) useMapsIn(value, maps, reading)
    if (OWN.includes(lower) || TOLD[lower]?.includes(value) === true) continue
    if (lower !== 'host') setField(request, directive, maps, reading)
    else if (value === '$host' || value === '$http_host') host = '$host'
    else if (value !== '$proxy_host') host = value
  }
  return { host, request, response: responseFields(scope, maps, reading), upgrades }
}

function responseFields(scope: Scope, maps: Maps, reading: Reading): Fields {
  const response: Fields = {}
  for (const directive of scope.all('add_header')) {
    if (setField(response, directive, maps, reading) && directive.args[2] !== 'always') {
      reading.changed(directive, 'is added to answers of every status, as with `always`')
    }
  }
  for (const directive of scope.all('proxy_hide_header')) {
    const [name = ''] = directive.args
    response[name] ??= false
  }
  return response
}

function setField(fields: Fields, directive: Directive, maps: Maps, reading: Reading): boolean {
  const [name = '', value = ''] = directive.args
  if (value === '') {
    fields[name] = false
    return true
  }
  const problem = value.includes('$') ? expressionProblem(value, maps) : undefined
  if (problem !== undefined) {
    reading.lost(directive, problem)
    return false
  }
  fields[name] = literal(value)
  return true
}
