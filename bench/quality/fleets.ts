import { createSeededRandom, outcomes, type Upstream, type UpstreamOptions } from '@holdfast/core'
import { createUpstream, factsOf } from '../micro/upstreams.js'

export const SERVERS = 10
const SEED = 20_261_125
const FLEETS = 24
const SESSIONS = 30_000

/**
 * Fleets as they are in the wild: where a ring puts a server depends on its address alone, so one
 * fleet says nothing. Each has one server more than `SERVERS`, for the one that joins.
 */
export const fleets: readonly (readonly string[])[] = makeFleets()

/** Session ids as applications make them: 16 random bytes. */
export const sessions: readonly string[] = makeSessions()

export const hashed = { balance: { hash: '$cookie_session' } } as const
export const plain = { balance: { hash: '$cookie_session', consistent: false } } as const

/** Where every session goes: the server's address. */
export function routesOf(
  servers: UpstreamOptions['servers'],
  balance: Pick<UpstreamOptions, 'balance'>,
): readonly string[] {
  const upstream = createUpstream(0, { ...balance, servers })
  return sessions.map((session) => {
    let address = ''
    const passage = upstream.admit(factsOf(0, `session=${session}`), upstream.rules())
    passage.begin({
      dispatch(lease) {
        address = lease.server.address
        lease.release(outcomes.ok)
      },
    })
    passage.end()
    return address
  })
}

/** The load of the fullest against that of the average. */
export function peakToMean(loads: readonly number[]): number {
  const all = loads.reduce((sum, load) => sum + load, 0)
  return (Math.max(...loads) * loads.length) / all
}

/** Begins a request of a session and leaves it open; the function that is returned ends it. */
export function open(upstream: Upstream, session: string): () => void {
  const passage = upstream.admit(factsOf(0, `session=${session}`), upstream.rules())
  let close = (): void => {}
  passage.begin({
    dispatch(lease) {
      close = () => {
        lease.release(outcomes.ok)
        passage.end()
      }
    },
  })
  return close
}

function makeFleets(): string[][] {
  const random = createSeededRandom(SEED)
  const kinds: ReadonlyArray<(index: number, own: number) => string> = [
    // Machines in a row, containers all over a network, processes of one machine, names.
    (index, own) => `10.${own & 63}.${own >> 6}.${10 + index}:8080`,
    () => `10.${random.below(64)}.${random.below(256)}.${1 + random.below(254)}:3000`,
    (index, own) => `127.0.0.1:${3000 + own + index}`,
    (index, own) => `shop-${index}.shop${own}.internal:8080`,
  ]
  return Array.from({ length: FLEETS }, (_, fleet) => {
    const own = random.below(4_096)
    const address = kinds[fleet % kinds.length]
    return Array.from({ length: SERVERS + 1 }, (_, index) => address?.(index, own) ?? '')
  })
}

function makeSessions(): string[] {
  const random = createSeededRandom(SEED + 1)
  const bytes = Buffer.alloc(16)
  return Array.from({ length: SESSIONS }, () => {
    random.fill(bytes)
    return bytes.toString('hex')
  })
}
