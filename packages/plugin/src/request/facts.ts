import { canonicalAddress, type RequestFacts } from '@holdfast/core'
import type { FastifyRequest } from 'fastify'

/** Fastify's request as the core sees it. What costs something is worked out when asked for. */
export class FastifyFacts implements RequestFacts {
  readonly request: FastifyRequest
  #remoteAddress: string | undefined

  constructor(request: FastifyRequest) {
    this.request = request
  }

  get method(): string {
    return this.request.raw.method ?? ''
  }

  get target(): string {
    return this.request.raw.url ?? ''
  }

  get scheme(): string {
    return this.request.protocol ?? 'http'
  }

  get host(): string {
    return this.request.host ?? ''
  }

  get remoteAddress(): string {
    this.#remoteAddress ??=
      canonicalAddress(this.request.ip ?? '') ?? canonicalAddress(this.socketAddress) ?? ''
    return this.#remoteAddress
  }

  get socketAddress(): string {
    return this.request.raw.socket?.remoteAddress ?? ''
  }

  get cookies(): string {
    return this.request.raw.headers.cookie ?? ''
  }

  header(name: string): string {
    const value = this.request.raw.headers[name]
    return typeof value === 'string' ? value : (value?.join(', ') ?? '')
  }
}
