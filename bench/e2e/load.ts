import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outputOf } from '../lib/children.js'
import { LOAD_CORE } from './process.js'

export const CONNECTIONS = 64
const SESSIONS = 256
const PATH = '/items/42?from=list'

/** What a browser sends at the least; the cookie is each session's own. */
const HEADERS = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br',
  'Accept-Language': 'en-GB,en;q=0.5',
}

/** What came of some seconds of load. */
export interface LoadResult {
  readonly requests: number
  /** Requests a second. */
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Sessions of one gateway that come back over and over, each with the cookie that it was given. */
export class Load {
  readonly #port: number
  readonly #folder: string

  private constructor(port: number, folder: string) {
    this.#port = port
    this.#folder = folder
  }

  /** Begins the sessions: each asks once for its cookie. */
  static async begin(port: number): Promise<Load> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
    writeFileSync(join(folder, 'load.lua'), script(await cookies(port)))
    return new Load(port, folder)
  }

  /** @throws Error when a single answer was not as it should be. */
  async run(seconds: number): Promise<LoadResult> {
    const output = await outputOf('taskset', [
      ...['-c', LOAD_CORE, 'wrk', '-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`],
      ...['-s', join(this.#folder, 'load.lua'), `http://127.0.0.1:${this.#port}${PATH}`],
    ])
    const { errors, ...result }: LoadResult & { errors: number } = JSON.parse(
      output.slice(output.lastIndexOf('\n{')),
    )
    if (errors > 0) throw new Error(`${errors} of ${result.requests} requests failed:\n${output}`)
    return result
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function cookies(port: number): Promise<readonly string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const all = await Promise.all(
    Array.from({ length: SESSIONS }, async (_, session) => {
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
  return new Promise((settle, fail) => {
    get({ agent, port, host: '127.0.0.1', path: PATH, headers: HEADERS }, (response) => {
      response.resume().on('end', () => settle(response.headers['set-cookie'] ?? []))
    }).on('error', fail)
  })
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
      io.write(string.format(
        '\\n{"requests":%d,"rate":%.1f,"p50Ms":%.3f,"p99Ms":%.3f,"errors":%d}',
        summary.requests, summary.requests / summary.duration * 1e6,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        e.connect + e.read + e.write + e.status + e.timeout))
    end`
}
