import type { Clock } from '../kernel/clock.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import { type Affinity, type Binding, unbound } from './binding.js'
import type { LearnConfig } from './config.js'
import type { RequestFacts } from './facts.js'
import type { KeyReader } from './key-expression.js'
import { compileKeys } from './keys.js'
import { type Answer, compileLearn, type LearnReader } from './learn-source.js'
import { type LearnedSession, SessionTable } from './session-table.js'

/** The affinity that learns from answers which session belongs to which server. */
export interface LearnAffinity extends Affinity {
  /** When answers are to be shown: as soon as the head is there, or when the answer has ended. */
  readonly at: 'head' | 'end'
  /** Whether some source looks at the body, so that the first of it must be waited for. */
  readonly looksAtBody: boolean
  /** Shows an answer that `server` gave. */
  learn(facts: RequestFacts, server: Server, answer: Answer): void
  /** Sessions that are known now. */
  readonly size: number
}

/** nginx's `sticky learn` (nginx/semantics 2.6): no cookie of our own, only the server's id. */
export function createLearnAffinity(config: LearnConfig, clock: Clock): LearnAffinity {
  return new Learn(config, clock)
}

class Learn implements LearnAffinity {
  readonly at: 'head' | 'end'
  readonly looksAtBody: boolean
  readonly #lookup: KeyReader
  readonly #create: readonly LearnReader[]
  readonly #clock: Clock
  readonly #sessions: SessionTable
  #bindings: ReadonlyMap<string, Binding> = new Map()

  constructor({ lookup, create, header, size, timeoutS }: LearnConfig, clock: Clock) {
    // A source that looks at the body has the head and what follows at once: nothing to wait for.
    this.looksAtBody = create.some((source) => typeof source === 'function')
    this.at = header || this.looksAtBody ? 'head' : 'end'
    this.#lookup = compileKeys(lookup)
    this.#create = create.map(compileLearn)
    this.#clock = clock
    this.#sessions = new SessionTable(size, timeoutS)
  }

  get size(): number {
    return this.#sessions.size
  }

  follow(pool: Pool): void {
    this.#bindings = new Map(pool.servers.map((server) => [serverKey(server), bindingTo(server)]))
  }

  read(facts: RequestFacts): Binding {
    const session = this.#find(facts)
    if (session === undefined) return unbound
    return this.#bindings.get(session.server) ?? removed
  }

  learn(facts: RequestFacts, server: Server, answer: Answer): void {
    const created = this.#idIn(answer)
    if (created !== '') {
      this.#sessions.put(created, serverKey(server), this.#nowS())
      return
    }
    // An id that the client brought may only renew what is known: else it could fill the table.
    const session = this.#find(facts)
    if (session !== undefined) session.server = serverKey(server)
  }

  #find(facts: RequestFacts): LearnedSession | undefined {
    const id = this.#lookup(facts)
    return id === '' ? undefined : this.#sessions.use(id, this.#nowS())
  }

  #idIn(answer: Answer): string {
    for (const read of this.#create) {
      const id = read(answer)
      if (id !== '') return id
    }
    return ''
  }

  #nowS(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

/** What a session remembers of its server; another incarnation is another server. */
function serverKey({ address, config }: Server): string {
  return `${address} ${config.incarnation}`
}

function bindingTo(server: Server): Binding {
  return Object.freeze({ ...unbound, source: 'learn' as const, server })
}

const removed: Binding = Object.freeze({
  ...unbound,
  source: 'learn' as const,
  lost: 'removed' as const,
})
