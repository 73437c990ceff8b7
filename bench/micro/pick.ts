import type { BalanceOptions } from '@holdfast/core'
import { createSystemRandom, parseUpstreamOptions } from '@holdfast/core'
import { createPicker, createPool, Selection } from '@holdfast/core/placement'
import { nanosecondsOf } from './timing.js'
import { addresses } from './upstreams.js'

const KEYS = 4_096
// The clock stands still: a server that was never ejected does not look at it twice.
const NOW_S = 1_000

/** The ways of picking, by the names that the survey prints. */
const ways: Readonly<Record<string, BalanceOptions>> = {
  'round-robin': 'round-robin',
  'least-conn': 'least-conn',
  random: 'random',
  'random-two': 'random-two',
  'ip-hash': 'ip-hash',
  hash: { hash: '$cookie_session', consistent: false },
  consistent: { hash: '$cookie_session' },
  bounded: { hash: '$cookie_session', loadFactor: 1.25 },
}

const [way = 'round-robin', servers = '3'] = process.argv.slice(2)
const config = parseUpstreamOptions(
  { name: 'bench', servers: addresses(Number(servers)), balance: ways[way] },
  'bench',
)
const picker = createPicker(config.balance, createPool(config.servers), createSystemRandom())
const keys = Array.from({ length: KEYS }, (_, i) => `session-${i * 7919}`)
let turn = 0

/** One request's pick. What it picks is not leased, so all servers stay equally idle. */
const pick = nanosecondsOf(() => {
  turn = (turn + 1) % KEYS
  const selection = new Selection()
  selection.key = keys[turn] as string
  selection.remoteAddress = `203.0.${turn >> 8}.${turn & 255}`
  return picker.pick(selection, NOW_S)
})
process.stdout.write(JSON.stringify({ pick }))
