import { type Command, defineCommand, jsonFlag } from '../command.js'
import { loadGateway } from '../config/load.js'
import type { GatewayConfig } from '../config/types.js'
import { CommandError, exit } from '../exit.js'
import { readText } from '../files.js'
import { write, writeJson } from '../io.js'
import { planUpstream, type UpstreamPlan } from '../placement/plan.js'
import {
  loggedVisitors,
  sampledVisitors,
  syntheticVisitors,
  type Visitor,
} from '../placement/visitors.js'

const SYNTHETIC = 100_000

export const plan: Command = defineCommand({
  name: 'plan',
  summary: 'Say how many sessions a new gateway file would move, and why.',
  operands: ['OLD', 'NEW'],
  flags: {
    upstream: { type: 'string', hint: 'NAME', help: 'Look at this one only.' },
    'max-moved': {
      type: 'string',
      hint: 'SHARE',
      help: 'End with 1 when more would be moved in any upstream: 5%, or 0.05.',
    },
    keys: { type: 'string', hint: 'FILE', help: 'A sample of keys, one a line and session.' },
    'access-log': {
      type: 'string',
      hint: 'FILE',
      help: 'A log whose lines begin with the address of a client.',
    },
    json: jsonFlag,
  },
  details: `
Takes sessions through the old file, and with the cookies that it gave them through the new one:
${SYNTHETIC.toLocaleString('en')} made-up ones, those of --keys, or the clients of --access-log. Every server counts as well.

Reasons are those of the log (removed, down, bad-cookie, unknown-key, replaced ...), and
  key      a key is placed elsewhere
  renamed  the cookie means another server than it did
  unread   nobody looks for the cookie any more`,
  async run({ values, operands: [oldFile = '', newFile = ''], io }) {
    const limit = shareOf(values['max-moved'])
    const [before, after] = [oldFile, newFile].map((file) => loadGateway(file, io)) as [
      GatewayConfig,
      GatewayConfig,
    ]
    const names = namesOf(before, after, values.upstream)
    const sample = values.keys === undefined ? undefined : linesOf(readText(values.keys, io))
    const log =
      values['access-log'] === undefined ? undefined : linesOf(readText(values['access-log'], io))
    const plans = names.flatMap((name) => {
      const [from, to] = [before.upstreams.get(name), after.upstreams.get(name)]
      if (from === undefined || to === undefined) return []
      const configs = [from.config, to.config]
      const visitors: readonly Visitor[] =
        sample !== undefined
          ? sampledVisitors(sample, configs)
          : log !== undefined
            ? loggedVisitors(log, configs)
            : syntheticVisitors(SYNTHETIC, configs)
      return [planUpstream(from, to, visitors)]
    })
    const tooMany = plans.filter(
      ({ moved, sessions }) => limit !== undefined && moved > limit * sessions,
    )
    const gone = [...before.upstreams.keys()].filter((name) => !after.upstreams.has(name))
    const added = [...after.upstreams.keys()].filter((name) => !before.upstreams.has(name))
    if (values.json)
      await writeJson(io.stdout, { upstreams: plans, gone, added, exceeded: tooMany.length > 0 })
    else {
      const changes = [
        ...gone.map((name) => `${name}: gone, with all its sessions\n`),
        ...added.map((name) => `${name}: new\n`),
      ]
      await write(io.stdout, [...plans.map(tell), ...changes].join(''))
      for (const { upstream } of tooMany) {
        await write(
          io.stderr,
          `holdfast: ${upstream} would move more than ${values['max-moved']}\n`,
        )
      }
    }
    return tooMany.length > 0 ? exit.no : exit.ok
  },
})

function namesOf(
  before: GatewayConfig,
  after: GatewayConfig,
  wanted: string | undefined,
): readonly string[] {
  const names = [...before.upstreams.keys()].filter((name) => after.upstreams.has(name))
  if (wanted === undefined) return names
  if (!names.includes(wanted)) {
    throw new CommandError(
      `there is no upstream ${wanted} in both files; there are ${names.join(', ')}`,
    )
  }
  return [wanted]
}

function shareOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const share = Number(digits) / (percent === '%' ? 100 : 1)
  if (digits === undefined || share > 1) {
    throw new CommandError(`--max-moved must be a share such as 5% or 0.05 (got ${text})`)
  }
  return share
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line !== '')
}

function tell({ upstream, sessions, moved, reasons, invalidCookies, load }: UpstreamPlan): string {
  const why = Object.entries(reasons).map(
    ([reason, count]) => `${percent(count / sessions)} ${reason}`,
  )
  const lines = [
    `${upstream}: ${percent(sessions === 0 ? 0 : moved / sessions)} of ${sessions} sessions would move${why.length === 0 ? '' : ` (${why.join(', ')})`}`,
    ...(invalidCookies === 0 ? [] : [`  ${invalidCookies} cookies would be invalid`]),
    ...Object.entries(load).map(
      ([address, { before, after }]) =>
        `  ${address.padEnd(24)}${percent(before).padStart(7)} -> ${percent(after).padStart(7)}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}
