import { lookup } from 'node:dns/promises'
import { type Command, defineCommand, jsonFlag } from '../command.js'
import { splitPath } from '../config/issue.js'
import { type ReadGateway, readGateway } from '../config/load.js'
import type { GatewayConfig } from '../config/types.js'
import { CommandError, exit } from '../exit.js'
import { write, writeJson } from '../io.js'
import { lint, rules } from '../lint/index.js'
import { nameOf } from '../lint/rules/health.js'

export const check: Command = defineCommand({
  name: 'check',
  summary: 'Judge a gateway file: what is wrong, and what one may regret.',
  operands: ['CONFIG'],
  flags: {
    strict: { type: 'boolean', help: 'Warnings count as errors.' },
    allow: { type: 'string', multiple: true, hint: 'RULE', help: 'Do not warn of this.' },
    offline: { type: 'boolean', help: 'Do not ask the resolver about the names of servers.' },
    json: jsonFlag,
  },
  details: `
Errors are what \`holdfast serve\` would refuse; warnings are what the rules of docs/lint.md say of
security and operation. Exit code 1 says that there are errors, or with --strict warnings.`,
  async run({ values, operands: [file = ''], io }) {
    const unknown = values.allow.find((id) => !rules.some((rule) => rule.id === id))
    if (unknown !== undefined) throw new CommandError(`--allow: there is no rule ${unknown}`)
    const read = readGateway(file, io)
    const verdicts = await judge(read, values.allow, values.offline)
    const count = (severity: Verdict['severity']): number =>
      verdicts.filter((one) => one.severity === severity).length
    const [errors, warnings] = [count('error'), count('warning')]
    if (values.json) await writeJson(io.stdout, { file, errors, warnings, findings: verdicts })
    else await write(io.stdout, tell(file, verdicts, errors, warnings, io.terminal))
    return errors > 0 || (values.strict && warnings > 0) ? exit.no : exit.ok
  },
})

/** One line of the answer. */
interface Verdict {
  readonly severity: 'error' | 'warning'
  /** The rule's id; `config` for an error. */
  readonly rule: string
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly why?: string
  readonly fix?: string
}

async function judge(
  { document, issues, config }: ReadGateway,
  allowed: readonly string[],
  offline: boolean,
): Promise<readonly Verdict[]> {
  if (config === undefined) {
    return issues.map(({ path, problem, position }) => ({
      severity: 'error',
      rule: 'config',
      path,
      ...position,
      message: problem,
    }))
  }
  const addresses = offline ? new Map<string, number>() : await countAddresses(config)
  const context = {
    config,
    isLiteral: (path: string) => document.isLiteral(splitPath(path)),
    addressesOf: (name: string) => addresses.get(name),
  }
  return lint(context, allowed).map(({ rule: { id, why, fix }, path, message }) => ({
    severity: 'warning',
    rule: id,
    path,
    ...document.locate(splitPath(path)),
    message,
    why,
    fix,
  }))
}

/** How many addresses the servers' names have; what does not resolve now is left out. */
async function countAddresses({ upstreams }: GatewayConfig): Promise<ReadonlyMap<string, number>> {
  const names = [...upstreams.values()]
    .flatMap(({ config }) => config.servers)
    .flatMap(({ address }) => nameOf(address) ?? [])
  const counts = await Promise.all(
    [...new Set(names)].map(async (name): Promise<readonly [string, number]> => {
      const found = await lookup(name, { all: true }).catch(() => [])
      return [name, found.length]
    }),
  )
  return new Map(counts)
}

function tell(
  file: string,
  verdicts: readonly Verdict[],
  errors: number,
  warnings: number,
  colours: boolean,
): string {
  const paint = (text: string, code: number): string =>
    colours ? `\u001b[${code}m${text}\u001b[0m` : text
  const blocks = verdicts.map(({ severity, rule, path, line, column, message, why, fix }) => {
    const kind = paint(severity, severity === 'error' ? 31 : 33)
    const head = `${file}:${line}:${column}: ${kind} ${rule}: ${path === '' ? '' : `${path}: `}${message}`
    return why === undefined ? `${head}\n` : `${head}\n    why: ${why}\n    fix: ${fix}\n`
  })
  const verdict = errors > 0 ? 'is wrong' : 'is right'
  return `${blocks.join('')}${file} ${verdict}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}\n`
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
