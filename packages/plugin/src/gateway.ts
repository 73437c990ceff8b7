import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import {
  type Clock,
  captureReplica,
  createSystemRandom,
  OptionError,
  type Random,
  type ReplicaSnapshot,
  type Server,
  systemClock,
  systemTimers,
  type Timers,
  Upstream,
} from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'
import { Discovery } from './discovery/discovery.js'
import { createNameServer, type NameServer } from './discovery/name-server.js'
import {
  type HostLookup,
  systemHostLookup,
  warnOfSharedNames,
} from './discovery/virtual-address.js'
import type { Exchange } from './exchange.js'
import { Sharing } from './fleet.js'
import { tellEnd, tellEvent } from './log.js'
import type { UpstreamOptions } from './options.js'
import type { FleetConfig } from './parse-options.js'
import { DomainCheck } from './reply/domain-check.js'
import { RouteHooks } from './reply/route-hooks.js'
import { Connections } from './transport/connections.js'
import { Deadline, Deadlines } from './transport/deadlines.js'
import { Flusher } from './transport/flusher.js'
import { createProber } from './transport/prober.js'
import { checkTls } from './transport/secure-context.js'
import type { Tunnel } from './tunnel/tunnel.js'
import { packageVersion } from './version.js'

/** Time, chance, timers and the DNS; the process's own unless a test brings others. */
export interface GatewayPorts {
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  readonly nameServer: (servers: readonly string[] | undefined) => NameServer
  readonly lookup: HostLookup
}

/** One upstream with all that belongs to it. */
interface Declared {
  readonly upstream: Upstream
  /** Its options as text, to tell another upstream of that name. */
  readonly declared: string
  readonly discovery: Discovery
}

/** How long a start waits for servers to be discovered; after that requests get 502 till they are. */
const FIRST_SERVERS_MS = 5_000

// nginx's lingering_timeout: most clients stop once they have read the answer.
const LINGER_MS = 5_000

/** What all registrations of one Fastify share: upstreams by name, connections, deadlines. */
export class Gateway {
  readonly deadlines: Deadlines
  readonly flusher: Flusher = new Flusher()
  readonly routeHooks: RouteHooks = new RouteHooks()
  readonly domains: DomainCheck
  /** Every answer says `Connection: close`; set while the gateway is taken out of service. */
  draining = false
  /** The open tunnels; each takes itself out when it closes. */
  readonly tunnels: Set<Tunnel> = new Set<Tunnel>()

  readonly #ports: GatewayPorts
  readonly #log: FastifyBaseLogger
  readonly #sharing: Sharing
  readonly #upstreams = new Map<string, Declared>()
  readonly #connections = new Map<Server, Connections>()
  #inFlight = 0
  readonly #startedAt: number
  #lastEnteredMs = Number.NEGATIVE_INFINITY

  constructor(log: FastifyBaseLogger, ports: Partial<GatewayPorts> = {}) {
    const { clock = systemClock, timers = systemTimers } = ports
    const sharing = new Sharing({ clock, timers, log })
    this.#sharing = sharing
    this.#ports = {
      random: createSystemRandom(),
      timers,
      nameServer: createNameServer,
      lookup: systemHostLookup,
      ...ports,
      // Cookies are read by other replicas, whose clocks may say something else.
      clock: { now: () => clock.now(), wall: () => sharing.wall() },
    }
    this.#log = log
    this.domains = new DomainCheck(log)
    this.#startedAt = this.#ports.clock.wall()
    this.deadlines = new Deadlines(this.#ports.clock)
  }

  /**
   * The upstream that a registration means.
   * @throws OptionError for wrong options, an unknown name, or a known one with other options.
   */
  upstream(wanted: UpstreamOptions | string): Upstream {
    if (typeof wanted !== 'string') return this.#declare(wanted)
    const known = this.#upstreams.get(wanted)
    if (known !== undefined) return known.upstream
    const single = /^https?:\/\/([^/?#]+)\/?$/i.exec(wanted)
    if (single === null) {
      throw new OptionError(
        'upstream',
        'is neither the name of an upstream registered before nor http://host:port',
        // What stands before an @ may be a password.
        wanted.includes('@') ? undefined : wanted,
      )
    }
    const name = (single[1] ?? '').replace(/[^\w.-]/g, '_')
    return this.#declare({ name, servers: [wanted] })
  }

  /**
   * Shares the health of all upstreams with the other replicas.
   * @throws OptionError where that cannot be, or another registration wants it otherwise.
   */
  async share(config: FleetConfig): Promise<void> {
    if (!(await this.#sharing.start(config))) return
    for (const { upstream } of this.#upstreams.values()) this.#sharing.join(upstream)
    this.#sharing.post(() => this.snapshot())
  }

  wallS(): number {
    return Math.floor(this.#ports.clock.wall() / 1000)
  }

  find(name: string): Upstream | undefined {
    return this.#upstreams.get(name)?.upstream
  }

  /** The connections to one server; made when it is first used. */
  connections(upstream: Upstream, server: Server): Connections {
    let connections = this.#connections.get(server)
    if (connections?.leadTo(server) !== true) {
      // Before its configuration changed they led elsewhere, or there in the open.
      connections?.close()
      connections = new Connections(server, upstream.config.tls, this.#ports)
      this.#connections.set(server, connections)
    }
    return connections
  }

  /** A refused upload may go on for a moment, so that its client reads why, but not for ever. */
  endUpload(request: IncomingMessage): void {
    const end = new Deadline(() => {
      if (!request.complete) request.destroy()
    })
    this.deadlines.schedule(end, this.deadlines.nowMs() + LINGER_MS)
  }

  /** Waits until the fleet has told what it knows of the servers, if there is one. */
  async untilFleetHasSpoken(): Promise<void> {
    await this.#sharing.ready()
  }

  /** Waits until discovery has been heard for the first time, but not for ever. */
  async untilServersAreKnown(): Promise<void> {
    const heard = [...this.#upstreams.values()].map(({ discovery }) => discovery.first())
    await new Promise<void>((resolve) => {
      const cancel = this.#ports.timers.after(FIRST_SERVERS_MS, () => {
        this.#log.warn('discovery has found no servers yet')
        resolve()
      })
      void Promise.all(heard).then(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Warns of names behind which stickiness is somebody else's choice. */
  async checkNames(): Promise<void> {
    for (const { upstream } of this.#upstreams.values()) {
      await warnOfSharedNames(upstream, this.#ports.lookup, this.#log)
    }
  }

  /** Takes the list of servers that was just given to `upstream`. */
  follow(upstream: Upstream): void {
    this.#upstreams.get(upstream.name)?.discovery.refresh()
    this.forgetStrangers()
  }

  /** Lets go of the connections to servers that are members no more. */
  forgetStrangers(): void {
    const members = new Set([...this.#upstreams.values()].flatMap((one) => one.upstream.servers))
    for (const [server, connections] of this.#connections) {
      if (members.has(server)) continue
      connections.close()
      this.#connections.delete(server)
    }
  }

  snapshot(): ReplicaSnapshot {
    const upstreams = [...this.#upstreams.values()]
    return captureReplica(
      {
        replica: this.#sharing.replica ?? `${hostname()}-${process.pid}`,
        package: packageVersion,
        configHash: hashOf(upstreams.map(({ declared }) => declared)),
        keyIds: [...new Set(upstreams.flatMap(({ upstream }) => upstream.keyIds))],
        startedAt: this.#startedAt,
        store: this.#sharing.store,
      },
      upstreams.map(({ upstream }) => upstream.snapshot()),
      this.#ports.clock,
    )
  }

  /** A listener of the gateway's own threw: no client is to pay for that. */
  complain(error: unknown): void {
    this.#log.error({ err: error }, 'a listener threw')
  }

  /** A request has come in. */
  enter(exchange: Exchange): void {
    this.#inFlight += 1
    this.#lastEnteredMs = exchange.passage.startedMs
  }

  /** A request has ended. */
  leave(exchange: Exchange): void {
    this.#inFlight -= 1
    tellEnd(exchange)
  }

  /** Whether no request is under way and none has come in for `ms`. */
  quietFor(ms: number): boolean {
    return this.#inFlight === 0 && this.#ports.clock.now() - this.#lastEnteredMs >= ms
  }

  /** From now on answers ask for their connections to be closed; resolves when no tunnel is left. */
  async sayGoodbye(): Promise<void> {
    this.draining = true
    const farewells = [...this.tunnels].map((tunnel) => tunnel.leave())
    await Promise.all(farewells)
  }

  async close(): Promise<void> {
    for (const tunnel of this.tunnels) tunnel.destroy()
    for (const { upstream, discovery } of this.#upstreams.values()) {
      discovery.close()
      upstream.close()
    }
    for (const connections of this.#connections.values()) connections.close()
    this.#connections.clear()
    this.deadlines.close()
    await this.#sharing.close()
  }

  #declare(options: UpstreamOptions): Upstream {
    const upstream = new Upstream(options, this.#ports)
    checkTls(upstream.config.tls)
    const declared = describe(upstream)
    const known = this.#upstreams.get(upstream.name)
    if (known !== undefined) {
      if (known.declared === declared) return known.upstream
      throw new OptionError(
        'upstream.name',
        'names an upstream that is registered with other options: use its name alone to share it',
        upstream.name,
      )
    }
    for (const warning of upstream.config.warnings) {
      this.#log.warn({ upstream: upstream.name }, warning)
    }
    upstream.events.on((event) => tellEvent(this.#log, event))
    const discovery = new Discovery(upstream, this.#ports, this.#log, () => this.forgetStrangers())
    this.#upstreams.set(upstream.name, { upstream, declared, discovery })
    this.#sharing.join(upstream)
    const { host } = upstream.config
    const prober = createProber((server) => this.connections(upstream, server), host)
    upstream.watch({ timers: this.#ports.timers, prober })
    return upstream
  }
}

/** The options of an upstream as text, without a secret in it. */
function describe({ config }: Upstream): string {
  const secret = new Set(['keys', 'key', 'tls'])
  return JSON.stringify(config, (name, value: unknown) =>
    secret.has(name) ? hashOf(value) : plain(value),
  )
}

function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_name, inner: unknown) => plain(inner)) ?? ''
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** What JSON would leave out although it makes a difference. */
function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value]
  return typeof value === 'function' ? String(value) : value
}
