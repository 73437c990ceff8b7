import type { Notes } from '../notes.js'
import { durationOf, type Line, parametersOf } from './sections.js'

/** What a server line says, beside the server itself. */
export interface ServerLine {
  readonly server: Record<string, unknown>
  readonly checked: boolean
  readonly check: Record<string, unknown>
  readonly secure: boolean
  readonly verified: boolean
}

/** Parameters with a value, and what becomes of them. */
const WITH_VALUE = [
  'cookie',
  'weight',
  'maxconn',
  'slowstart',
  'inter',
  'rise',
  'fall',
  'verify',
  'ca-file',
  'resolvers',
  'init-addr',
  'sni',
  'port',
  'fastinter',
  'downinter',
  'on-marked-down',
  'maxqueue',
  'alpn',
  'crt',
  'id',
  'resolve-prefer',
  'observe',
  'error-limit',
  'on-error',
]

/** `server NAME ADDRESS ...`, behind what `default-server` says. */
export function serverLine(
  { words, place }: Line,
  defaults: readonly string[],
  notes: Notes,
): ServerLine {
  const [, id = '', address = '', ...own] = words
  const server: Record<string, unknown> = { address: plainAddress(address), id }
  const check: Record<string, unknown> = {}
  let [checked, secure, verified] = [false, false, true]
  for (const { name, value } of parametersOf([...defaults, ...own], WITH_VALUE)) {
    switch (name) {
      case 'cookie':
        server.route = value
        break
      case 'weight':
        if (value === '0') server.drain = true
        else server.weight = Number(value)
        break
      case 'maxconn':
        server.maxConns = Number(value)
        break
      case 'slowstart':
        server.slowStart = durationOf(value)
        break
      case 'resolvers':
        server.resolve = '30s'
        break
      case 'backup':
        server.backup = true
        break
      case 'disabled':
        server.down = true
        break
      case 'check':
        checked = true
        break
      case 'inter':
        check.interval = durationOf(value)
        break
      case 'rise':
      case 'fall':
        check[name] = Number(value)
        break
      case 'ssl':
        secure = true
        break
      case 'verify':
        verified = value !== 'none'
        break
      case 'enabled':
      case 'init-addr':
      case 'no-ssl':
        break
      default:
        notes.add(
          'lost',
          place,
          `server ${id}`,
          `there is no counterpart of ${[name, value].join(' ').trim()}`,
        )
    }
  }
  if (secure) server.address = `https://${String(server.address)}`
  return { server, checked, check, secure, verified }
}

function plainAddress(address: string): string {
  return address.replace(/^(ipv[46]@|unix@)/, (kind) => (kind === 'unix@' ? 'unix:' : ''))
}
