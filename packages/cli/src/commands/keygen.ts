import { randomBytes } from 'node:crypto'
import { type Command, defineCommand, jsonFlag } from '../command.js'
import { CommandError, exit } from '../exit.js'
import { write, writeJson } from '../io.js'

const BYTES = 32
const MOST = 100

/** How a key is changed while several replicas run; three rollouts, and nobody is moved. */
const STEPS: readonly string[] = [
  'keys: [old, new]   every replica learns to open the new key; the old one still seals',
  'keys: [new, old]   the new key seals; cookies under the old one are sealed anew as they come',
  'keys: [new]        when the oldest cookie has run out: after `expires`, `idle` or `maxLife`',
]

export const keygen: Command = defineCommand({
  name: 'keygen',
  summary: 'Make a key for sealed cookies, and say how to put it in service.',
  operands: [],
  flags: {
    count: { type: 'string', hint: 'N', help: 'How many; one unless given.' },
    steps: { type: 'boolean', help: 'Print the steps of a rotation too.' },
    json: jsonFlag,
  },
  details: `
A key is 32 random bytes in base64, 44 characters. It belongs into the environment or a secret
store, the same on every replica, never into a repository:

  sticky:
    cookie: srv_id
    keys: ['\${STICKY_KEY}']`,
  async run({ values, io }) {
    const count = Number(values.count ?? 1)
    if (!Number.isInteger(count) || count < 1 || count > MOST) {
      throw new CommandError(`--count must be 1 to ${MOST} (got ${values.count})`)
    }
    const keys = Array.from({ length: count }, () => randomBytes(BYTES).toString('base64'))
    if (values.json) {
      await writeJson(io.stdout, { keys, rotation: STEPS })
      return exit.ok
    }
    await write(io.stdout, keys.map((key) => `${key}\n`).join(''))
    if (values.steps) {
      const steps = STEPS.map((step, index) => `  ${index + 1}. ${step}\n`).join('')
      await write(
        io.stdout,
        `\nTo replace a key, roll out three times, each time to every replica:\n${steps}`,
      )
    }
    return exit.ok
  },
})
