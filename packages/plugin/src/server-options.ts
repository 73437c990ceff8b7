/** What `serverOptions` decides. */
export interface GatewayServerOptions {
  /** After `close()` live connections are still answered; a 503 would be an error for nothing. */
  readonly return503OnClosing: false
  /** Milliseconds that an idle client connection is kept. */
  readonly keepAliveTimeout: number
  /** Milliseconds in which a whole request must have come in; 0 is no limit. */
  readonly requestTimeout: number
  /** The path of a request is matched whatever its length. */
  readonly routerOptions: { readonly maxParamLength: number }
}

/**
 * What a gateway's Fastify should be given: `Fastify({ ...serverOptions(), trustProxy: ... })`.
 * Later keys win, so every choice can be changed.
 */
export function serverOptions(): GatewayServerOptions {
  return {
    return503OnClosing: false,
    // Longer than the 60 s of the usual balancer in front, or that one would send a request into
    // a connection that we are just closing.
    keepAliveTimeout: 75_000,
    // The body has its own idle limit; an upload may take as long as it makes progress.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 65_536 },
  }
}
