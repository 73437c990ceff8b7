import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { transition } from '#core/health/passive.js'
import { Ledger } from '#core/picker/ledger.js'
import type { Picker } from '#core/picker/picker.js'
import { RoundRobin } from '#core/picker/round-robin.js'
import { createPool, nextVersion, type Pool } from '#core/servers/pool.js'
import type { Selection } from '#core/servers/selection.js'
import type { Mode, Server } from '#core/servers/server.js'
import { NOW_S, selectionFor, serverConfig, weighted } from './fixtures.js'

/** Smooth weighted round robin as nginx writes it: a walk over the whole list for every request. */
class PlainRoundRobin implements Picker {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  pick(selection: Selection, nowS: number): Server | undefined {
    const { primaries, backups } = this.#pool
    const server = selection.onBackups ? undefined : plainPass(primaries, selection, nowS)
    if (server !== undefined || backups.length === 0) return server
    selection.onBackups = true
    return plainPass(backups, selection, nowS)
  }

  charge(server: Server, selection: Selection, nowS: number): void {
    if (server.config.backup) return
    const { primaries, totalWeight } = this.#pool
    if (server.currentWeight > server.weight - totalWeight) {
      plainPass(primaries, selection, nowS, server)
    }
  }
}

function plainPass(
  servers: readonly Server[],
  selection: Selection,
  nowS: number,
  bound?: Server,
): Server | undefined {
  let total = 0
  let best: Server | undefined
  for (const server of servers) {
    if (!selection.admits(server, nowS)) continue
    const income = server.effectiveWeight * server.warmth(nowS)
    server.currentWeight += income
    total += income
    if (server.effectiveWeight < server.weight) server.effectiveWeight += 1
    if (best === undefined || server.currentWeight > best.currentWeight) best = server
  }
  const payer = bound ?? best
  if (payer !== undefined) payer.currentWeight -= total
  return best
}

/** What makes a server; its place in the list is its name. */
interface Kind {
  readonly weight: number
  readonly maxFails: number
  readonly maxConns: number
  readonly slowStartS: number
  readonly backup: boolean
}

const kind: fc.Arbitrary<Kind> = fc.record({
  // Few different weights, so that ranks are shared, and some that are alone in theirs.
  weight: fc.oneof(fc.constantFrom(1, 1, 2, 5), fc.integer({ min: 1, max: 40 })),
  maxFails: fc.integer({ min: 0, max: 3 }),
  maxConns: fc.constantFrom(0, 0, 0, 2),
  slowStartS: fc.constantFrom(0, 0, 20),
  backup: fc.constantFrom(false, false, false, true),
})

/** Two upstreams that are told the same, of which one balances in the plain way. */
type Step = (world: World) => unknown

class World {
  pool: Pool
  picker: Picker
  nowS = NOW_S
  readonly #create: (pool: Pool) => Picker

  constructor(kinds: readonly Kind[], create: (pool: Pool) => Picker) {
    this.#create = create
    this.pool = createPool(kinds.map((config, i) => serverConfig(`s${i}`, config)))
    this.picker = create(this.pool)
  }

  at(index: number): Server {
    return this.pool.servers[index % this.pool.servers.length]!
  }

  follow(pool: Pool): void {
    this.pool = pool
    this.picker = this.#create(pool)
  }

  /** One more picker on the same servers, as a tool might have one. */
  beside(): Picker {
    return this.#create(this.pool)
  }

  pick(selection: Selection, picker: Picker = this.picker): string | undefined {
    const server = picker.pick(selection, this.nowS)
    if (server !== undefined) transition(server, 'pick', this.nowS, false)
    return server?.address
  }

  get weights(): unknown {
    return this.pool.servers.map((s) => [s.address, s.currentWeight, s.effectiveWeight])
  }
}

const index = fc.nat({ max: 30 })

const steps: fc.Arbitrary<{ readonly name: string; readonly run: Step }> = fc.oneof(
  { weight: 12, arbitrary: step('pick', [], () => (world) => world.pick(selectionFor())) },
  {
    weight: 10,
    arbitrary: step('charge', [index], (at) => (world) => {
      world.picker.charge(world.at(at), selectionFor(), world.nowS)
    }),
  },
  {
    weight: 2,
    arbitrary: step('retry', [index, index], (a, b) => (world) => {
      const selection = selectionFor()
      selection.tried.push(world.at(a), world.at(b))
      return [world.pick(selection), selection.onBackups]
    }),
  },
  {
    weight: 4,
    arbitrary: step(
      'fail',
      [index],
      (at) => (world) => transition(world.at(at), 'fail', world.nowS, false),
    ),
  },
  {
    weight: 4,
    arbitrary: step(
      'ok',
      [index],
      (at) => (world) => transition(world.at(at), 'ok', world.nowS, false),
    ),
  },
  {
    weight: 3,
    arbitrary: step('wait', [fc.constantFrom(1, 3, 11)], (seconds) => (world) => {
      world.nowS += seconds
    }),
  },
  {
    weight: 4,
    arbitrary: step('connections', [index, fc.nat({ max: 3 })], (at, active) => (world) => {
      world.at(at).active = active
    }),
  },
  {
    weight: 3,
    arbitrary: step('mode', [index, fc.constantFrom(0, 1, 2, 3)], (at, which) => (world) => {
      const mode = [undefined, 'up', 'drain', 'down'][which] as Mode | undefined
      world.at(at).overrideWith(mode === undefined ? {} : { mode })
    }),
  },
  {
    weight: 2,
    arbitrary: step(
      'judge',
      [index, fc.constantFrom(0, 1, 2)],
      (at, which) => (world) => world.at(at).judge((['well', 'sick', 'drain'] as const)[which]!),
    ),
  },
  {
    weight: 1,
    arbitrary: step('slow', [index], (at) => (world) => world.at(at).startSlowly(world.nowS)),
  },
  {
    weight: 1,
    arbitrary: step('weight', [index, fc.integer({ min: 1, max: 9 })], (at, weight) => (world) => {
      world.at(at).overrideWith({ weight })
      world.follow(nextVersion(world.pool))
    }),
  },
  {
    weight: 1,
    // The weight is another at once; the picker comes a little later.
    arbitrary: step(
      'weight alone',
      [index, fc.integer({ min: 1, max: 9 })],
      (at, weight) => (world) => world.at(at).overrideWith({ weight }),
    ),
  },
  {
    weight: 2,
    arbitrary: step('list', [index, index, index], (gone, turn, added) => (world) => {
      const configs = world.pool.servers.map(({ config }) => config)
      const rest = configs.filter((_, i) => i !== gone % (configs.length + 1))
      const turned = [...rest.slice(turn % 3), ...rest.slice(0, turn % 3)]
      const address = `s${added}`
      const joins = added % 2 === 0 && !turned.some((config) => config.address === address)
      const all = joins ? [...turned, serverConfig(address, { weight: 1 + (turn % 5) })] : turned
      // A request may still be bound to one that has left.
      const left = world.at(gone)
      if (all.length > 0) world.follow(createPool(all, world.pool))
      world.picker.charge(left, selectionFor(), world.nowS)
      return left.currentWeight
    }),
  },
  {
    weight: 1,
    arbitrary: step('worn', [index, index], (at, left) => (world) => {
      const server = world.at(at)
      server.effectiveWeight = left % (server.weight + 1)
    }),
  },
  {
    weight: 1,
    arbitrary: step('gate', [index], (odd) => (world) => {
      const selection = selectionFor()
      selection.gate = { passes: ({ address }) => Number(address.slice(1)) % 3 !== odd % 3 }
      return world.pick(selection)
    }),
  },
  {
    weight: 1,
    arbitrary: step('despite checks', [], () => (world) => {
      const selection = selectionFor()
      selection.ignoreChecks()
      return world.pick(selection)
    }),
  },
  {
    weight: 1,
    arbitrary: step('beside', [], () => (world) => world.pick(selectionFor(), world.beside())),
  },
  {
    weight: 1,
    arbitrary: step('set', [index, fc.integer({ min: -9, max: 9 })], (at, weight) => (world) => {
      world.at(at).currentWeight = weight
    }),
  },
)

function step<T extends unknown[]>(
  name: string,
  given: { [K in keyof T]: fc.Arbitrary<T[K]> },
  run: (...values: T) => Step,
): fc.Arbitrary<{ readonly name: string; readonly run: Step }> {
  return fc.tuple(...given).map((values) => ({
    name: `${name} ${values.join(' ')}`,
    run: run(...(values as T)),
    toString: () => `${name}(${values.join(', ')})`,
  }))
}

describe('The ledger of round robin', () => {
  test('picks and weighs in every state as the walk over the whole list does', () => {
    fc.assert(
      fc.property(
        fc.array(kind, { minLength: 1, maxLength: 12 }),
        fc.array(steps, { maxLength: 300, size: 'max' }),
        (kinds, journey) => {
          const fast = new World(kinds, (pool) => new RoundRobin(pool))
          const plain = new World(kinds, (pool) => new PlainRoundRobin(pool))
          for (const { run, name } of journey) {
            assert.deepEqual(run(fast), run(plain), name)
            assert.deepEqual(fast.weights, plain.weights, name)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  test('keeps to it when nobody looks at the weights for hundreds of requests', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 40 }),
        fc.array(fc.option(fc.nat(), { freq: 2 }), { minLength: 300, maxLength: 300 }),
        (weights, traffic) => {
          const [fast, plain] = [weighted(...weights), weighted(...weights)]
          const [one, other] = [new RoundRobin(fast), new PlainRoundRobin(plain)]
          for (const bound of traffic) {
            if (bound === null) {
              const picked = one.pick(selectionFor(), NOW_S)!
              const expected = other.pick(selectionFor(), NOW_S)!
              assert.equal(fast.servers.indexOf(picked), plain.servers.indexOf(expected))
            } else {
              const at = bound % weights.length
              one.charge(fast.servers[at]!, selectionFor(), NOW_S)
              other.charge(plain.servers[at]!, selectionFor(), NOW_S)
            }
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('writes the weights down long before numbers lose their exactness, and goes on', () => {
    const [written, unwritten] = [weighted(5, 1, 1, 3), weighted(5, 1, 1, 3)]
    const [often, never] = [new Ledger(written.servers, 7), new Ledger(unwritten.servers)]
    for (let i = 0; i < 50; i += 1) {
      const picked = often.choose(selectionFor(), NOW_S)!
      const expected = never.choose(selectionFor(), NOW_S)!
      assert.equal(picked.address, expected.address)
      assert.deepEqual(
        written.servers.map((server) => server.currentWeight),
        unwritten.servers.map((server) => server.currentWeight),
      )
    }
  })

  test('gives servers their weights back when another list takes them', () => {
    const pool = weighted(1, 2)
    const [a, b] = pool.servers
    new RoundRobin(pool).pick(selectionFor(), NOW_S)
    const other = new Ledger([b!])
    other.choose(selectionFor(), NOW_S)
    assert.deepEqual([a!.keeper, a!.currentWeight], [undefined, 1])
    assert.deepEqual([b!.keeper, b!.currentWeight], [other, -1])
  })
})
