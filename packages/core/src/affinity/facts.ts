/**
 * What affinity may know of a request. The plugin wraps Fastify's request in it; strings that
 * came over the wire are byte strings, as Node delivers them (latin1).
 */
export interface RequestFacts {
  readonly method: string
  /** The request target as it was on the request line, query included. */
  readonly target: string
  /** `http` or `https`, as the client saw it where a trusted proxy says so. */
  readonly scheme: string
  /** The authority that the client asked for, port included; empty when there was none. */
  readonly host: string
  /** The client's address, by the gateway's rules of trust. */
  readonly remoteAddress: string
  /** The address of the connection's other end. */
  readonly socketAddress: string
  /** The whole Cookie header; empty when there was none. */
  readonly cookies: string
  /** A header by its lower-case name, repeats joined with `, `; empty when there is none. */
  header(name: string): string
  /** What a user's own key function is called with: Fastify's request. */
  readonly request: unknown
}
