import { canonicalAddress, type RequestFacts } from '@holdfast/core'

/** A request that nobody sent, as far as it matters where it would go. */
export interface Sketch {
  readonly method?: string | undefined
  readonly target?: string | undefined
  readonly scheme?: string | undefined
  readonly host?: string | undefined
  readonly remoteAddress?: string | undefined
  readonly cookies?: string | undefined
  /** By lower-case name. */
  readonly headers?: ReadonlyMap<string, string> | undefined
}

export function factsOf(sketch: Sketch): RequestFacts {
  const { method = 'GET', target = '/', scheme = 'http', host = '', cookies = '', headers } = sketch
  const address = canonicalAddress(sketch.remoteAddress ?? '') ?? ''
  return {
    method,
    target,
    scheme,
    host,
    cookies,
    remoteAddress: address,
    socketAddress: address,
    header: (name) => headers?.get(name) ?? (name === 'host' ? host : ''),
    request: undefined,
  }
}
