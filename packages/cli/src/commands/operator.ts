import type { Writable } from 'node:stream'
import { parseDuration } from '@holdfast/core'
import { type Command, defineCommand, jsonFlag } from '../command.js'
import { CommandError, exit } from '../exit.js'
import { write, writeJson } from '../io.js'
import {
  type DrainStatus,
  type ServerStatus,
  serverPath,
  type UpstreamStatus,
} from '../operator/api.js'
import { waitForDrain } from '../operator/drain.js'
import { StatsClient, statsFlags } from '../operator/stats-client.js'

const target = ['UPSTREAM', 'SERVER'] as const

const ttlFlag = {
  type: 'string',
  hint: 'TIME',
  help: 'After so long it is as configured again; until taken back when not given.',
} as const

export const status: Command = defineCommand({
  name: 'status',
  summary: 'Show the servers of a running fleet.',
  operands: ['[UPSTREAM]'],
  flags: { ...statsFlags, json: jsonFlag },
  async run({ values, operands: [name], io }) {
    const client = new StatsClient(values, io)
    const { upstreams } = await client.send<{ upstreams: readonly UpstreamStatus[] }>(
      'GET',
      '/api/v1/upstreams',
    )
    const shown = upstreams.filter((upstream) => name === undefined || upstream.name === name)
    if (name !== undefined && shown.length === 0) {
      throw new CommandError(
        `there is no upstream ${name}; there are ${upstreams.map((one) => one.name).join(', ')}`,
      )
    }
    if (values.json) await writeJson(io.stdout, shown)
    else await write(io.stdout, shown.map(table).join('\n'))
    return exit.ok
  },
})

export const drain: Command = defineCommand({
  name: 'drain',
  summary: 'Keep new sessions from a server, and wait until it may be stopped.',
  operands: target,
  flags: {
    wait: {
      type: 'string',
      hint: 'TIME',
      help: 'Wait that long for its sessions to end; exit code 1 when some are left.',
    },
    ttl: ttlFlag,
    ...statsFlags,
    json: jsonFlag,
  },
  details: `
Bound sessions stay with the server, new ones go elsewhere.

  holdfast drain shop 10.0.0.11:8080 --wait 30m --stats http://stats:9090 && systemctl stop shop`,
  async run({ values, operands: [upstream = '', id = ''], io }) {
    const waitMs = durationOf('--wait', values.wait)
    durationOf('--ttl', values.ttl)
    const client = new StatsClient(values, io)
    await client.send('POST', serverPath(upstream, id), {
      state: 'drain',
      ...(values.ttl === undefined ? {} : { ttl: values.ttl }),
    })
    if (waitMs === undefined) {
      await say(io.stdout, values.json, { upstream, server: id, state: 'drain' }, `${id} drains\n`)
      return exit.ok
    }
    const last = await waitForDrain(client, upstream, id, waitMs, async (now) => {
      if (!values.json) await write(io.stderr, `${describe(now)}\n`)
    })
    const verdict = last.safeToStop
      ? `${id} may be stopped\n`
      : `${id} may not be stopped: ${describe(last)}\n`
    await say(io.stdout, values.json, { upstream, server: id, ...last }, verdict)
    return last.safeToStop ? exit.ok : exit.no
  },
})

export const undrain: Command = defineCommand({
  name: 'undrain',
  summary: 'Take back what was said of a server: it is as configured.',
  operands: target,
  flags: { ...statsFlags, json: jsonFlag },
  async run({ values, operands: [upstream = '', id = ''], io }) {
    await new StatsClient(values, io).send('DELETE', serverPath(upstream, id))
    await say(io.stdout, values.json, { upstream, server: id }, `${id} is as configured\n`)
    return exit.ok
  },
})

export const weight: Command = defineCommand({
  name: 'weight',
  summary: 'Change the share of new sessions that a server gets.',
  operands: [...target, 'WEIGHT'],
  flags: { ttl: ttlFlag, ...statsFlags, json: jsonFlag },
  async run({ values, operands: [upstream = '', id = '', text = ''], io }) {
    const wanted = Number(text)
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 65_535) {
      throw new CommandError(
        `WEIGHT must be 1 to 65535 (got ${text}); drain keeps new sessions away`,
      )
    }
    durationOf('--ttl', values.ttl)
    await new StatsClient(values, io).send('POST', serverPath(upstream, id), {
      weight: wanted,
      ...(values.ttl === undefined ? {} : { ttl: values.ttl }),
    })
    await say(
      io.stdout,
      values.json,
      { upstream, server: id, weight: wanted },
      `${id} has weight ${wanted}\n`,
    )
    return exit.ok
  },
})

function durationOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = parseDuration(text)
  if (ms === undefined)
    throw new CommandError(`${flag} must be a duration such as 10m (got ${text})`)
  return ms
}

function say(stream: Writable, json: boolean, value: object, text: string): Promise<void> {
  return json ? writeJson(stream, value) : write(stream, text)
}

function describe({ sessionsLeft, activeRequests, tunnels }: DrainStatus): string {
  const sessions = sessionsLeft === null ? 'sessions unknown' : `${sessionsLeft} sessions`
  return `${sessions}, ${activeRequests} requests, ${tunnels} tunnels left`
}

const HEADINGS = ['server', 'state', 'weight', 'sessions', 'active', 'requests', 'fails', 'p99 ms']

function table({ name, balance, sticky, servers, affinity }: UpstreamStatus): string {
  const moved = Object.values(affinity.moved).reduce((sum, count) => sum + count, 0)
  const rows = [HEADINGS, ...servers.map(row)]
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  )
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  )
  const heading = `${name}: ${balance}${sticky === null ? '' : `, sticky by ${sticky}`}; ${affinity.kept} kept, ${affinity.new} new, ${moved} moved`
  return `${heading}\n${lines.map((line) => `  ${line.trimEnd()}\n`).join('')}`
}

function row(server: ServerStatus): readonly string[] {
  const { id, state, backup, weight, sessions, active, tunnels, requests, fails, latencyMs } =
    server
  const failed = Object.values(fails).reduce((sum, count) => sum + count, 0)
  return [
    id,
    backup ? `${state} (backup)` : state,
    String(weight),
    sessions === null ? '-' : String(sessions),
    String(active + tunnels),
    String(requests),
    String(failed),
    String(latencyMs?.p99 ?? '-'),
  ]
}
