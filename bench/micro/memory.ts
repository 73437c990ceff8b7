import { type Dispatcher, outcomes, type Upstream } from '@holdfast/core'
import { spreadOf } from '../lib/statistics.js'
import { createUpstream, factsOf } from './upstreams.js'

const SERVERS = 500
// As many as the core remembers of late: its memory is full and in the same state after each lot.
const SESSIONS = 16_384

const hashed = { balance: { hash: '$remote_addr' } } as const
const sealed = { sticky: { cookie: 'srv_id', keys: ['a key for nothing but this benchmark'] } }

function bytesInUse(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const answering: Dispatcher = {
  dispatch(lease) {
    lease.answered(200)
    lease.release(outcomes.ok)
  },
}

/** Every session comes twice: without its cookie, and with it. */
function serve(upstream: Upstream, from: number): void {
  const rules = upstream.rules()
  for (let session = from; session < from + SESSIONS; session += 1) {
    let cookies = ''
    for (let visit = 0; visit < 2; visit += 1) {
      const passage = upstream.admit(factsOf(session, cookies), rules)
      passage.begin(answering)
      const { server, verdict, binding, facts } = passage
      const line =
        server && verdict && upstream.cookie?.setCookie({ binding, server, verdict, facts })
      cookies = line?.slice(0, line.indexOf(';')) ?? ''
      passage.end()
    }
  }
}

/** What a session leaves behind once what is remembered of late has filled up. */
function bytesASession(upstream: Upstream): number {
  serve(upstream, 0)
  serve(upstream, SESSIONS)
  const before = bytesInUse()
  serve(upstream, 2 * SESSIONS)
  return (bytesInUse() - before) / SESSIONS
}

const few = createUpstream(2, hashed)
serve(few, 0)
const before = bytesInUse()
const many = createUpstream(SERVERS + 2, hashed)
serve(many, 0)
const bytesAServer = (bytesInUse() - before) / SERVERS

process.stdout.write(
  JSON.stringify({
    server: spreadOf([bytesAServer]),
    cookieSession: spreadOf([bytesASession(createUpstream(3, sealed))]),
    hashSession: spreadOf([bytesASession(many)]),
  }),
)
