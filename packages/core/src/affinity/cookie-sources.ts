import { lowerCase } from './ascii.js'
import type { CookieConfig, CookieFormat, CookieStyle } from './config.js'
import type { CookieValues } from './cookie-values.js'
import { NginxValues } from './nginx-values.js'
import { type SealedPorts, SealedValues } from './sealed-values.js'

/** What a cookie affinity needs beside its configuration. */
export interface CookiePorts extends SealedPorts {
  /** The upstream's name, to which sealed cookies are tied. */
  readonly upstream: string
}

/** A cookie that may bind a request. */
export interface Source {
  /** In lower case. */
  readonly name: string
  readonly values: CookieValues
}

/** Our own cookie, and the older ones that are honoured while clients still hold them. */
export function createSources(
  config: CookieConfig,
  ports: CookiePorts,
): { readonly own: Source; readonly accepted: readonly Source[] } {
  const { cookie, format, keys, accept } = config
  return {
    own: createSource({ cookie, format, keys, older: false }, config, ports),
    accepted: accept.map(({ cookie, format, key = '' }) =>
      createSource({ cookie, format, keys: [key], older: true }, config, ports),
    ),
  }
}

/** What tells one source from another; the rest they share. */
interface SourceConfig {
  readonly cookie: string
  readonly format: CookieFormat
  readonly keys: readonly string[]
  readonly older: boolean
}

function createSource(own: SourceConfig, config: CookieConfig, ports: CookiePorts): Source {
  const { cookie, format, keys, older } = own
  const name = lowerCase(cookie)
  if (format !== 'sealed') {
    // An older cookie may come from either of nginx's modules, which spell a server differently.
    const styles: readonly CookieStyle[] = older ? [config.style, 'nginx'] : [config.style]
    return { name, values: new NginxValues({ format, styles, keys, older }) }
  }
  const { idleMs, maxLifeMs } = config
  const limits = { idleMs, maxLifeMs, renewMs: renewalOf(config) }
  const sealed = { upstream: ports.upstream, cookie, keys, older, ...limits }
  return { name, values: new SealedValues(sealed, ports) }
}

/** An eighth of the shorter limit, so that sliding costs a browser few cookies. */
function renewalOf({ renew, expires, idleMs }: CookieConfig): number | undefined {
  const expiresMs = expires === 'max' ? BROWSER_MAX_MS : expires
  const shorterMs = Math.min(
    expiresMs ?? Number.POSITIVE_INFINITY,
    idleMs ?? Number.POSITIVE_INFINITY,
  )
  return renew && Number.isFinite(shorterMs) ? shorterMs / 8 : undefined
}

// The longest that browsers keep a cookie (RFC 6265bis 5.5), whatever `max` asks of them.
const BROWSER_MAX_MS = 400 * 86_400_000
