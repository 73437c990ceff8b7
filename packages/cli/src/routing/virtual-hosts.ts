import type { RouteConfig } from '../config/types.js'

/** The virtual host of requests whose host no route names. */
export const ANY_HOST = '*'

/**
 * Which routes a request may take by its host, as nginx chooses a server: the exact name, else
 * the longest wildcard, else the routes that name no host.
 */
export class VirtualHosts {
  readonly #names: ReadonlySet<string>
  readonly #wildcards: readonly string[]

  constructor(routes: readonly RouteConfig[]) {
    this.#names = new Set(routes.flatMap(({ hosts }) => hosts))
    this.#wildcards = [...this.#names]
      .filter((name) => name.startsWith('*.'))
      .sort((a, b) => b.length - a.length)
  }

  /** The name of the virtual host for an authority, which may have a port. */
  of(authority: string): string {
    const host = hostOf(authority)
    if (this.#names.has(host)) return host
    return this.#wildcards.find((name) => host.endsWith(name.slice(1))) ?? ANY_HOST
  }
}

function hostOf(authority: string): string {
  const name = authority.toLowerCase().replace(/:\d*$/, '')
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** The route of a request: of its virtual host's, the one with the longest prefix. */
export function routeFor(
  routes: readonly RouteConfig[],
  authority: string,
  target: string,
): RouteConfig | undefined {
  const host = new VirtualHosts(routes).of(authority)
  const [path = ''] = target.split('?', 1)
  return routes
    .filter(({ hosts }) => (host === ANY_HOST ? hosts.length === 0 : hosts.includes(host)))
    .filter(({ prefix }) => prefix === '/' || path === prefix || path.startsWith(`${prefix}/`))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0]
}
