import { type Command, defineCommand } from '../command.js'
import { loadGateway } from '../config/load.js'
import { CommandError, exit } from '../exit.js'
import { write } from '../io.js'
import { createPlacer } from '../placement/placer.js'
import { upstreamOf } from './upstream-of.js'

export const route: Command = defineCommand({
  name: 'route',
  summary: 'Say which server each key goes to, as the gateway and nginx would.',
  operands: ['CONFIG'],
  flags: {
    upstream: {
      type: 'string',
      hint: 'NAME',
      help: 'Which upstream; not needed where there is one.',
    },
    'remote-addr': { type: 'boolean', help: 'The lines are client addresses, and not keys.' },
  },
  details: `
Reads keys from standard input, one a line, and prints \`key<TAB>address\` for each. A key is the
bytes of its line. \`-\` stands for no server: every one is down, or the key is empty and an empty
key is balanced.

  cut -d' ' -f1 access.log | sort -u | holdfast route gateway.yaml --remote-addr`,
  async run({ values, operands: [file = ''], io }) {
    const { config } = upstreamOf(loadGateway(file, io), values.upstream)
    const placer = createPlacer(config)
    const place = values['remote-addr'] ? placer.byAddress : placer.byKey
    if (!values['remote-addr'] && config.balance.kind === 'ip-hash') {
      throw new CommandError(`upstream ${config.name} balances by address: use --remote-addr`)
    }
    const answer = (line: string): string => {
      const key = line.endsWith('\r') ? line.slice(0, -1) : line
      const server = key === '' ? undefined : place(key)
      return `${key}\t${server?.address ?? '-'}\n`
    }
    for await (const lines of linesOf(io.stdin)) {
      await write(io.stdout, Buffer.from(lines.map(answer).join(''), 'latin1'))
    }
    return exit.ok
  },
})

/** Lines as byte strings, one character a byte, as many at a time as have come. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<readonly string[]> {
  let rest = ''
  for await (const chunk of stream) {
    const text = rest + chunk.toString('latin1')
    const end = text.lastIndexOf('\n')
    if (end >= 0) yield text.slice(0, end).split('\n')
    rest = text.slice(end + 1)
  }
  if (rest !== '') yield [rest]
}
