import { type Affinity, type CookieAffinity, unbound } from './affinity/binding.js'
import { createCookieAffinity } from './affinity/cookie.js'
import type { RequestFacts } from './affinity/facts.js'
import { compileKeys } from './affinity/keys.js'
import { createLearnAffinity, type LearnAffinity } from './affinity/learn.js'
import { createRouteAffinity } from './affinity/route.js'
import { Ground } from './attempt/ground.js'
import { Passage, type PassageRules } from './attempt/passage.js'
import { RetryBudget } from './attempt/retry-budget.js'
import type { RetryConfig, UpstreamConfig } from './config.js'
import { Membership, type Place, places, sameServers } from './discovery/membership.js'
import type { Fleet } from './fleet/fleet.js'
import type { Member } from './fleet/member.js'
import { ActiveChecks, type CheckPorts } from './health/checks.js'
import { Ejection } from './health/ejection.js'
import { healthOf } from './health/passive.js'
import type { Clock } from './kernel/clock.js'
import { OptionError } from './kernel/errors.js'
import { Emitter } from './kernel/event.js'
import type { Random } from './kernel/random.js'
import { DiscoveredReader } from './options/discovered.js'
import { parseUpstreamOptions } from './options/options.js'
import type { ServerOptions, UpstreamOptions } from './options/types.js'
import { createPicker } from './picker/create-picker.js'
import { Rings } from './picker/ring.js'
import { createPool, nextVersion, type Pool } from './servers/pool.js'
import { Selection } from './servers/selection.js'
import type { Override, Server, ServerConfig } from './servers/server.js'
import { modesOf, startSlowlyAfter } from './servers/slow-start.js'
import { captureUpstream } from './stats/capture.js'
import { UpstreamCounters } from './stats/counters.js'
import type { UpstreamSnapshot } from './stats/snapshot.js'
import { HealthKeeper, type UpstreamEvent } from './upstream-health.js'

/** What an upstream takes from outside. */
export interface UpstreamPorts {
  readonly clock: Clock
  readonly random: Random
}

/** What may change while the upstream serves. */
export interface UpstreamUpdate {
  /** The whole new list; servers that stay keep their health and counters. */
  readonly servers?: ReadonlyArray<ServerOptions | string> | undefined
  /** The new cookie keys, newest first. */
  readonly keys?: readonly string[] | undefined
}

/** Who has joined and who has left, by id. */
export interface MembershipChange {
  readonly joined: readonly string[]
  readonly left: readonly string[]
}

/** How an operator's word is meant. */
export interface OverrideTerms {
  /** After so long it is as if it had never been said; 0, the default, is never. */
  readonly ttlMs?: number | undefined
  /** Also where no server would be left that takes requests. Default: `false`. */
  readonly force?: boolean | undefined
}

/** How one registration differs from the upstream's own options. */
export interface AdmitRules {
  readonly retry?: RetryConfig | undefined
  /** `false` ignores and sets no bindings. */
  readonly sticky?: boolean | undefined
}

/** A named group of servers: where a request's facts become a server. */
export class Upstream {
  readonly name: string
  readonly events: Emitter<UpstreamEvent> = new Emitter<UpstreamEvent>()

  /** The affinity that wants to be shown answers, where the upstream has one. */
  readonly learn: LearnAffinity | undefined

  readonly #ports: UpstreamPorts
  readonly #affinity: Affinity | undefined
  readonly #cookie: ReturnType<typeof createCookieAffinity> | undefined
  readonly #readKey: ((facts: RequestFacts) => string) | undefined
  readonly #counters: UpstreamCounters
  readonly #budgets = new Map<string, RetryBudget>()
  readonly #health: HealthKeeper
  readonly #ground: Ground
  readonly #rings = new Rings()
  readonly #membership: Membership
  readonly #discovered: DiscoveredReader
  #members: readonly ServerConfig[] | undefined
  #renewedMs = 0
  #checks: ActiveChecks | undefined
  #options: UpstreamOptions
  #config: UpstreamConfig

  /** @throws OptionError for options that are wrong; its path starts with `path`. */
  constructor(options: UpstreamOptions, ports: UpstreamPorts, path = 'upstream') {
    this.#options = options
    this.#config = parseUpstreamOptions(options, path)
    this.#ports = ports
    this.name = this.#config.name
    this.#counters = new UpstreamCounters(sessionWindowS(this.#config))
    const { sticky, hashKey } = this.#config
    const onSession = (server: Server, id: string): void => {
      this.#counters.of(server).sessions?.see(id, this.#nowS())
    }
    this.#cookie =
      sticky?.kind === 'cookie'
        ? createCookieAffinity(sticky, { ...ports, upstream: this.name, onSession })
        : undefined
    const { clock } = ports
    this.learn =
      sticky?.kind === 'learn' ? createLearnAffinity(sticky, { clock, onSession }) : undefined
    this.#affinity =
      this.#cookie ??
      this.learn ??
      (sticky?.kind === 'route' ? createRouteAffinity(sticky) : undefined)
    this.#health = new HealthKeeper({
      upstream: this.name,
      clock: ports.clock,
      counters: this.#counters,
      ejection: new Ejection(this.#config.ejection),
      events: this.events,
    })
    this.#readKey = hashKey && compileKeys(hashKey.keys, hashKey)
    this.#ground = new Ground(
      this.#config,
      ports.clock,
      this.#counters,
      (server, event, outcome, nowMs) => this.#health.record(server, event, outcome, nowMs),
    )
    this.#membership = new Membership(this.#config)
    this.#discovered = new DiscoveredReader(this.#config)
    this.#membership.arrange(placesOf(this.#config), this.#config)
    this.#renew()
  }

  get config(): UpstreamConfig {
    return this.#config
  }

  /** The affinity that sets cookies, where the upstream has one. */
  get cookie(): CookieAffinity | undefined {
    return this.#cookie
  }

  /** Short names of the cookie keys in use, newest first. */
  get keyIds(): readonly number[] {
    return this.#cookie?.keyIds ?? []
  }

  get servers(): readonly Server[] {
    return this.#ground.pool.servers
  }

  /** Reads what the request says about where it belongs; the passage then makes the attempts. */
  admit(facts: RequestFacts, rules: PassageRules): Passage {
    const selection = new Selection()
    selection.remoteAddress = facts.remoteAddress
    if (this.#readKey !== undefined) selection.key = this.#readKey(facts)
    const binding =
      rules.bindable && this.#affinity !== undefined ? this.#affinity.read(facts) : unbound
    return new Passage(this.#ground, rules, facts, binding, selection)
  }

  /** The rules for `admit`, made once a registration. */
  rules(own: AdmitRules = {}): PassageRules {
    const { sticky } = this.#config
    const { retry = this.#config.retry } = own
    return Object.freeze({
      retry,
      budget: this.#budgetOf(retry),
      fallback: sticky?.fallback ?? true,
      bindable: sticky !== undefined && own.sticky !== false,
      keyed: this.#readKey !== undefined || this.#config.balance.kind === 'ip-hash',
    })
  }

  /**
   * Changes membership or keys while requests are served.
   * @throws OptionError when the new state would be refused at start; nothing has changed then.
   */
  update(change: UpstreamUpdate): void {
    const options = withChange(this.#options, change)
    const config = parseUpstreamOptions(options, 'update')
    this.#options = options
    this.#config = config
    if (change.keys !== undefined && config.sticky?.kind === 'cookie') {
      this.#cookie?.rotate(config.sticky.keys)
    }
    if (change.servers === undefined) return
    this.#membership.arrange(placesOf(config), config)
    this.#renew()
  }

  /** Takes all servers that one of the configuration's names stands for now. */
  hear(name: string, servers: readonly ServerConfig[]): MembershipChange {
    this.#membership.hear(name, servers, this.#ports.clock.now())
    return this.#renew()
  }

  /**
   * Takes a list from `discover` as it came. One without a server is ignored.
   * @returns what changed, and what was wrong with the list.
   */
  hearDiscovered(list: unknown): MembershipChange & { readonly problems: readonly string[] } {
    const { servers, unclear, problems } = this.#discovered.read(list)
    if (servers.length === 0) {
      return { ...NO_CHANGE, problems: [...problems, 'names no server that can be used'] }
    }
    this.#membership.hear(DISCOVER, servers, this.#ports.clock.now(), unclear)
    return { ...this.#renew(), problems }
  }

  /** Lets time pass for members that settle or leave; to be called at `reviewDueMs`. */
  review(): MembershipChange {
    return this.#renew()
  }

  /** When `review` has something to do next, on the clock; Infinity when nobody comes or goes. */
  get reviewDueMs(): number {
    // Not since now: what has come due while the list was made would be missed for ever.
    return this.#membership.dueMs(this.#renewedMs)
  }

  /**
   * The operator's word on a server, which outlives changes of the list. An empty override goes
   * back to the configuration. Where health is shared, it holds for the whole fleet.
   * @throws OptionError when there is no server with this id, or when it is the last one that
   *   takes requests and would be down, unless `force` is set.
   */
  override(id: string, override: Override, by?: string, terms: OverrideTerms = {}): void {
    const { servers } = this.#ground.pool
    const server = servers.find(({ config }) => config.id === id)
    if (server === undefined) {
      throw new OptionError('server', `upstream ${this.name} has no server with this id`, id)
    }
    const { ttlMs = 0, force = false } = terms
    const othersUp = servers.some((other) => other !== server && other.mode === 'up')
    if (override.mode === 'down' && server.mode === 'up' && !othersUp && !force) {
      throw new OptionError('server', 'is the last one that takes requests; `force` takes it', id)
    }
    this.#override(server, override, by)
    this.#health.member?.override(server, override, by, ttlMs)
  }

  /** Shares health and overrides with the other replicas from now on. */
  join(fleet: Fleet): Member {
    const upstream = this
    const member = fleet.join({
      name: this.name,
      health: this.#health,
      sessions: this.learn,
      get servers() {
        return upstream.servers
      },
      override: (server, override, by) => this.#override(server, override, by),
    })
    this.#health.member = member
    return member
  }

  snapshot(): UpstreamSnapshot {
    const { balance, sticky } = this.#config
    return captureUpstream(
      {
        name: this.name,
        balance: balance.kind,
        sticky: sticky?.kind ?? null,
        pool: this.#ground.pool,
        counters: this.#counters,
        healthOf,
      },
      this.#ports.clock,
    )
  }

  /** Begins the active checks, if the options ask for any; without this none are made. */
  watch(ports: CheckPorts): void {
    const { checks } = this.#config
    if (checks === undefined) return
    this.#checks?.close()
    this.#checks = new ActiveChecks(checks, ports, this.#ports.random, (server) =>
      this.#health.onCondition(server, checks.fall),
    )
    this.#checks.follow(this.servers)
  }

  /** Ends the checks and forgets the listeners; leases that are out may still be released. */
  close(): void {
    this.#checks?.close()
    this.events.clear()
  }

  /** One budget for all rules with the same limits, so that many rules are no way round it. */
  #budgetOf({ budget }: RetryConfig): RetryBudget | undefined {
    if (budget === undefined) return undefined
    const limits = `${budget.ratio} ${budget.minPerSecond}`
    const known = this.#budgets.get(limits) ?? new RetryBudget(budget)
    this.#budgets.set(limits, known)
    return known
  }

  /** Makes the next version of the pool if the membership is another than before. */
  #renew(): MembershipChange {
    this.#renewedMs = this.#ports.clock.now()
    const members = this.#membership.list(this.#renewedMs)
    const { pool } = this.#ground
    if (this.#members !== undefined && sameServers(members, this.#members)) return NO_CHANGE
    this.#members = members
    const before = modesOf(pool.servers)
    const next = createPool(members, pool)
    if (pool.servers.length > 0) startSlowlyAfter(before, next.servers, this.#nowS())
    this.#follow(next)
    return { joined: missingIn(pool, next), left: missingIn(next, pool) }
  }

  #follow(pool: Pool): void {
    this.#affinity?.follow(pool)
    this.#health.follow(pool)
    this.#checks?.follow(pool.servers)
    const { balance } = this.#config
    this.#ground.follow(pool, createPicker(balance, pool, this.#ports.random, this.#rings))
    this.#health.member?.follow()
  }

  #override(server: Server, override: Override, by: string | undefined): void {
    const { weight } = server
    const before = modesOf([server])
    server.overrideWith(override)
    startSlowlyAfter(before, [server], this.#nowS())
    if (server.weight !== weight) this.#follow(nextVersion(this.#ground.pool))
    const { id } = server.config
    this.events.emit({ upstream: this.name, server: id, type: 'override', override, by })
  }

  #nowS(): number {
    return Math.floor(this.#ports.clock.now() / 1000)
  }
}

/** A session that does not come again for so long is over, as far as anybody can tell. */
const SESSION_WINDOW_S = 900

/** For how long a server has a session; undefined where sessions have no names. */
function sessionWindowS({ sticky }: UpstreamConfig): number | undefined {
  if (sticky?.kind === 'learn') return sticky.timeoutS
  if (sticky?.kind !== 'cookie' || sticky.format !== 'sealed') return undefined
  return sticky.idleMs === undefined ? SESSION_WINDOW_S : Math.ceil(sticky.idleMs / 1000)
}

const NO_CHANGE: MembershipChange = Object.freeze({ joined: [], left: [] })

/** The place of `discover` in a list that it makes alone. */
const DISCOVER = 'discover'

function placesOf({ servers, names, discover }: UpstreamConfig): readonly Place[] {
  return discover === undefined ? places(servers, names) : [DISCOVER]
}

/** The ids of the servers of `pool` that `other` does not have. */
function missingIn(other: Pool, pool: Pool): readonly string[] {
  const known = new Set(other.servers)
  return pool.servers.filter((server) => !known.has(server)).map(({ config }) => config.id)
}

function withChange(options: UpstreamOptions, { servers, keys }: UpstreamUpdate): UpstreamOptions {
  const changed = servers === undefined ? options : { ...options, servers }
  if (keys === undefined) return changed
  const { sticky } = changed
  if (sticky === undefined || !('cookie' in sticky)) {
    throw new OptionError('update.keys', 'this upstream has no sticky cookie that keys could seal')
  }
  return { ...changed, sticky: { ...sticky, keys } }
}
