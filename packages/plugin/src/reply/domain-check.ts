import type { Upstream } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'

/** Says, once for an upstream, that browsers refuse its cookie: its Domain is not the host's. */
export class DomainCheck {
  readonly #log: FastifyBaseLogger
  readonly #told = new WeakSet<Upstream>()

  constructor(log: FastifyBaseLogger) {
    this.#log = log
  }

  /** To be called when a cookie goes to whoever asked for `host`. */
  check(upstream: Upstream, host: string): void {
    const { sticky } = upstream.config
    const domain = sticky?.kind === 'cookie' ? sticky.domain : undefined
    if (domain === undefined || this.#told.has(upstream) || covers(domain, host)) return
    this.#told.add(upstream)
    this.#log.warn(
      { upstream: upstream.name, domain, host },
      'browsers refuse the sticky cookie: its domain does not match the host they ask for',
    )
  }
}

function covers(domain: string, host: string): boolean {
  const bare = domain.replace(/^\./, '').toLowerCase()
  const name = host.toLowerCase().replace(/:\d+$/, '')
  return name === bare || name.endsWith(`.${bare}`)
}
