import type * as Crc32 from '../../packages/core/dist/kernel/crc32.js'
import type * as RingModule from '../../packages/core/dist/picker/ring.js'
import { coreModule } from './internals.js'
import { nanosecondsOf } from './timing.js'
import { createUpstream } from './upstreams.js'

const { crc32 } = (await coreModule('kernel/crc32.js')) as typeof Crc32
const { Ring } = (await coreModule('picker/ring.js')) as typeof RingModule

const KEYS = 4_096

const [count = '100'] = process.argv.slice(2)
const { servers } = createUpstream(Number(count), {})
const build = nanosecondsOf(() => new Ring(servers))

const ring = new Ring(servers)
const keys = Array.from({ length: KEYS }, (_, i) => `session-${i * 7919}`)
let turn = 0
const lookUp = nanosecondsOf(() => {
  turn = (turn + 1) % KEYS
  return ring.serversAt(ring.locate(crc32(keys[turn] as string)))
})
process.stdout.write(JSON.stringify({ build, lookUp }))
