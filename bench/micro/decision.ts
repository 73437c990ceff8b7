import {
  type Dispatcher,
  type Lease,
  outcomes,
  type RequestFacts,
  type UpstreamOptions,
} from '@holdfast/core'
import { nanosecondsOf } from './timing.js'
import { createUpstream, factsOf } from './upstreams.js'

const SESSIONS = 1_024

const sticky = { cookie: 'srv_id', keys: ['a key for nothing but this benchmark'] }

/** What decides where the requests go. */
const ways: Readonly<Record<string, Partial<UpstreamOptions>>> = {
  cookie: { sticky },
  key: { balance: { hash: '$cookie_session' } },
  turn: { balance: 'round-robin' },
}

const [way = 'cookie', servers = '3'] = process.argv.slice(2)
const upstream = createUpstream(Number(servers), ways[way] ?? {})
const rules = upstream.rules()

/** Answers every attempt at once. */
const answering: Dispatcher & { lease: Lease | undefined } = {
  lease: undefined,
  dispatch(lease) {
    this.lease = lease
    lease.answered(200)
    lease.moved(0, 6)
    lease.release(outcomes.ok)
  },
}

/** From a request's facts to the books closed on it. */
function decide(facts: RequestFacts): string | undefined {
  const passage = upstream.admit(facts, rules)
  passage.begin(answering)
  const { server, verdict, binding } = passage
  const line =
    server &&
    verdict &&
    upstream.cookie?.setCookie({ binding, server, verdict, facts: passage.facts })
  passage.end()
  return line
}

const requests = Array.from({ length: SESSIONS }, (_, session) => {
  const first = factsOf(session, `session=s${session * 7919}`)
  const line = decide(first) ?? ''
  const own = line.slice(0, line.indexOf(';'))
  return factsOf(session, own === '' ? first.cookies : `${first.cookies}; ${own}`)
})

let turn = 0
const decision = nanosecondsOf(() => {
  turn = (turn + 1) % SESSIONS
  return decide(requests[turn] as RequestFacts)
})
process.stdout.write(JSON.stringify({ decision }))
