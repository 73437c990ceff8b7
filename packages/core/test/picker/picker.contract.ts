import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createSeededRandom } from '#core/kernel/random.js'
import { createPicker } from '#core/picker/create-picker.js'
import type { BalanceConfig, Picker } from '#core/picker/picker.js'
import { createPool, type Pool } from '#core/servers/pool.js'
import type { Selection } from '#core/servers/selection.js'
import type { Mode, Server } from '#core/servers/server.js'
import { attempts, eject, NOW_S, selectionFor, serverConfig } from './fixtures.js'

/** A server in some state, and whether the request has been there already. */
interface Member {
  readonly weight: number
  readonly mode: Mode
  readonly ejected: boolean
  readonly active: number
  readonly full: boolean
  readonly tried: boolean
}

interface Situation {
  readonly members: readonly Member[]
  readonly key: string
  readonly remoteAddress: string
  readonly seed: number
}

const well: Omit<Member, 'weight' | 'active'> = {
  mode: 'up',
  ejected: false,
  full: false,
  tried: false,
}

const member: fc.Arbitrary<Member> = fc.record({
  weight: fc.integer({ min: 1, max: 5 }),
  active: fc.nat({ max: 6 }),
  mode: fc.constantFrom<Mode[]>('up', 'up', 'up', 'drain', 'down'),
  ejected: fc.boolean(),
  full: fc.boolean(),
  tried: fc.boolean(),
})

const situation: fc.Arbitrary<Situation> = fc.record({
  // From two on: a lone server has rules of its own.
  members: fc.array(
    fc.oneof(
      member,
      member.map(({ weight, active }) => ({ ...well, weight, active })),
    ),
    { minLength: 2, maxLength: 8 },
  ),
  key: fc.string({ maxLength: 12 }),
  remoteAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
  seed: fc.nat(),
})

/** What every policy owes, whatever it prefers. */
export function pickerContract(name: string, balance: BalanceConfig): void {
  describe(`the picker of ${name}`, () => {
    const property = (check: (given: Situation) => void): void =>
      fc.assert(fc.property(situation, check), { numRuns: 300 })

    test('picks a server that may take the request if there is one, and else none', () => {
      property((given) => {
        const { pool, picker, selection } = arrange(balance, given)
        const admitted = pool.servers.filter((server) => selection.admits(server, NOW_S))
        const picked = picker.pick(selection, NOW_S)
        if (picked === undefined) assert.deepEqual(admitted, [])
        else assert.ok(admitted.includes(picked), picked.address)
      })
    })

    test('leads a request whose attempts all fail to every server once, and then nowhere', () => {
      property((given) => {
        const { pool, picker, selection } = arrange(balance, given)
        const before = selection.tried.length
        const admitted = pool.servers.filter((server) => selection.admits(server, NOW_S))
        const reached = attempts(picker, selection).slice(before)
        assert.deepEqual(byAddress(reached), byAddress(admitted))
        assert.equal(picker.pick(selection, NOW_S), undefined)
      })
    })

    test('is deterministic: equal servers, request and seed give equal attempts', () => {
      property((given) => {
        const [one, other] = [arrange(balance, given), arrange(balance, given)].map(
          ({ picker, selection }) => attempts(picker, selection).map(({ address }) => address),
        )
        assert.deepEqual(one, other)
      })
    })

    test('leaves connections, health and the list of tried servers to the lease', () => {
      property((given) => {
        const { pool, picker, selection } = arrange(balance, given)
        const before = whatIsNotThePickers(pool, selection)
        picker.pick(selection, NOW_S)
        for (const server of pool.servers) picker.charge(server, selection, NOW_S)
        assert.deepEqual(whatIsNotThePickers(pool, selection), before)
      })
    })

    test('may charge any server for a bound request, and still leads to every server once', () => {
      property((given) => {
        const { pool, picker, selection } = arrange(balance, given)
        for (const server of pool.servers) picker.charge(server, selection, NOW_S)
        const before = selection.tried.length
        const admitted = pool.servers.filter((server) => selection.admits(server, NOW_S))
        const reached = attempts(picker, selection).slice(before)
        assert.deepEqual(byAddress(reached), byAddress(admitted))
      })
    })

    test('takes over a request that was begun under another membership', () => {
      fc.assert(
        fc.property(situation, fc.nat(), (given, at) => {
          const { pool, picker, selection } = arrange(balance, given)
          const first = picker.pick(selection, NOW_S)
          if (first !== undefined) selection.tried.push(first)
          const left = pool.servers.filter((_, i) => i !== at % pool.servers.length)
          const next = createPool(
            left.map(({ config }) => config),
            pool,
          )
          if (next.single) return
          const admitted = next.servers.filter((server) => selection.admits(server, NOW_S))
          const before = selection.tried.length
          const heir = createPicker(balance, next, createSeededRandom(given.seed))
          const reached = attempts(heir, selection).slice(before)
          assert.deepEqual(byAddress(reached), byAddress(admitted))
        }),
      )
    })

    test('has nothing to offer from an empty pool', () => {
      const picker = createPicker(balance, createPool([]), createSeededRandom(1))
      assert.equal(picker.pick(selectionFor('key', '192.0.2.1'), NOW_S), undefined)
    })
  })
}

function arrange(
  balance: BalanceConfig,
  { members, key, remoteAddress, seed }: Situation,
): { readonly pool: Pool; readonly picker: Picker; readonly selection: Selection } {
  const pool = createPool(
    members.map(({ weight, active, full }, i) =>
      serverConfig(`10.0.0.${i}:80`, { weight, maxConns: full ? Math.max(active, 1) : 0 }),
    ),
  )
  const selection = selectionFor(key, remoteAddress)
  pool.servers.forEach((server, i) => {
    const { mode, active, full, ejected, tried } = members[i]!
    server.overrideWith({ mode })
    server.active = full ? Math.max(active, 1) : active
    if (ejected) eject(server)
    if (tried) selection.tried.push(server)
  })
  return { pool, picker: createPicker(balance, pool, createSeededRandom(seed)), selection }
}

function whatIsNotThePickers(pool: Pool, selection: Selection): unknown {
  const servers = pool.servers.map(({ active, fails, accessed, checked, mode, weight }) => ({
    active,
    fails,
    accessed,
    checked,
    mode,
    weight,
  }))
  return { servers, tried: [...selection.tried], gate: selection.gate }
}

function byAddress(servers: readonly Server[]): string[] {
  return servers.map(({ address }) => address).sort()
}
