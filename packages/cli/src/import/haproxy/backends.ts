import { SEALING_KEY } from '../nginx/sticky.js'
import type { Notes } from '../notes.js'
import { durationOf, type Line, parametersOf, type Section } from './sections.js'
import { serverLine } from './servers.js'

const AS_FALLBACK: readonly string[] = ['roundrobin', 'static-rr']

/** A backend as an upstream of a gateway file. */
export function backendDraft(
  { name, lines }: Section,
  defaults: readonly Line[],
  seal: boolean,
  notes: Notes,
): Record<string, unknown> {
  const draft: Record<string, unknown> = { servers: [] }
  const all = [...defaults, ...lines]
  const serverDefaults = all.filter(is('default-server')).flatMap(({ words }) => words.slice(1))
  const servers = lines.filter(is('server')).map((line) => serverLine(line, serverDefaults, notes))
  draft.servers = servers.map(({ server }) => server)
  const consistent = all.some(({ words }) => words[0] === 'hash-type' && words[1] === 'consistent')
  const timeouts: Record<string, string | undefined> = {}
  let httpCheck: Line | undefined
  for (const line of all) {
    const [keyword = '', first = '', ...rest] = line.words
    const lost = (reason: string): void =>
      notes.add('lost', line.place, line.words.join(' '), reason)
    switch (keyword) {
      case 'balance':
        setBalance(draft, line, consistent, notes)
        break
      case 'cookie':
        draft.sticky = stickyDraft(line, seal, notes)
        break
      case 'timeout':
        setTimeoutOf(timeouts, first, rest[0])
        break
      case 'option':
        if (first === 'httpchk') httpCheck = line
        else if (!OWN_OPTIONS.includes(first)) lost('there is no counterpart')
        break
      case 'retries':
        draft.retry = { tries: Number(first) + 1 }
        break
      case 'mode':
        if (first !== 'http') lost('Holdfast speaks HTTP only')
        break
      case 'hash-type':
      case 'server':
      case 'default-server':
      case 'log':
      case 'maxconn':
      case 'bind':
      case 'default_backend':
      case 'use_backend':
      case 'acl':
        break
      default:
        lost('there is no counterpart')
    }
  }
  if (Object.keys(timeouts).length > 0) draft.timeouts = timeouts
  if (servers.some(({ secure, verified }) => secure && !verified)) draft.tls = { verify: false }
  const checkedServer = servers.find(({ checked }) => checked)
  if (checkedServer !== undefined) {
    if (httpCheck === undefined) {
      const [first] = lines.filter(is('server'))
      if (first !== undefined)
        notes.add(
          'changed',
          first.place,
          `backend ${name}: check`,
          'servers are checked over HTTP (checks), or by the requests they fail',
        )
    } else {
      draft.checks = { path: checkPath(httpCheck), ...checkedServer.check }
    }
  }
  return draft
}

const OWN_OPTIONS = [
  'forwardfor',
  'redispatch',
  'httplog',
  'tcplog',
  'dontlognull',
  'http-keep-alive',
  'http-server-close',
  'httpclose',
  'forceclose',
  'prefer-last-server',
  'abortonclose',
  'log-health-checks',
  'splice-auto',
  'tcp-check',
]

function is(keyword: string): (line: Line) => boolean {
  return ({ words }) => words[0] === keyword
}

function setTimeoutOf(
  timeouts: Record<string, string | undefined>,
  name: string,
  text: string | undefined,
): void {
  const time = durationOf(text)
  if (name === 'connect' || name === 'tunnel') timeouts[name] = time
  if (name === 'server') {
    timeouts.headers = time
    timeouts.body = time
  }
}

function checkPath({ words }: Line): string {
  return words.find((word) => word.startsWith('/')) ?? '/'
}

function setBalance(
  draft: Record<string, unknown>,
  { words, place }: Line,
  consistent: boolean,
  notes: Notes,
): void {
  const [, how = '', name = ''] = words
  if (AS_FALLBACK.includes(how)) return
  const [, header] = /^hdr\(([^)]+)\)$/.exec(how) ?? []
  const key = {
    source: '$remote_addr',
    uri: '$uri',
    url_param: `$arg_${name}`,
    hdr: `$http_${(header ?? '').toLowerCase().replaceAll('-', '_')}`,
  }[header === undefined ? how : 'hdr']
  if (how === 'leastconn') draft.balance = 'least-conn'
  else if (how.startsWith('random')) draft.balance = 'random-two'
  else if (key !== undefined) {
    draft.balance = { hash: key, consistent }
    notes.add('changed', place, words.join(' '), 'the hash is nginx’s: keys are placed anew, once')
  } else notes.add('lost', place, words.join(' '), 'the balance is left at round robin')
}

/** The values are the servers' `cookie` ids, as `route` holds them. */
function stickyDraft({ words, place }: Line, seal: boolean, notes: Notes): Record<string, unknown> {
  const [, cookie = '', ...options] = words
  const draft: Record<string, unknown> = { cookie, value: 'md5', style: 'nginx', path: '/' }
  const limits: Record<string, unknown> = {}
  for (const { name: option, value } of parametersOf(options, [
    'domain',
    'maxidle',
    'maxlife',
    'attr',
  ])) {
    switch (option) {
      case 'indirect':
        draft.strip = true
        break
      case 'httponly':
        draft.httpOnly = true
        break
      case 'secure':
        draft.secure = true
        break
      case 'domain':
        draft.domain = value
        break
      case 'maxidle':
        limits.idle = durationOf(value)
        break
      case 'maxlife':
        limits.maxLife = durationOf(value)
        break
      case 'prefix':
        draft.transfer = true
        draft.delimiter = '~'
        break
      case 'attr': {
        const [, sameSite] = /^samesite=(\w+)$/i.exec(value) ?? []
        if (sameSite !== undefined) draft.sameSite = sameSite.toLowerCase()
        break
      }
      case 'insert':
      case 'nocache':
        break
      case 'rewrite':
      case 'preserve':
      case 'postonly':
      case 'dynamic':
        notes.add(
          'changed',
          place,
          words.join(' '),
          `the gateway sets the cookie itself, whatever ${option} says`,
        )
        break
      default:
        notes.add('lost', place, words.join(' '), `there is no counterpart of ${option}`)
    }
  }
  if (!seal) {
    if (Object.keys(limits).length > 0) {
      notes.add(
        'lost',
        place,
        words.join(' '),
        'only a sealed cookie carries times: import with --seal',
      )
    }
    return draft
  }
  const { value: format, style: _, ...rest } = draft
  return { ...rest, keys: [SEALING_KEY], accept: [{ value: format }], ...limits }
}
