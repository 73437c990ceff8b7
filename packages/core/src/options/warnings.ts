import type { CookieConfig } from '../affinity/config.js'
import type { UpstreamConfig } from '../config.js'
import { KEY_ADVICE, weakness } from './secret.js'
import type { StickyOptions, UpstreamOptions } from './types.js'

/** What is allowed but deserves a word at start. */
export function warningsOf(
  options: UpstreamOptions,
  { sticky, servers }: Pick<UpstreamConfig, 'sticky' | 'servers'>,
  path: string,
): readonly string[] {
  return [
    ...(sticky?.kind === 'cookie' ? cookieWarnings(options.sticky, sticky, `${path}.sticky`) : []),
    ...sharedRoutes(servers, `${path}.servers`),
  ]
}

function* cookieWarnings(
  options: StickyOptions | undefined,
  { format, keys, style }: CookieConfig,
  path: string,
): Generator<string> {
  const chosen = options !== undefined && 'value' in options && options.value !== undefined
  if (format === 'md5' && style === 'holdfast' && !chosen) {
    yield `${path}: without keys the cookie is nginx's md5, which anyone can forge; set keys (${KEY_ADVICE}) to seal it, or value: 'md5' to accept that`
  }
  const keyed = format === 'sealed' || format.startsWith('hmac-')
  if (!keyed && keys.length > 0) {
    yield `${path}.keys: value '${format}' uses no keys; 'sealed' or 'hmac-sha256' would`
  }
  if (format.startsWith('hmac-')) {
    for (const [index, key] of keys.entries()) {
      const problem = weakness(key)
      if (problem !== undefined) yield `${path}.keys[${index}]: ${problem}; ${KEY_ADVICE}`
    }
  }
}

// As in nginx, which does not go on to the second when the first is away.
function* sharedRoutes(servers: UpstreamConfig['servers'], path: string): Generator<string> {
  const first = new Map<string, number>()
  for (const [index, { route }] of servers.entries()) {
    if (route === undefined) continue
    const owner = first.get(route)
    if (owner === undefined) first.set(route, index)
    else yield `${path}[${index}].route: servers[${owner}] has this route too and gets its sessions`
  }
}
