/** One server as the options describe it, parsed and frozen. */
export interface ServerConfig {
  /** The text as configured, without `https://`: the server's identity in every hash. */
  readonly address: string
  /** The name operators use; the address unless one is given. */
  readonly id: string
  /** Whether connections to it use TLS. */
  readonly tls: boolean
  /** Tells one life of a recycled address from the next; 0 when the list gives none. */
  readonly incarnation: number
  readonly weight: number
  /** Fails within `failTimeoutS` that eject it; 0 never ejects. */
  readonly maxFails: number
  /** Whole seconds, as nginx counts: both the window of fails and the length of an ejection. */
  readonly failTimeoutS: number
  /** Whole seconds in which its weight for new sessions grows after it was away; 0 is at once. */
  readonly slowStartS: number
  /** Connections at most; 0 is no limit. */
  readonly maxConns: number
  readonly backup: boolean
  readonly down: boolean
  readonly drain: boolean
  /** The id that `sticky: { route }` and the `nginx` style know it by. */
  readonly route: string | undefined
  /** The name that it was resolved from, with its port: what TLS asks for and verifies. */
  readonly name?: string | undefined
  /** Where a discovered server stands between coming and going; undefined while it just serves. */
  readonly stage?: Stage | undefined
}

/**
 * `settling`: new here, so that other replicas may not know it yet: no new sessions. `fresh`: it
 * joined in a rollout that is still on, so it will be there when those before it have gone.
 * `leaving`: its source does not name it any more; it drains.
 */
export type Stage = 'settling' | 'fresh' | 'leaving'

/** What the operator or the configuration wants of a server, whatever its health. */
export type Mode = 'up' | 'drain' | 'down'

/** What active checks find; `drain` is what the server itself asks for. */
export type Condition = 'well' | 'sick' | 'drain'

/** What an operator has said of a server; it outlives changes of the list. */
export interface Override {
  readonly mode?: Mode | undefined
  readonly weight?: number | undefined
}

/** Asked when an ejection has run out: whoever else may want to keep the server out for longer. */
export interface ProbeGate {
  shuts(server: Server): boolean
}

/**
 * Keeps the current weights of a whole list of servers, because it knows them without writing them.
 * It must hear of whatever makes a server's next pass of round robin another than the last.
 */
export interface WeightKeeper {
  currentWeightOf(slot: number): number
  setCurrentWeight(slot: number, currentWeight: number): void
  /** Something about the server in this slot is about to change. */
  release(slot: number): void
  /** Gives every server its current weight back: another list takes them. */
  giveUp(): void
}

/** Why a server cannot take a request now. */
export type Obstacle = 'down' | 'ejected' | 'limit'

// Before any uptime, and small enough that V8 keeps it as a plain integer.
const LONG_AGO_S = -1_000_000_000

const WARMTHS = 16

/**
 * A member of an upstream with the counters that picking and health need. They live here, and not
 * in the pool or the picker, so that a change of the list loses none of them.
 *
 * Times are whole seconds of the monotonic clock, as in nginx: `nowS` everywhere below.
 */
export class Server {
  readonly address: string
  config: ServerConfig
  /** Its intent, or `drain` where that is up and the server asks to be drained. */
  mode: Mode
  weight: number
  /** Set by who keeps its current weight, with its place there. */
  keeper: WeightKeeper | undefined = undefined
  slot = 0
  /** The failure state machine (nginx/semantics 4.2); written by health/passive only. */
  accessed: number = LONG_AGO_S
  checked: number = LONG_AGO_S
  /** How long an ejection lasts: `failTimeoutS`, or longer where ejections in a row grow. */
  ejectionS: number
  /** Ejections in a row, the present one included. */
  ejectionsInARow = 0
  /** When the latest ejection ended in a return. */
  returned: number = LONG_AGO_S
  /** For how long its weight grows in all. */
  slowForS = 0
  /** Set where probes are shared with other replicas. */
  probeGate: ProbeGate | undefined = undefined

  /** Sessions that lost their server in the rollout in which this one joined, and came here. */
  adopted = 0

  #active = 0
  #fails = 0
  #currentWeight = 0
  #effectiveWeight: number
  #slowUntil: number = LONG_AGO_S
  #condition: Condition = 'well'
  #override: Override = {}
  /** Neither mode nor condition keeps new sessions away. */
  #open: boolean

  constructor(config: ServerConfig) {
    this.address = config.address
    this.config = config
    this.mode = modeOf(config, undefined)
    this.weight = config.weight
    this.#effectiveWeight = config.weight
    this.ejectionS = config.failTimeoutS
    this.#open = this.mode === 'up'
  }

  /** Connections that count against `maxConns`: one a lease, for as long as it is held. */
  get active(): number {
    return this.#active
  }

  set active(active: number) {
    const { full } = this
    this.#active = active
    if (full !== this.full) this.keeper?.release(this.slot)
  }

  /** Of the failure state machine, as `accessed` and `checked`. */
  get fails(): number {
    return this.#fails
  }

  set fails(fails: number) {
    if (fails === this.#fails) return
    this.keeper?.release(this.slot)
    this.#fails = fails
  }

  /** Smooth weighted round robin (nginx/semantics 3.1). */
  get currentWeight(): number {
    return this.keeper === undefined ? this.#currentWeight : this.keeper.currentWeightOf(this.slot)
  }

  set currentWeight(currentWeight: number) {
    if (this.keeper === undefined) this.#currentWeight = currentWeight
    else this.keeper.setCurrentWeight(this.slot, currentWeight)
  }

  /** The same: what failures have left of its weight. */
  get effectiveWeight(): number {
    return this.#effectiveWeight
  }

  set effectiveWeight(effectiveWeight: number) {
    if (effectiveWeight === this.#effectiveWeight) return
    this.keeper?.release(this.slot)
    this.#effectiveWeight = effectiveWeight
  }

  /** Until when its weight grows. */
  get slowUntil(): number {
    return this.#slowUntil
  }

  get override(): Override {
    return this.#override
  }

  get condition(): Condition {
    return this.#condition
  }

  /** What the operator or the configuration wants of it, whatever checks have found. */
  get intent(): Mode {
    return modeOf(this.config, this.#override.mode)
  }

  /** Takes a new configuration of the same server; health and connections stay. */
  reconfigure(config: ServerConfig): void {
    if (config.failTimeoutS !== this.config.failTimeoutS) this.ejectionS = config.failTimeoutS
    if (config.stage !== 'fresh') this.adopted = 0
    this.config = config
    this.#apply()
  }

  /** Takes the operator's word; an empty override goes back to the configuration. */
  overrideWith(override: Override): void {
    this.#override = override
    this.#apply()
  }

  /** Takes what active checks have found. */
  judge(condition: Condition): void {
    this.#condition = condition
    this.#apply()
  }

  /** Whether its fails or active checks keep requests away. */
  ejected(nowS: number): boolean {
    return this.#condition === 'sick' || (this.#fails > 0 && this.#shut(nowS))
  }

  get full(): boolean {
    if (this.active === 0) return false
    const { maxConns } = this.config
    return maxConns > 0 && this.active >= maxConns
  }

  /** Nothing that time alone could end keeps requests without a binding away. */
  get closed(): boolean {
    return !this.#open || this.full
  }

  /** It may take requests with all its weight, and only an event can change that. */
  steady(nowS: number): boolean {
    const { maxFails } = this.config
    return (
      this.#effectiveWeight === this.weight &&
      nowS >= this.#slowUntil &&
      (maxFails === 0 || this.#fails < maxFails) &&
      !this.closed
    )
  }

  /** Whether a request without a binding may go here. A draining server counts as down. */
  available(nowS: number): boolean {
    // Most servers are well; looking no further for them halves the cost of a long list.
    return this.#open && (this.fails === 0 || !this.#shut(nowS)) && !this.full
  }

  /** The same if nobody checked: what requests found counts, what checks found does not. */
  availableDespiteChecks(nowS: number): boolean {
    return this.intent === 'up' && !this.#shut(nowS) && !this.full
  }

  /** What keeps a request that is bound here away; draining does not. */
  obstacle(nowS: number): Obstacle | undefined {
    if (this.mode === 'down') return 'down'
    if (this.ejected(nowS)) return 'ejected'
    return this.full ? 'limit' : undefined
  }

  /** It has been away, or is new: from now on its weight grows from a sixteenth. */
  startSlowly(nowS: number): void {
    this.keeper?.release(this.slot)
    this.slowForS = this.config.slowStartS
    this.#slowUntil = nowS + this.slowForS
  }

  /** Its weight for new sessions. */
  weightNow(nowS: number): number {
    return nowS < this.slowUntil ? this.weight * this.warmth(nowS) : this.weight
  }

  /**
   * The share of its weight that counts: 1/16, 2/16... 1, as HAProxy has it. Sixteenths are exact
   * in binary, so that what round robin adds up is as exact as with whole weights.
   */
  warmth(nowS: number): number {
    if (nowS >= this.slowUntil) return 1
    const passedS = this.slowForS - (this.slowUntil - nowS)
    return (Math.floor((WARMTHS * passedS) / this.slowForS) + 1) / WARMTHS
  }

  /** nginx's gate: shut by fails, up to and with the last second of the ejection. */
  #shut(nowS: number): boolean {
    const { maxFails } = this.config
    if (maxFails === 0 || this.fails < maxFails) return false
    return nowS - this.checked <= this.ejectionS || (this.probeGate?.shuts(this) ?? false)
  }

  #apply(): void {
    this.keeper?.release(this.slot)
    const weight = this.#override.weight ?? this.config.weight
    // A new weight starts at full effect; an unchanged one keeps what failures took from it.
    if (weight !== this.weight) this.effectiveWeight = weight
    this.weight = weight
    // An operator who says `up` means it.
    const asked = this.#condition === 'drain' && this.#override.mode === undefined
    const { intent } = this
    this.mode = asked && intent === 'up' ? 'drain' : intent
    this.#open = this.mode === 'up' && this.#condition !== 'sick'
  }
}

function modeOf(config: ServerConfig, override: Mode | undefined): Mode {
  if (override !== undefined) return override
  if (config.down) return 'down'
  const drains = config.drain || config.stage === 'settling' || config.stage === 'leaving'
  return drains ? 'drain' : 'up'
}
