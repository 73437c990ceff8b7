import {
  createSystemRandom,
  type RequestFacts,
  systemClock,
  Upstream,
  type UpstreamOptions,
} from '@holdfast/core'

export function createUpstream(servers: number, options: Partial<UpstreamOptions>): Upstream {
  return new Upstream(
    { name: 'bench', servers: addresses(servers), ...options },
    { clock: systemClock, random: createSystemRandom() },
  )
}

export function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.0.${i >> 8}.${i & 255}:8080`)
}

/** The facts of the request that session `index` sends. */
export function factsOf(index: number, cookies: string): RequestFacts {
  return {
    method: 'GET',
    target: `/items/${index}`,
    scheme: 'https',
    host: 'shop.example.com',
    remoteAddress: `203.0.${(index >> 8) & 255}.${index & 255}`,
    socketAddress: '127.0.0.1',
    cookies,
    header: () => '',
    request: undefined,
  }
}
