import assert from 'node:assert/strict'
import type { Lease } from '#core/attempt/lease.js'
import type { Passage } from '#core/attempt/passage.js'
import type { UpstreamEvent } from '#core/upstream-health.js'
import type { Fate, Replica, Watcher } from './replica.js'
import { isStoreSound, type Scenario } from './scenario.js'

/** What the world knows and no replica does. */
export interface Truth {
  readonly scenario: Scenario
  nowMs(): number
  /** Those that live now or did until not so long ago that they are still counted. */
  counted(): number
  /** For how long the replica has been poisoned; undefined when it is not. */
  poisonedForMs(name: string): number | undefined
}

/** How long it takes until a replica has told that it is sick. */
const KNOWN_TO_BE_SICK_MS = 3_000

/** Watches a fleet at every step for what must never happen. */
export class Invariants implements Watcher {
  readonly figures = { requests: 0, adopted: 0, probes: 0, kept: 0 }
  readonly #truth: Truth
  /** When each replica last saw each server fail. */
  readonly #failedMs = new Map<string, Map<string, number>>()
  readonly #everFailed = new Set<string>()
  readonly #probes = new Map<string, Lease>()
  /** Servers of which an operator has spoken. */
  readonly #overridden = new Set<string>()

  constructor(truth: Truth) {
    this.#truth = truth
  }

  event(replica: Replica, event: UpstreamEvent): void {
    if (event.type === 'override') this.#overridden.add(event.server)
    if (event.type !== 'ejected' || event.voters === undefined) return
    this.figures.adopted += 1
    this.#isFounded(replica, event.server, event.voters)
  }

  attempt(replica: Replica, lease: Lease, isProbe: boolean): void {
    if (!isProbe) return
    this.figures.probes += 1
    const { address } = lease.server
    // While the store answers everybody in time, one probe at a time: across the whole fleet.
    if (isStoreSound(this.#truth.scenario)) {
      assert.equal(this.#probes.get(address), undefined, `${replica.name} is not the only prober`)
    }
    this.#probes.set(address, lease)
  }

  end(replica: Replica, lease: Lease, { ok }: Fate): void {
    const { address } = lease.server
    if (this.#probes.get(address) === lease) this.#probes.delete(address)
    if (ok) return
    const failed = this.#failedMs.get(address) ?? new Map<string, number>()
    this.#failedMs.set(address, failed)
    failed.set(replica.name, this.#truth.nowMs())
    if (!replica.isPoisoned) this.#everFailed.add(address)
  }

  served(replica: Replica, passage: Passage, bound: string | undefined): void {
    this.figures.requests += 1
    // A session stays with its server on every replica, as long as it can be reached.
    const isReachable = bound !== undefined && !this.#everFailed.has(bound)
    if (!isReachable || replica.isPoisoned || this.#overridden.has(bound)) return
    this.figures.kept += 1
    assert.equal(passage.leases[0]?.server.address, bound, `${replica.name} moved a session`)
  }

  /** An ejection on the fleet's word needs as many as the quorum who really saw it fail. */
  #isFounded(replica: Replica, server: string, voters: readonly string[]): void {
    const tell = `${replica.name} took out ${server} on the word of ${voters.join(', ')}`
    const needed = Math.min(2, this.#truth.counted())
    assert.ok(voters.length >= needed, `${tell}: too few`)
    const failed = this.#failedMs.get(server)
    for (const voter of voters) assert.ok(failed?.has(voter), `${tell}: ${voter} saw nothing`)
    if (needed < 2) return
    const sound = voters.filter((voter) => {
      const forMs = this.#truth.poisonedForMs(voter)
      return forMs === undefined || forMs < KNOWN_TO_BE_SICK_MS
    })
    // Where most servers really fail nobody can tell who is sick.
    const canTell =
      isStoreSound(this.#truth.scenario) &&
      this.#everFailed.size * 2 <= this.#truth.scenario.servers
    const wanted = canTell ? needed : 1
    assert.ok(sound.length >= wanted, `${tell}: only ${sound.length} of them are not poisoned`)
  }
}
