import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import { type Affinity, type Binding, unbound } from './binding.js'
import type { RouteConfig } from './config.js'
import type { RequestFacts } from './facts.js'
import type { KeyReader } from './key-expression.js'
import { compileKeys } from './keys.js'
import { nginxServerId } from './server-name.js'

/** Binds sessions by an id that the request itself carries: nginx's `sticky route`. */
export function createRouteAffinity(config: RouteConfig): Affinity {
  return new Route(compileKeys(config.route))
}

class Route implements Affinity {
  readonly #key: KeyReader
  readonly #removed: Binding = binding(undefined)
  #bindings: ReadonlyMap<string, Binding> = new Map()

  constructor(key: KeyReader) {
    this.#key = key
  }

  follow(pool: Pool): void {
    const bindings = new Map<string, Binding>()
    for (const server of pool.servers) {
      const id = nginxServerId(server)
      // Of two servers with one route the first counts, as in nginx.
      if (!bindings.has(id)) bindings.set(id, binding(server))
    }
    this.#bindings = bindings
  }

  read(facts: RequestFacts): Binding {
    const id = this.#key(facts)
    return id === '' ? unbound : (this.#bindings.get(id) ?? this.#removed)
  }
}

function binding(server: Server | undefined): Binding {
  return Object.freeze({
    source: 'route',
    server,
    lost: server === undefined ? 'removed' : undefined,
    session: undefined,
    due: false,
    serverPart: undefined,
  })
}
