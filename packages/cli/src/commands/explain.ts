import { type Command, defineCommand, jsonFlag, type Values } from '../command.js'
import { loadGateway } from '../config/load.js'
import type { GatewayConfig, RouteConfig, UpstreamEntry } from '../config/types.js'
import { CommandError, exit } from '../exit.js'
import { write, writeJson } from '../io.js'
import { type UpstreamStatus, upstreamPath } from '../operator/api.js'
import { StatsClient, statsFlags } from '../operator/stats-client.js'
import { type Explanation, explain } from '../placement/explanation.js'
import { factsOf, type Sketch } from '../placement/sketch.js'
import { routeFor } from '../routing/virtual-hosts.js'
import { upstreamOf } from './upstream-of.js'

const flags = {
  upstream: { type: 'string', hint: 'NAME', help: 'Which upstream; else the route decides.' },
  host: { type: 'string', hint: 'HOST', help: 'The Host header.' },
  path: {
    type: 'string',
    hint: 'PATH',
    help: 'The request target, query included; / unless given.',
  },
  method: { type: 'string', hint: 'NAME', help: 'GET unless given.' },
  scheme: { type: 'string', hint: 'NAME', help: 'http or https; http unless given.' },
  'remote-addr': { type: 'string', hint: 'ADDRESS', help: "The client's address." },
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    hint: "'NAME: VALUE'",
    help: 'A header field.',
  },
  cookie: { type: 'string', short: 'b', multiple: true, hint: 'NAME=VALUE', help: 'A cookie.' },
  'cookie-value': {
    type: 'string',
    hint: 'VALUE',
    help: "The value of the upstream's own cookie, as a log or a browser shows it.",
  },
  ...statsFlags,
  json: jsonFlag,
} as const

export const explainCommand: Command = defineCommand({
  name: 'explain',
  summary: 'Say where one request goes, and why.',
  operands: ['CONFIG'],
  flags,
  details: `
Tells which binding or key was found, what was skipped and why, and which server it is. With --stats
the servers have the health that the fleet believes in; without, all are well. Round robin and
random go on from where they are, so for them the server is one that could be it. Exit code 1 says
that no server would take the request.`,
  async run({ values, operands: [file = ''], io }) {
    const config = loadGateway(file, io)
    const sketch = sketchOf(values)
    const { entry, route } = chosen(config, values.upstream, sketch)
    const cookies = [sketch.cookies ?? '', ownCookie(entry, values['cookie-value'])]
    const facts = factsOf({ ...sketch, cookies: cookies.filter((one) => one !== '').join('; ') })
    const live =
      values.stats === undefined
        ? undefined
        : await new StatsClient(values, io).send<UpstreamStatus>(
            'GET',
            upstreamPath(entry.config.name),
          )
    const explanation = explain(entry, facts, route?.sticky ?? true, live)
    if (values.json) await writeJson(io.stdout, { ...explanation, route: route ?? null })
    else await write(io.stdout, tell(explanation, route))
    return explanation.server === null ? exit.no : exit.ok
  },
})

function sketchOf(values: Values<typeof flags>): Sketch {
  const headers = new Map<string, string>()
  for (const field of values.header) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(field) ?? []
    if (name === undefined) throw new CommandError(`--header must be 'Name: value' (got ${field})`)
    const lower = name.toLowerCase()
    const before = headers.get(lower)
    headers.set(lower, before === undefined ? (value ?? '') : `${before}, ${value}`)
  }
  const cookies = [headers.get('cookie') ?? '', ...values.cookie].filter((one) => one !== '')
  return {
    method: values.method,
    target: values.path,
    scheme: values.scheme,
    host: values.host ?? headers.get('host'),
    remoteAddress: values['remote-addr'],
    cookies: cookies.join('; '),
    headers,
  }
}

function chosen(
  config: GatewayConfig,
  name: string | undefined,
  { host = '', target = '/' }: Sketch,
): { readonly entry: UpstreamEntry; readonly route: RouteConfig | undefined } {
  if (name !== undefined) return { entry: upstreamOf(config, name), route: undefined }
  const route = routeFor(config.routes, host, target)
  if (route === undefined) {
    throw new CommandError(`no route takes ${host}${target}: the gateway answers 404`)
  }
  return { entry: upstreamOf(config, route.upstream), route }
}

function ownCookie({ config: { name, sticky } }: UpstreamEntry, value: string | undefined): string {
  if (value === undefined) return ''
  if (sticky?.kind === 'cookie') return `${sticky.cookie}=${value}`
  throw new CommandError(`upstream ${name} has no cookie of its own for --cookie-value`)
}

function tell(explanation: Explanation, route: RouteConfig | undefined): string {
  const { upstream, binding, keys, balance, skipped, server, verdict, moved } = explanation
  const lines: Array<readonly [string, string]> = []
  if (route !== undefined) {
    lines.push(['route', `${route.hosts.join(', ') || 'any host'} ${route.prefix}`])
  }
  lines.push(['upstream', `${upstream}, balanced by ${balance}`])
  for (const place of binding.lookedFor) lines.push(['looked for', place])
  if (binding.lookedFor.length > 0) lines.push(['binding', describeBinding(binding)])
  if (binding.session !== null) {
    const { id, issued, seen } = binding.session
    lines.push(['session', `${id}, issued ${issued}, last seen ${seen}`])
  }
  for (const { expression, value } of keys) {
    lines.push(['key', `${expression} is ${value === '' ? 'empty' : JSON.stringify(value)}`])
  }
  for (const one of skipped) lines.push(['skipped', `${one.server}: ${one.why}`])
  const why = moved === null ? '' : `, moved: ${moved}`
  lines.push(['server', `${server ?? 'none: 502'}${verdict === null ? '' : ` (${verdict}${why})`}`])
  if (explanation.setsCookie) lines.push(['answer', 'carries a new cookie'])
  return lines.map(([name, text]) => `${name.padEnd(11)}${text}\n`).join('')
}

function describeBinding({ source, server, lost, due }: Explanation['binding']): string {
  if (source === 'none') return 'none'
  if (server === null) return `found, but it leads nowhere: ${lost}`
  return `${server}${due ? ', due to be issued again' : ''}`
}
