import type { Clock } from '../kernel/clock.js'
import { Emitter, type Event } from '../kernel/event.js'
import { identity, type Pool } from '../servers/pool.js'
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
  /** Occurs when the other replicas should hear of a session: by digest, and server by identity. */
  readonly learned: Event<Learned>
  /** Takes what another replica says of a session; of a server that is no member here, nothing. */
  adopt(digest: string, server: string): void
}

type Learned = Pick<LearnedSession, 'digest' | 'server'>

/** nginx's `sticky learn` (nginx/semantics 2.6): no cookie of our own, only the server's id. */
export function createLearnAffinity(config: LearnConfig, ports: LearnPorts): LearnAffinity {
  return new Learn(config, ports)
}

export interface LearnPorts {
  readonly clock: Clock
  /** Told of the session that a server has answered, by its digest. */
  readonly onSession?: ((server: Server, id: string) => void) | undefined
}

class Learn implements LearnAffinity {
  readonly at: 'head' | 'end'
  readonly looksAtBody: boolean
  readonly learned: Emitter<Learned> = new Emitter<Learned>()
  readonly #lookup: KeyReader
  readonly #create: readonly LearnReader[]
  readonly #clock: Clock
  readonly #onSession: LearnPorts['onSession']
  readonly #sessions: SessionTable
  readonly #tellAgainS: number
  #bindings: ReadonlyMap<string, Binding> = new Map()

  constructor(
    { lookup, create, header, size, timeoutS }: LearnConfig,
    { clock, onSession }: LearnPorts,
  ) {
    // A source that looks at the body has the head and what follows at once: nothing to wait for.
    this.looksAtBody = create.some((source) => typeof source === 'function')
    this.at = header || this.looksAtBody ? 'head' : 'end'
    this.#lookup = compileKeys(lookup)
    this.#create = create.map(compileLearn)
    this.#clock = clock
    this.#onSession = onSession
    this.#sessions = new SessionTable(size, timeoutS)
    this.#tellAgainS = timeoutS / 2
  }

  get size(): number {
    return this.#sessions.size
  }

  follow(pool: Pool): void {
    this.#bindings = new Map(
      pool.servers.map((server) => [identity(server.config), bindingTo(server)]),
    )
  }

  read(facts: RequestFacts): Binding {
    const session = this.#find(facts)
    if (session === undefined) return unbound
    return this.#bindings.get(session.server) ?? removed
  }

  learn(facts: RequestFacts, server: Server, answer: Answer): void {
    const home = identity(server.config)
    const nowS = this.#nowS()
    const created = this.#idIn(answer)
    // An id that the client brought may only renew what is known: else it could fill the table.
    const session =
      created === ''
        ? this.#find(facts)
        : (this.#sessions.use(created, nowS) ?? this.#sessions.put(created, home, nowS))
    if (session === undefined) return
    this.#settle(session, home, nowS)
    this.#onSession?.(server, session.digest)
  }

  adopt(digest: string, server: string): void {
    if (this.#bindings.has(server)) this.#sessions.adopt(digest, server, this.#nowS())
  }

  #find(facts: RequestFacts): LearnedSession | undefined {
    const id = this.#lookup(facts)
    const nowS = this.#nowS()
    const session = id === '' ? undefined : this.#sessions.use(id, nowS)
    if (session !== undefined) this.#settle(session, session.server, nowS)
    return session
  }

  /** Tells the others what is news to them, and once more before they would forget it. */
  #settle(session: LearnedSession, server: string, nowS: number): void {
    const isNews = session.server !== server || nowS - session.toldS > this.#tellAgainS
    session.server = server
    if (!isNews) return
    session.toldS = nowS
    this.learned.emit(session)
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

function bindingTo(server: Server): Binding {
  return Object.freeze({ ...unbound, source: 'learn' as const, server })
}

const removed: Binding = Object.freeze({
  ...unbound,
  source: 'learn' as const,
  lost: 'removed' as const,
})
