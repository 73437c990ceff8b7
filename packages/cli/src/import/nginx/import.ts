import type { NginxConfiguration } from '../../nginx/includes.js'
import type { Directive } from '../../nginx/syntax.js'
import type { Imported } from '../result.js'
import { assemble } from './assemble.js'
import { Listeners } from './listeners.js'
import { lostReason, needlessReason } from './needless.js'
import { type RouteDraft, routeDrafts } from './routes.js'
import { nameOf, Reading, Scope } from './scope.js'
import type { UpstreamSource } from './upstreams.js'

export interface ImportOptions {
  /** Seal the cookies, and still honour the ones that clients have. */
  readonly seal: boolean
}

/** Writes an nginx configuration as a gateway file; what cannot be carried over gets a note. */
export function importNginx(
  { directives, missing }: NginxConfiguration,
  { seal }: ImportOptions,
): Imported {
  const reading = new Reading()
  // A file from conf.d has no http block around it.
  const http = [
    ...directives,
    ...directives.filter(({ name }) => name === 'http').flatMap((one) => one.block ?? []),
  ]
  for (const one of directives) if (one.name === 'http') reading.use(one)
  for (const one of missing) reading.lost(one, 'the file is not there')
  const maps = new Map(
    http.filter(({ name }) => name === 'map').map((map) => [map.args[1]?.slice(1) ?? '', map]),
  )
  const sources = http
    .filter(({ name }) => name === 'upstream')
    .map((directive): UpstreamSource => ({ name: directive.args[0] ?? '', directive }))
  const scope = new Scope(reading, [http])
  const servers = http.filter(({ name, block }) => name === 'server' && block !== undefined)
  const listeners = new Listeners()
  const routes = servers.flatMap((server) => {
    reading.use(server)
    const inner = scope.within(server.block ?? [])
    const named = hostsOf(inner, reading)
    // Requests for names that nobody has go there, so its routes take every host.
    const hosts = isDefault(server, servers) ? [] : named
    const ground = { hosts, maps, cacheSizes: cacheSizes(scope) }
    const found = routeDrafts(server.block ?? [], inner, ground, reading)
    if (found.length > 0) listeners.add(inner, reading)
    return found
  })
  warnOfListeners(servers, routes, reading)
  const file = complete(
    {
      listen: listeners.written(),
      ...trusted(scope, servers, reading),
      ...assemble({ sources, routes, maps, seal }, reading),
    },
    sources,
    reading,
  )
  noteLeftovers(directives, reading)
  return { file, notes: reading.notes.all() }
}

/** A file of upstreams alone gets what it takes to be served. */
function complete<T extends { readonly routes: readonly object[] }>(
  file: T,
  [first]: readonly UpstreamSource[],
  reading: Reading,
): T {
  if (file.routes.length > 0 || first === undefined) return file
  reading.changed(first.directive, 'no server leads here: a listener and a route were made up')
  return { ...file, listen: '127.0.0.1:8080', routes: [{ upstream: first.name }] }
}

/** The server that nginx asks when no name fits: the one that says so, or else the first. */
function isDefault(server: Directive, servers: readonly Directive[]): boolean {
  const says = (one: Directive): boolean =>
    (one.block ?? []).some(
      ({ name, args }) =>
        name === 'listen' && (args.includes('default_server') || args.includes('default')),
    )
  const proxied = servers.filter((one) => some(one, ({ name }) => name === 'proxy_pass'))
  return server === (proxied.find(says) ?? proxied[0])
}

function hostsOf(scope: Scope, reading: Reading): readonly string[] {
  return scope.own('server_name').flatMap((directive) =>
    directive.args.flatMap((name) => {
      if (name === '_' || name === '') return []
      if (name.startsWith('.')) return [name.slice(1), `*${name}`]
      if (/^(\*\.)?[\w.-]+$/.test(name) && !name.endsWith('*')) return [name.toLowerCase()]
      reading.lost(directive, `hosts are names, or a "*." before one: not ${name}`)
      return []
    }),
  )
}

function cacheSizes(scope: Scope): ReadonlyMap<string, string> {
  return new Map(
    scope.all('proxy_cache_path').flatMap(({ args }) => {
      const [, zone, keys] =
        /^keys_zone=([^:]+):(\d+[kmg]?)/i.exec(
          args.find((one) => one.startsWith('keys_zone=')) ?? '',
        ) ?? []
      return zone === undefined || keys === undefined ? [] : [[zone, keys.toLowerCase()] as const]
    }),
  )
}

/** `set_real_ip_from` is what Fastify calls trustProxy. */
function trusted(
  scope: Scope,
  servers: readonly Directive[],
  reading: Reading,
): { readonly trustProxy?: readonly string[] } {
  const scopes = [scope, ...servers.map(({ block }) => scope.within(block ?? []))]
  const networks = scopes.flatMap((one) => one.all('set_real_ip_from'))
  for (const header of scopes.flatMap((one) => one.all('real_ip_header'))) {
    if (header.args[0]?.toLowerCase() === 'x-forwarded-for') continue
    reading.lost(header, 'the client’s address is read from X-Forwarded-For only')
    return {}
  }
  const trustProxy = [...new Set(networks.map(({ args }) => args[0] ?? ''))].filter(
    (network) => network !== 'unix:',
  )
  return trustProxy.length === 0 ? {} : { trustProxy }
}

/** All routes are served on all listeners; nginx keeps the servers of its ports apart. */
function warnOfListeners(
  servers: readonly Directive[],
  routes: readonly RouteDraft[],
  reading: Reading,
): void {
  const addresses = (server: Directive): string =>
    (server.block ?? [])
      .filter(({ name }) => name === 'listen')
      .map(({ args }) => args[0])
      .join()
  const proxied = servers.filter((server) =>
    some(server, (one) => routes.some(({ directive }) => directive === one)),
  )
  const [first, ...others] = proxied
  for (const server of others) {
    if (first === undefined || addresses(server) === addresses(first)) continue
    reading.changed(server, 'its routes are served on the listeners of the other servers too')
  }
}

/** Whether something in a block, however deep, is as `test` wants it. */
function some({ block = [] }: Directive, test: (one: Directive) => boolean): boolean {
  return block.some((one) => test(one) || some(one, test))
}

/** Nothing is dropped without a word. */
function noteLeftovers(directives: readonly Directive[], reading: Reading): void {
  for (const directive of directives) {
    if (reading.isUsed(directive)) {
      noteLeftovers(directive.block ?? [], reading)
      continue
    }
    const { name, place } = directive
    const needless = needlessReason(name)
    if (needless !== undefined) reading.notes.add('needless', place, nameOf(directive), needless)
    else reading.notes.add('lost', place, nameOf(directive), lostReason(name))
  }
}
