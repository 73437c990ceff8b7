import type { RequestFacts } from '@holdfast/core'
import { nanosecondsOf } from './timing.js'
import { createUpstream, factsOf } from './upstreams.js'

// More than twice what the core remembers, so that every value has been forgotten when it returns.
const MANY = 40_000
const FEW = 1_024
const OTHERS = 20

const upstream = createUpstream(3, {
  sticky: { cookie: 'srv_id', keys: ['a key for nothing but this benchmark'] },
})
const { cookie, servers } = upstream
const [server] = servers
if (cookie === undefined || server === undefined) throw new Error('There is nothing to measure')

/** The Set-Cookie line for a session that begins. */
function begin(): string {
  const facts = factsOf(0, '')
  const binding = cookie?.read(facts)
  const line = binding && server && cookie?.setCookie({ binding, server, verdict: 'new', facts })
  return line ?? ''
}

function requests(count: number, cookies: (own: string) => string): readonly RequestFacts[] {
  return Array.from({ length: count }, (_, i) => {
    const line = begin()
    return factsOf(i, cookies(line.slice(0, line.indexOf(';'))))
  })
}

/** Reads the requests' cookies one after the other, round and round. */
function reading(of: readonly RequestFacts[]): () => unknown {
  let turn = 0
  return () => {
    turn = (turn + 1) % of.length
    return cookie?.read(of[turn] as RequestFacts)
  }
}

const others = Array.from({ length: OTHERS }, (_, i) => `preference_${i}=value-${i}`).join('; ')

process.stdout.write(
  JSON.stringify({
    seal: nanosecondsOf(begin),
    open: nanosecondsOf(reading(requests(MANY, (own) => own))),
    remembered: nanosecondsOf(reading(requests(FEW, (own) => own))),
    last: nanosecondsOf(reading(requests(FEW, (own) => `${others}; ${own}`))),
    absent: nanosecondsOf(reading(requests(FEW, () => others))),
    // The last characters are the tag's: all is as it should be, but for who sealed it.
    forged: nanosecondsOf(reading(requests(FEW, (own) => `${own.slice(0, -6)}AAAAAA`))),
  }),
)
