import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outputOf } from '../lib/children.js'
import { PacedLoad } from './paced.js'
import { LOAD_CORE } from './process.js'

export const CONNECTIONS = 64
const SESSIONS = 256
/** Long, as a machine that stands still for a while is no failure of the gateway. */
const TIMEOUT_S = 10
const WARM_UP_RATE = 1_000

/** What a browser sends at the least; the cookie is each session's own. */
const HEADERS = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br',
  'Accept-Language': 'en-GB,en;q=0.5',
}

/** What is asked for, over how many connections. */
export interface Job {
  readonly path: string
  readonly connections: number
  /** How many sessions take turns; 256 when absent. */
  readonly sessions?: number
  /** How many cookies of others come before the session's own. */
  readonly cookies?: number
}

const SMALL: Job = { path: '/items/42?from=list', connections: CONNECTIONS }

/** What came of some seconds of load. */
export interface LoadResult {
  readonly requests: number
  /** Requests a second. */
  readonly rate: number
  /** Bytes that came back, a second. */
  readonly bytesRate: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Sessions of one gateway that come back over and over, each with the cookie that it was given. */
export class Load {
  readonly #port: number
  readonly #job: Job
  readonly #folder: string

  private constructor(port: number, job: Job, folder: string) {
    this.#port = port
    this.#job = job
    this.#folder = folder
  }

  /** Begins the sessions: each asks once for its cookie. */
  static async begin(port: number, job = SMALL): Promise<Load> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
    const own = await cookies(port, job.sessions ?? SESSIONS)
    const lines = own.map((cookie) => othersBefore(job) + cookie)
    writeFileSync(join(folder, 'load.lua'), script(lines))
    writeFileSync(join(folder, 'requests.json'), JSON.stringify(lines.map(requestText(port, job))))
    return new Load(port, job, folder)
  }

  /**
   * As many requests as there are answers.
   * @throws Error when a single answer was not as it should be.
   */
  async run(seconds: number): Promise<LoadResult> {
    const { path, connections } = this.#job
    const output = await outputOf('taskset', [
      ...['-c', LOAD_CORE, 'wrk', '-t', '1', '-c', String(connections), '-d', `${seconds}s`],
      ...[
        '--timeout',
        `${TIMEOUT_S}s`,
        '-s',
        join(this.#folder, 'load.lua'),
        `http://127.0.0.1:${this.#port}${path}`,
      ],
    ])
    const result: LoadResult & { readonly errors: number } = JSON.parse(
      output.slice(output.lastIndexOf('\n{')),
    )
    if (result.errors > 0) throw new Error(`Requests failed:\n${output}`)
    return result
  }

  /**
   * Sends the same requests at a fixed rate instead.
   * @returns after the first that were sent so
   */
  async paced(): Promise<PacedLoad> {
    const load = await PacedLoad.start(join(this.#folder, 'requests.json'), this.#port, CONNECTIONS)
    await load.run(WARM_UP_RATE, 1)
    return load
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function othersBefore({ cookies = 0 }: Job): string {
  return Array.from({ length: cookies }, (_, i) => `preference_${i}=a-value-of-${i}; `).join('')
}

async function cookies(port: number, sessions: number): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const all = await Promise.all(
    Array.from({ length: sessions }, async (_, session) => {
      const [line = cookieOfTheServers(session)] = await setCookies(agent, port)
      return line.slice(0, line.indexOf(';'))
    }),
  )
  agent.destroy()
  return all
}

/** As long as a sealed one, so that gateways without a cookie of their own carry as much. */
function cookieOfTheServers(session: number): string {
  return `srv_id=${String(session).padStart(78, 's')};`
}

function setCookies(agent: Agent, port: number): Promise<readonly string[]> {
  const options = { agent, port, host: '127.0.0.1', path: SMALL.path, headers: HEADERS }
  return new Promise((settle, fail) => {
    get(options, (response) => {
      response.resume().on('end', () => settle(response.headers['set-cookie'] ?? []))
    }).on('error', fail)
  })
}

function requestText(port: number, { path }: Job): (cookie: string) => string {
  const fields = Object.entries({ Host: `127.0.0.1:${port}`, ...HEADERS })
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return (cookie) => `GET ${path} HTTP/1.1\r\n${head}Cookie: ${cookie}\r\n\r\n`
}

function script(lines: readonly string[]): string {
  const fields = Object.entries(HEADERS).map(([name, value]) => `["${name}"] = "${value}"`)
  return `
    local cookies = { ${lines.map((line) => `"${line}"`).join(', ')} }
    local requests = {}
    local turn = 0
    function init()
      for i, cookie in ipairs(cookies) do
        requests[i] = wrk.format("GET", nil, { Cookie = cookie, ${fields.join(', ')} })
      end
    end
    function request()
      turn = turn % #requests + 1
      return requests[turn]
    end
    function done(summary, latency)
      local e = summary.errors
      local seconds = summary.duration / 1e6
      io.write(string.format(
        '\\n{"requests":%d,"rate":%.1f,"bytesRate":%.0f,"p50Ms":%.3f,"p99Ms":%.3f,"errors":%d}',
        summary.requests, summary.requests / seconds, summary.bytes / seconds,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        e.connect + e.read + e.write + e.status + e.timeout))
    end`
}
