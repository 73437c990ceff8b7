import type { FastifyReply, FastifyRequest } from 'fastify'
import { Guesses } from './guesses.js'
import { isLoopbackAddress, isLoopbackHost } from './loopback.js'
import { bearerOf, type Scope, type Tokens } from './tokens.js'

/** A request that may not be answered. */
export class AccessError extends Error {
  override readonly name = 'AccessError'
  readonly code: string
  readonly statusCode: number

  constructor(statusCode: number, code: string, message: string) {
    super(message)
    this.statusCode = statusCode
    this.code = code
  }
}

/** Decides who may read and who may act. Cookies are never looked at. */
export class Guard {
  readonly #tokens: Tokens
  readonly #hosts: ReadonlySet<string>
  readonly #now: () => number
  readonly #guesses = new Guesses()

  /** @param hosts Host fields under which reading needs no token, beside those of loopback. */
  constructor(tokens: Tokens, hosts: ReadonlySet<string>, now: () => number) {
    this.#tokens = tokens
    this.#hosts = hosts
    this.#now = now
  }

  /** An onRequest hook for what tells something. */
  readonly read = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (this.#tokens.has('read') || !isLoopbackAddress(request.socket.localAddress)) {
      this.#scopeOf(request, reply)
      return
    }
    const { host } = request.headers
    if (!isLoopbackHost(host) && !this.#hosts.has(host?.toLowerCase() ?? '')) {
      throw new AccessError(
        403,
        'HOLDFAST_HOST',
        'This Host is not known here: give it in `hosts`, or set a read token',
      )
    }
    refuseOtherSites(request)
  }

  /** An onRequest hook for what changes something. */
  readonly act = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    refuseOtherSites(request)
    if (this.#scopeOf(request, reply) !== 'admin') {
      throw new AccessError(403, 'HOLDFAST_SCOPE', 'This needs the admin token')
    }
  }

  /** What this request may do, where it may read at all. */
  mayAct(request: FastifyRequest): boolean {
    const token = bearerOf(request.headers.authorization)
    return token !== undefined && this.#tokens.scopeOf(token) === 'admin'
  }

  #scopeOf({ headers, socket }: FastifyRequest, reply: FastifyReply): Scope {
    if (this.#tokens.isEmpty) {
      throw new AccessError(403, 'HOLDFAST_NO_TOKEN', 'Off loopback this needs a read token')
    }
    const address = socket.remoteAddress ?? ''
    if (this.#guesses.isBarred(address, this.#now())) {
      reply.header('retry-after', '60')
      throw new AccessError(429, 'HOLDFAST_GUESSES', 'Too many wrong tokens; wait a minute')
    }
    const token = bearerOf(headers.authorization)
    const scope = token === undefined ? undefined : this.#tokens.scopeOf(token)
    if (scope !== undefined) return scope
    if (token !== undefined) this.#guesses.note(address, token, this.#now())
    reply.header('www-authenticate', 'Bearer realm="holdfast"')
    throw new AccessError(
      401,
      token === undefined ? 'HOLDFAST_TOKEN_MISSING' : 'HOLDFAST_TOKEN_WRONG',
      token === undefined ? 'Send the token as Authorization: Bearer' : 'This token is wrong',
    )
  }
}

/** What a page of another site had a browser send, whatever else it holds. */
function refuseOtherSites({ headers }: FastifyRequest): void {
  const { origin, host, 'sec-fetch-site': site } = headers
  const isOther = origin !== undefined && origin.replace(/^https?:\/\//, '') !== host
  if (isOther || site === 'cross-site') {
    throw new AccessError(403, 'HOLDFAST_ORIGIN', 'Pages of other sites have no business here')
  }
}
