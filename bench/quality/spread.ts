import { createSeededRandom, type Upstream } from '@holdfast/core'
import { spreadOf } from '../lib/statistics.js'
import { createUpstream } from '../micro/upstreams.js'
import { fleets, hashed, open, peakToMean, plain, routesOf, SERVERS, sessions } from './fleets.js'

const LOAD_FACTOR = 1.25
// The bound is rounded up to whole requests, which a few hundred a server hide.
const AT_ONCE = 5_000
const CHANGES = 20_000

const bounded = { balance: { ...hashed.balance, loadFactor: LOAD_FACTOR } } as const

/** How unevenly the sessions themselves are spread: fleet by fleet, the fullest server. */
function keysOf(balance: typeof hashed | typeof plain): readonly number[] {
  return fleets.map((fleet) => {
    const counts = new Map(fleet.slice(0, SERVERS).map((address) => [address, 0]))
    for (const address of routesOf(fleet.slice(0, SERVERS), balance)) {
      counts.set(address, (counts.get(address) ?? 0) + 1)
    }
    return peakToMean([...counts.values()])
  })
}

/** Requests at the same time: as they pile up to `AT_ONCE`, and the worst while they come and go. */
function requestsOf(balance: typeof hashed): { full: number[]; changing: number[] } {
  const random = createSeededRandom(7)
  const any = (): string => sessions[random.below(sessions.length)] ?? ''
  const full: number[] = []
  const changing: number[] = []
  for (const fleet of fleets) {
    const upstream = createUpstream(0, { ...balance, servers: fleet.slice(0, SERVERS) })
    const requests = Array.from({ length: AT_ONCE }, () => open(upstream, any()))
    full.push(peakOf(upstream))
    let worst = 0
    for (let change = 0; change < CHANGES; change += 1) {
      const one = random.below(AT_ONCE)
      requests[one]?.()
      requests[one] = open(upstream, any())
      if (change % 100 === 0) worst = Math.max(worst, peakOf(upstream))
    }
    changing.push(worst)
  }
  return { full, changing }
}

function peakOf({ servers }: Upstream): number {
  return peakToMean(servers.map(({ active }) => active))
}

const unbounded = requestsOf(hashed)
const kept = requestsOf(bounded)
process.stdout.write(
  JSON.stringify({
    ring: spreadOf(keysOf(hashed)),
    plain: spreadOf(keysOf(plain)),
    requests: spreadOf(unbounded.full),
    requestsChanging: spreadOf(unbounded.changing),
    bounded: spreadOf(kept.full),
    boundedChanging: spreadOf(kept.changing),
    // A bound is kept or not: the worst of all moments of all fleets.
    boundedWorst: spreadOf([Math.max(...kept.full, ...kept.changing)]),
  }),
)
