import {
  createSystemRandom,
  outcomes,
  type Passage,
  type RequestFacts,
  type Server,
  systemClock,
  Upstream,
} from '@holdfast/core'
import type { UpstreamEntry } from '../config/types.js'
import { factsOf } from './sketch.js'
import type { Visitor } from './visitors.js'

/** What a change of one upstream does to its sessions. */
export interface UpstreamPlan {
  readonly upstream: string
  readonly sessions: number
  readonly moved: number
  /** By the reason: those of the plugin, `key` and `renamed`. */
  readonly reasons: Readonly<Record<string, number>>
  /** Cookies that lead nowhere any more, or to nobody who reads them. */
  readonly invalidCookies: number
  /** Shares of the requests, by server. */
  readonly load: Readonly<Record<string, { readonly before: number; readonly after: number }>>
}

/** Takes every visitor to the one upstream, and then with what it was given to the other. */
export function planUpstream(
  before: UpstreamEntry,
  after: UpstreamEntry,
  visitors: readonly Visitor[],
): UpstreamPlan {
  const [old, next] = [before, after].map(({ options }) => new Side(options)) as [Side, Side]
  const reasons: Record<string, number> = {}
  const loads = new Map<string, { before: number; after: number }>()
  const loadOf = (address: string): { before: number; after: number } => {
    const load = loads.get(address) ?? { before: 0, after: 0 }
    loads.set(address, load)
    return load
  }
  for (const { address } of [...old.servers, ...next.servers]) loadOf(address)
  let [moved, invalidCookies, requests] = [0, 0, 0]
  for (const visitor of visitors) {
    const first = old.visit(factsOf(visitor.sketch))
    const cookies = [visitor.sketch.cookies ?? '', first.cookie].filter((one) => one !== '')
    const facts = factsOf({ ...visitor.sketch, cookies: cookies.join('; ') })
    const second = next.visit(
      facts,
      before.config.sticky?.kind === 'learn' ? first.server : undefined,
    )
    requests += visitor.requests
    if (first.server !== undefined) loadOf(first.server.address).before += visitor.requests
    if (second.server !== undefined) loadOf(second.server.address).after += visitor.requests
    if (first.cookie !== '' && isInvalid(second.passage)) invalidCookies += 1
    if (!holds(before) || first.server?.address === second.server?.address) continue
    moved += 1
    const reason = reasonOf(first, second)
    reasons[reason] = (reasons[reason] ?? 0) + 1
  }
  return {
    upstream: after.config.name,
    sessions: visitors.length,
    moved,
    reasons,
    invalidCookies,
    load: Object.fromEntries(
      [...loads].map(([address, load]) => [
        address,
        { before: load.before / requests, after: load.after / requests },
      ]),
    ),
  }
}

/** Whether an upstream keeps sessions at all. */
function holds({ config: { sticky, balance } }: UpstreamEntry): boolean {
  return sticky !== undefined || balance.kind === 'hash' || balance.kind === 'ip-hash'
}

interface Visit {
  readonly server: Server | undefined
  readonly passage: Passage
  /** What the answer would set, as a request brings it back; empty where nothing. */
  readonly cookie: string
}

function isInvalid({ binding }: Passage): boolean {
  if (binding.server !== undefined) return false
  return binding.lost !== 'removed' && binding.lost !== 'replaced'
}

function reasonOf(first: Visit, { passage }: Visit): string {
  if (passage.moved !== undefined) return passage.moved
  if (first.cookie === '') return 'key'
  // The cookie is read, and means another server now; or it is not looked for any more.
  return passage.binding.server === undefined ? 'unread' : 'renamed'
}

/** One of the two configurations, with every server well. */
class Side {
  readonly #upstream: Upstream
  readonly #rules: ReturnType<Upstream['rules']>

  constructor(options: UpstreamEntry['options']) {
    this.#upstream = new Upstream(options, { clock: systemClock, random: createSystemRandom() })
    this.#rules = this.#upstream.rules()
  }

  get servers(): readonly Server[] {
    return this.#upstream.servers
  }

  /** @param learned where the session is known to be; its own replicas remember that. */
  visit(facts: RequestFacts, learned?: Server): Visit {
    const passage = this.#upstream.admit(facts, this.#rules)
    passage.begin({
      // The next visitor finds the server as idle as this one did.
      dispatch: (lease) => lease.release(outcomes.ok),
    })
    const remembered = learned && this.servers.find(({ address }) => address === learned.address)
    const server = remembered?.mode === 'down' ? passage.server : (remembered ?? passage.server)
    return { passage, server, cookie: this.#cookie(facts, passage) }
  }

  #cookie(facts: RequestFacts, { binding, server, verdict }: Passage): string {
    if (server === undefined || verdict === undefined) return ''
    const line = this.#upstream.cookie?.setCookie({ binding, server, verdict, facts })
    return line?.split(';', 1)[0] ?? ''
  }
}
