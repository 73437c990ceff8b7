import { createSeededRandom, type Random, type UpstreamConfig } from '@holdfast/core'
import type { Sketch } from './sketch.js'

/** One session, as far as it matters where it goes, and how much it asks for. */
export interface Visitor {
  readonly sketch: Sketch
  readonly requests: number
}

/** What the keys of upstreams are read from. */
interface KeyPlaces {
  readonly cookies: readonly string[]
  readonly headers: readonly string[]
  readonly args: readonly string[]
}

/** Made up, but the same in every run. */
export function syntheticVisitors(count: number, configs: readonly UpstreamConfig[]): Visitor[] {
  const random = createSeededRandom(1)
  const places = placesOf(configs)
  return Array.from({ length: count }, () => visitor(hexOf(random), addressOf(random), places))
}

/** A sample of keys, one a session: what every cookie, header and argument that counts says. */
export function sampledVisitors(
  keys: readonly string[],
  configs: readonly UpstreamConfig[],
): Visitor[] {
  const random = createSeededRandom(1)
  const places = placesOf(configs)
  return keys.map((key) =>
    visitor(key, /^[\da-f.:]+$/i.test(key) ? key : addressOf(random), places),
  )
}

/**
 * The clients of an access log, by the address at the start of each line; the cookies that they
 * had are not in it, and are made up.
 */
export function loggedVisitors(
  lines: readonly string[],
  configs: readonly UpstreamConfig[],
): Visitor[] {
  const random = createSeededRandom(1)
  const places = placesOf(configs)
  const requests = new Map<string, number>()
  for (const line of lines) {
    const [address = ''] = line.split(/[\s,]/, 1)
    if (/^[\da-f.:]+$/i.test(address)) requests.set(address, (requests.get(address) ?? 0) + 1)
  }
  return [...requests].map(([address, count]) => ({
    ...visitor(hexOf(random), address, places),
    requests: count,
  }))
}

function visitor(
  key: string,
  remoteAddress: string,
  { cookies, headers, args }: KeyPlaces,
): Visitor {
  const query = args.map((name) => `${name}=${key}`).join('&')
  const sketch = {
    remoteAddress,
    target: `/${encodeURIComponent(key)}${query === '' ? '' : `?${query}`}`,
    cookies: cookies.map((name) => `${name}=${key}`).join('; '),
    headers: new Map(headers.map((name) => [name, key])),
  }
  return { sketch, requests: 1 }
}

/** The names in the key expressions of upstreams. */
function placesOf(configs: readonly UpstreamConfig[]): KeyPlaces {
  const expressions = configs
    .flatMap(({ hashKey, sticky }) => [
      ...(hashKey?.keys ?? []),
      ...(sticky?.kind === 'route' ? sticky.route : []),
      ...(sticky?.kind === 'learn' ? sticky.lookup : []),
    ])
    .map(String)
  const named = (kind: string): readonly string[] => {
    const pattern = new RegExp(`\\$\\{?${kind}_([\\w.-]+)`, 'g')
    return [
      ...new Set(
        expressions.flatMap((text) => Array.from(text.matchAll(pattern), ([, name = '']) => name)),
      ),
    ]
  }
  return {
    cookies: named('cookie'),
    headers: named('http').map((name) => name.toLowerCase().replaceAll('_', '-')),
    args: named('arg'),
  }
}

function hexOf(random: Random): string {
  const bytes = Buffer.alloc(12)
  random.fill(bytes)
  return bytes.toString('hex')
}

function addressOf(random: Random): string {
  return [random.below(223) + 1, random.below(256), random.below(256), random.below(254) + 1].join(
    '.',
  )
}
