import type { ImportOptions } from '../nginx/import.js'
import { addressOf } from '../nginx/listeners.js'
import { Notes } from '../notes.js'
import type { Imported } from '../result.js'
import { backendDraft } from './backends.js'
import { type Line, readSections, type Section } from './sections.js'

/** Writes a HAProxy configuration as a gateway file: its HTTP backends, and how they are reached. */
export function importHaproxy(file: string, text: string, { seal }: ImportOptions): Imported {
  const notes = new Notes()
  const sections = readSections(file, text)
  const defaults = sections.filter(({ kind }) => kind === 'defaults').flatMap(({ lines }) => lines)
  const fronts = sections.filter(({ kind }) => kind === 'frontend' || kind === 'listen')
  const upstreams = Object.fromEntries(
    sections
      .filter(({ kind }) => kind === 'backend' || kind === 'listen')
      .map((section) => [nameOf(section.name), backendDraft(section, defaults, seal, notes)]),
  )
  for (const { kind, lines } of sections) {
    if (['global', 'defaults', 'frontend', 'listen', 'backend'].includes(kind)) continue
    for (const { words, place } of lines) {
      notes.add(
        'needless',
        place,
        `${kind}: ${words.join(' ')}`,
        'has no part in what Holdfast does',
      )
    }
  }
  const listen = fronts.flatMap(({ lines }) =>
    lines.filter(is('bind')).map((line) => listener(line, notes)),
  )
  const routes = fronts.flatMap((front) => routesOf(front, notes))
  return {
    file: { listen: listen.length === 1 ? listen[0] : listen, upstreams, routes },
    notes: notes.all(),
  }
}

function nameOf(name: string): string {
  return name.replaceAll(/[^\w.-]/g, '_').slice(0, 64)
}

function is(keyword: string): (line: Line) => boolean {
  return ({ words }) => words[0] === keyword
}

function listener({ words, place }: Line, notes: Notes): unknown {
  const [, bound = '', ...options] = words
  const address = addressOf(bound.startsWith(':') ? `*${bound}` : bound)
  if (options.includes('accept-proxy')) {
    notes.add('lost', place, words.join(' '), 'the PROXY protocol is not spoken')
  }
  const crt = options[options.indexOf('crt') + 1]
  if (!options.includes('ssl') || crt === undefined) return address
  // HAProxy keeps the certificate and its key in one file.
  return { address, tls: { cert: crt, key: crt } }
}

const FRONT_ONLY = [
  'bind',
  'acl',
  'use_backend',
  'default_backend',
  'mode',
  'option',
  'timeout',
  'maxconn',
  'log',
]

function routesOf({ kind, name, lines }: Section, notes: Notes): readonly object[] {
  const acls = new Map<string, Condition[]>()
  const routes: object[] = []
  for (const line of lines) {
    const { words, place } = line
    const [keyword = '', first = '', ...rest] = words
    const lost = (reason: string): void => notes.add('lost', place, words.join(' '), reason)
    if (keyword === 'acl') {
      const condition = conditionOf(rest)
      if (condition === undefined)
        lost('requests are told apart by host and by the start of the path')
      else acls.set(first, [...(acls.get(first) ?? []), condition])
    } else if (keyword === 'use_backend') {
      const route = conditional(first, rest, acls)
      if (route === undefined) lost('its condition is more than hosts and the start of the path')
      else routes.push(route)
    } else if (keyword === 'default_backend') routes.push({ upstream: nameOf(first) })
    else if (kind === 'frontend' && !FRONT_ONLY.includes(keyword)) lost('there is no counterpart')
  }
  if (kind === 'listen' && !lines.some(is('default_backend')))
    routes.push({ upstream: nameOf(name) })
  return routes
}

/** What an acl asks for: one of several hosts, or one of several prefixes. */
interface Condition {
  readonly hosts?: readonly string[]
  readonly prefixes?: readonly string[]
}

function conditionOf([fetch = '', ...values]: readonly string[]): Condition | undefined {
  const plain = values.filter((value) => value !== '-i')
  if (plain.some((value) => value.startsWith('-'))) return undefined
  if (/^(req\.)?hdr\(host\)$/i.test(fetch)) return { hosts: plain }
  return fetch === 'path_beg' && plain.length === 1 ? { prefixes: plain } : undefined
}

function conditional(
  backend: string,
  [word, ...names]: readonly string[],
  acls: ReadonlyMap<string, readonly Condition[]>,
): object | undefined {
  if (word !== 'if') return undefined
  const inline =
    names[0] === '{' && names.at(-1) === '}' ? conditionOf(names.slice(1, -1)) : undefined
  const conditions = inline === undefined ? names.flatMap((name) => acls.get(name) ?? []) : [inline]
  if (inline === undefined && names.some((name) => !acls.has(name))) return undefined
  const hosts = conditions.flatMap((one) => one.hosts ?? [])
  const [prefix, ...more] = conditions.flatMap((one) => one.prefixes ?? [])
  if (more.length > 0) return undefined
  return {
    ...(hosts.length === 0 ? {} : { host: hosts.length === 1 ? hosts[0] : hosts }),
    ...(prefix === undefined ? {} : { prefix }),
    upstream: nameOf(backend),
  }
}
