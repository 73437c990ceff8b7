import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, defineCommand, jsonFlag } from '../command.js'
import { CommandError, exit } from '../exit.js'
import { readText } from '../files.js'
import { importHaproxy } from '../import/haproxy/import.js'
import { importNginx } from '../import/nginx/import.js'
import { describeNote, type Note } from '../import/notes.js'
import { type Imported, writeGatewayFile } from '../import/result.js'
import { write, writeJson } from '../io.js'
import { readNginx } from '../nginx/includes.js'
import { NginxSyntaxError } from '../nginx/syntax.js'

export const importCommand: Command = defineCommand({
  name: 'import',
  summary: 'Write an nginx or HAProxy configuration as a gateway file.',
  operands: ['CONFIG'],
  flags: {
    output: {
      type: 'string',
      short: 'o',
      hint: 'FILE',
      help: 'Write there, and not to standard output.',
    },
    seal: {
      type: 'boolean',
      help: 'Seal the cookies (key: HOLDFAST_STICKY_KEY), and honour those that clients have.',
    },
    from: { type: 'string', hint: 'KIND', help: 'nginx or haproxy; by the file when not given.' },
    strict: { type: 'boolean', help: 'End with 1 when something is lost.' },
    verbose: { type: 'boolean', help: 'Tell of what Holdfast does not need, too.' },
    json: jsonFlag,
  },
  details: `
Every cookie and every hash placement stays what it is. What is not carried over is told on standard
error, with its line and the reason, and stands as a comment in the result: \`lost\` is missing,
\`changed\` works otherwise. Read the result, run \`holdfast check\` on it, then \`holdfast serve\`.`,
  async run({ values, operands: [file = ''], io }) {
    const kind = values.from ?? kindOf(readText(file, io))
    if (kind !== 'nginx' && kind !== 'haproxy') {
      throw new CommandError(`--from must be nginx or haproxy (got ${kind})`)
    }
    const imported =
      kind === 'nginx'
        ? fromNginx(resolve(io.cwd, file), file, values.seal)
        : importHaproxy(file, readText(file, io), { seal: values.seal })
    const told = imported.notes.filter(({ level }) => values.verbose || level !== 'needless')
    await write(io.stderr, told.map((note) => `${describeNote(note)}\n`).join(''))
    if (isEmpty(imported)) {
      await write(
        io.stderr,
        `holdfast: nothing in ${file} is proxied: there is no gateway to write\n`,
      )
      return exit.no
    }
    const text = writeGatewayFile(imported, file)
    if (values.output !== undefined) writeFileSync(resolve(io.cwd, values.output), text)
    if (values.json) await writeJson(io.stdout, imported)
    else if (values.output === undefined) await write(io.stdout, text)
    return values.strict && imported.notes.some(isLoss) ? exit.no : exit.ok
  },
})

function isEmpty({ file: { routes } }: Imported): boolean {
  return Array.isArray(routes) && routes.length === 0
}

function isLoss({ level }: Note): boolean {
  return level === 'lost'
}

function fromNginx(path: string, name: string, seal: boolean): Imported {
  try {
    return importNginx(readNginx(path, name), { seal })
  } catch (error) {
    if (error instanceof NginxSyntaxError) {
      throw new CommandError(error.message, exit.usage, { cause: error })
    }
    throw error
  }
}

/** HAProxy has sections where nginx has braces. */
function kindOf(text: string): 'nginx' | 'haproxy' {
  return /^\s*(global|defaults|frontend|backend|listen)\b[^;{]*$/m.test(text) &&
    !/[;{]\s*$/m.test(text)
    ? 'haproxy'
    : 'nginx'
}
