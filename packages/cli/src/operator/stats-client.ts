import { request } from 'undici'
import type { Flag } from '../command.js'
import { CommandError, exit } from '../exit.js'
import { readText } from '../files.js'
import type { Io } from '../io.js'

/** Flags of every command that asks a fleet. */
export const statsFlags: {
  readonly stats: Flag & { readonly type: 'string' }
  readonly 'token-file': Flag & { readonly type: 'string' }
} = {
  stats: { type: 'string', hint: 'URL', help: 'Where the statistics of the fleet are served.' },
  'token-file': {
    type: 'string',
    hint: 'FILE',
    help: 'Holds the token; else HOLDFAST_ADMIN_TOKEN or HOLDFAST_READ_TOKEN of the environment.',
  },
}

const PATIENCE_MS = 10_000

/** Speaks to the statistics of a fleet. */
export class StatsClient {
  readonly #base: string
  readonly #token: string | undefined

  /** @throws CommandError without a URL, or with a token file that cannot be read. */
  constructor(
    values: { readonly stats: string | undefined; readonly 'token-file': string | undefined },
    { env, cwd }: Pick<Io, 'env' | 'cwd'>,
  ) {
    const { stats, 'token-file': file } = values
    if (stats === undefined) throw new CommandError('say where the statistics are: --stats URL')
    if (!URL.canParse(stats) || !/^https?:/i.test(stats)) {
      throw new CommandError(`--stats must be a URL such as http://127.0.0.1:9091 (got ${stats})`)
    }
    this.#base = stats.replace(/\/+$/, '')
    this.#token =
      file === undefined
        ? (env.HOLDFAST_ADMIN_TOKEN ?? env.HOLDFAST_READ_TOKEN)
        : readText(file, { cwd }).trim()
  }

  /**
   * One exchange.
   * @param path from the root of the statistics, beginning with `/`.
   * @throws CommandError (3) when there is no answer, or another than 2xx.
   */
  async send<T>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    patienceMs: number = PATIENCE_MS,
  ): Promise<T> {
    const url = `${this.#base}${path}`
    const { status, text } = await this.#exchange(method, url, body, patienceMs)
    if (status < 200 || status > 299)
      throw new CommandError(refusal(url, status, text), exit.unreachable)
    return (text === '' ? undefined : parse(url, text)) as T
  }

  async #exchange(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    body: unknown,
    patienceMs: number,
  ): Promise<{ readonly status: number; readonly text: string }> {
    try {
      // Not fetch: it refuses ports that browsers must not reach.
      const { statusCode, body: answer } = await request(url, {
        method,
        signal: AbortSignal.timeout(Math.ceil(patienceMs)),
        headers: {
          accept: 'application/json',
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: statusCode, text: await answer.text() }
    } catch (cause) {
      throw new CommandError(`${url}: ${(cause as Error).message}`, exit.unreachable, { cause })
    }
  }
}

function parse(url: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CommandError(`${url}: answers no JSON`, exit.unreachable, { cause })
  }
}

function refusal(url: string, status: number, text: string): string {
  const advice: Readonly<Record<number, string>> = {
    401: '; set HOLDFAST_ADMIN_TOKEN, or give --token-file',
    403: '; a read token cannot change anything: set HOLDFAST_ADMIN_TOKEN',
  }
  let said = ''
  try {
    const { message } = JSON.parse(text) as { readonly message?: string }
    said = message === undefined ? '' : `: ${message}`
  } catch {
    // An error page says nothing that would help here.
  }
  return `${url}: answered ${status}${said}${advice[status] ?? ''}`
}
