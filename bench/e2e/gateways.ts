import { caddyArgs, caddyEnvironment, caddyGateway } from './programs/caddy.js'
import { haproxyArgs, haproxyGateway } from './programs/haproxy.js'
import { nginxArgs, nginxGateway } from './programs/nginx.js'

/** A gateway that the load is put on, with the settings that its documentation gives. */
export type Gateway = {
  readonly name: string
  /** What a reader of the results must know of it. */
  readonly settings: string
} & (
  | {
      readonly kind: 'node'
      /** From the package's root; started with the servers' addresses. */
      readonly file: string
      /** The package whose version counts. */
      readonly package: string
    }
  | {
      readonly kind: 'program'
      readonly program: string
      /** What makes it print its version. */
      readonly version: string
      /** @param folder where the configuration has been written, as `config`; its own to use. */
      readonly args: (folder: string) => readonly string[]
      readonly environment?: (folder: string) => Readonly<Record<string, string>>
      readonly config: (port: number, servers: readonly string[]) => string
    }
)

const node = <Name extends string>(name: Name, of: string, settings: string) =>
  ({ kind: 'node', name, package: of, settings, file: `e2e/gateways/${name}.js` }) as const

/**
 * One entry a gateway: what is not installed is reported as absent. Those that figures compare come
 * first and take their turns next to one another.
 */
export const gateways = [
  node(
    'holdfast',
    '@holdfast/plugin',
    'sealed cookie, round robin, health and statistics; no logging',
  ),
  node('reply-from', '@fastify/reply-from', 'round robin, no affinity; no logging'),
  node('floor', 'undici', 'node:http and undici dispatch, round robin, no features'),
  {
    kind: 'program',
    name: 'caddy',
    settings: 'lb_policy cookie; GOMAXPROCS=1',
    program: 'caddy',
    version: 'version',
    args: caddyArgs,
    environment: caddyEnvironment,
    config: caddyGateway,
  },
  {
    kind: 'program',
    name: 'nginx',
    settings: 'hash $http_cookie consistent, keepalive 64; one worker',
    program: 'nginx',
    version: '-v',
    args: nginxArgs,
    config: nginxGateway,
  },
  {
    kind: 'program',
    name: 'haproxy',
    settings: 'cookie insert indirect nocache, roundrobin, checks; nbthread 1',
    program: 'haproxy',
    version: '-v',
    args: haproxyArgs,
    config: haproxyGateway,
  },
  node(
    'fastify-http-proxy',
    '@fastify/http-proxy',
    'round robin, no affinity, websocket: true; no logging',
  ),
  node('http-proxy-3', 'http-proxy-3', 'round robin, no affinity, keep-alive agent'),
  node(
    'http-proxy-middleware',
    'http-proxy-middleware',
    'router: round robin, no affinity, keep-alive agent; on node:http',
  ),
] as const satisfies readonly Gateway[]

export type GatewayName = (typeof gateways)[number]['name']

/** In the order in which they take their turns. */
export const gatewayNames: readonly GatewayName[] = gateways.map(({ name }) => name)

export function gatewayNamed(name: GatewayName): Gateway {
  const found: Gateway | undefined = gateways.find((gateway) => gateway.name === name)
  if (found === undefined) throw new RangeError(`There is no gateway ${name}`)
  return found
}
