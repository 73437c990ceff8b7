import { spreadOf } from '../lib/statistics.js'
import { fleets, hashed, plain, routesOf, SERVERS, sessions } from './fleets.js'

type Servers = Parameters<typeof routesOf>[0]

/** What a change of the list does to the sessions, as multiples of the least that could move. */
class Moves {
  /** One of the ten is taken off the list: against the sessions that it had. */
  readonly left: number[] = []
  /** The same against a tenth of all sessions, for the server whose loss is the worst. */
  readonly worst: number[] = []
  /** An eleventh joins: against an eleventh of all. */
  readonly joined: number[] = []
  /** One server's weight goes from 1 to 2: against what its share grows by. */
  readonly weighted: number[] = []
  /** One of the ten is marked `down`: against the sessions that it had. */
  readonly down: number[] = []

  constructor(balance: typeof hashed | typeof plain) {
    for (const fleet of fleets) {
      const ten = fleet.slice(0, SERVERS)
      const before = routesOf(ten, balance)
      const movedTo = (servers: Servers): number => {
        const after = routesOf(servers, balance)
        return before.filter((address, session) => address !== after[session]).length
      }
      let worst = 0
      for (const lost of ten) {
        const own = before.filter((address) => address === lost).length
        const moved = movedTo(ten.filter((address) => address !== lost))
        this.left.push(moved / own)
        worst = Math.max(worst, moved)
      }
      this.worst.push((worst * SERVERS) / sessions.length)
      this.joined.push((movedTo(fleet) * (SERVERS + 1)) / sessions.length)
      const [first = '', ...others] = ten
      const own = before.filter((address) => address === first).length
      this.down.push(movedTo([{ address: first, down: true }, ...others]) / own)
      const growth = 2 / (SERVERS + 1) - 1 / SERVERS
      this.weighted.push(
        movedTo([{ address: first, weight: 2 }, ...others]) / (growth * sessions.length),
      )
    }
  }
}

const [balance] = process.argv.slice(2)
const moves = new Moves(balance === 'plain' ? plain : hashed)
process.stdout.write(
  JSON.stringify(
    Object.fromEntries(Object.entries(moves).map(([change, values]) => [change, spreadOf(values)])),
  ),
)
