import { OptionError } from '@holdfast/core'
import { group, listOf, optional, parseWith, text } from '@holdfast/core/options'
import { isLoopbackHost } from '../access/loopback.js'
import type { ReplicaOptions, StatsOptions, TokensOptions } from '../options.js'

/** Where the sidecar listens and what it serves. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly logLevel: string
  readonly stats: StatsOptions
}

/** What was given on the command line, by the name of its flag. */
export interface Flags {
  readonly redis?: string | undefined
  readonly namespace?: string | undefined
  readonly replica?: readonly string[] | undefined
  readonly listen?: string | undefined
  readonly host?: readonly string[] | undefined
  readonly config?: string | undefined
  readonly interval?: string | undefined
  readonly 'token-file'?: string | undefined
  readonly 'log-level'?: string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

const DEFAULT_LISTEN = '127.0.0.1:9090'
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent']

const anyText = text('must be text', 'text', () => true)

const replicaSchema = group({
  url: anyText,
  token: optional('The replica’s `stats.token`.', anyText),
  adminToken: optional('The replica’s `stats.adminToken`.', anyText),
})

const fileSchema = group({
  listen: optional('HOST:PORT', anyText),
  redis: optional('The Redis of the fleet.', anyText),
  namespace: optional('The fleet’s namespace.', anyText),
  replicas: optional(
    'Where replicas serve their snapshots.',
    listOf(replicaSchema, 'must be a list'),
  ),
  hosts: optional('Hosts that may read without a token.', listOf(anyText, 'must be a list')),
  interval: optional('How often the gateways are asked.', anyText),
  silentAfter: optional('When a replica counts as silent.', anyText),
  expireAfter: optional('When a replica is forgotten.', anyText),
  tokenFile: optional('A file of tokens.', anyText),
})

/**
 * Puts flags, environment and files together; what stands first of these counts.
 * @throws OptionError that says what is wrong, and never shows a token.
 */
export function settle(flags: Flags, environment: Environment, readFile: ReadFile): Settings {
  const file = flags.config === undefined ? {} : readConfig(flags.config, readFile)
  const tokenFile = flags['token-file'] ?? file.tokenFile
  const fromFile = tokenFile === undefined ? {} : readTokens(tokenFile, readFile)
  const env = (name: string): string | undefined => {
    const value = environment[name] ?? fromFile[name]
    return value === '' ? undefined : value
  }
  const tokens = { read: env('HOLDFAST_READ_TOKEN'), admin: env('HOLDFAST_ADMIN_TOKEN') }
  const redis = flags.redis ?? env('HOLDFAST_REDIS_URL') ?? file.redis
  const urls = flags.replica?.map((url) => ({ url })) ?? file.replicas
  const { host, port } = parseListen(
    flags.listen ?? env('HOLDFAST_LISTEN') ?? file.listen ?? DEFAULT_LISTEN,
    tokens,
  )
  return {
    host,
    port,
    logLevel: parseLogLevel(flags['log-level']),
    stats: {
      ...sourceOf(redis, flags.namespace ?? env('HOLDFAST_NAMESPACE') ?? file.namespace, urls, env),
      tokens,
      hosts: flags.host ?? file.hosts,
      interval: flags.interval ?? file.interval,
      silentAfter: file.silentAfter,
      expireAfter: file.expireAfter,
    },
  }
}

interface ReplicaGiven {
  readonly url: string
  readonly token?: string | undefined
  readonly adminToken?: string | undefined
}

function sourceOf(
  redis: string | undefined,
  namespace: string | undefined,
  replicas: readonly ReplicaGiven[] | undefined,
  env: (name: string) => string | undefined,
): Pick<StatsOptions, 'redis' | 'namespace' | 'replicas'> {
  if (redis !== undefined && replicas !== undefined) {
    throw new OptionError('--redis', 'or --replica, not both')
  }
  if (redis !== undefined) return { redis, namespace }
  if (replicas === undefined || replicas.length === 0) {
    throw new OptionError('--redis', 'or --replica is needed: where are the gateways?')
  }
  const adminToken = env('HOLDFAST_REPLICA_ADMIN_TOKEN')
  return {
    replicas: replicas.map((replica): ReplicaOptions => {
      const token = replica.token ?? env('HOLDFAST_REPLICA_TOKEN')
      if (token === undefined) {
        throw new OptionError('HOLDFAST_REPLICA_TOKEN', 'is needed: replicas want a token')
      }
      return { url: replica.url, token, adminToken: replica.adminToken ?? adminToken }
    }),
  }
}

function readConfig(path: string, readFile: ReadFile) {
  return parseWith(fileSchema, parseJson(read(path, readFile), path), path)
}

function parseJson(content: string, path: string): unknown {
  try {
    return JSON.parse(content)
  } catch (error) {
    throw new OptionError(path, `is no JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** Lines `NAME=value`; empty ones and comments do not count. */
function readTokens(path: string, readFile: ReadFile): Record<string, string> {
  const tokens: Record<string, string> = Object.create(null)
  for (const [i, line] of read(path, readFile).split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, name, value] =
      /^\s*(HOLDFAST_(?:REPLICA_)?(?:READ_|ADMIN_)?TOKEN)=(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) {
      throw new OptionError(path, `line ${i + 1} is not HOLDFAST_..._TOKEN=value`)
    }
    tokens[name] = value
  }
  return tokens
}

function read(path: string, readFile: ReadFile): string {
  try {
    return readFile(path)
  } catch (error) {
    throw new OptionError(path, `cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

function parseListen(
  listen: string,
  { read }: TokensOptions,
): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(listen) ?? []
  const [host, port] = [bracketed ?? plain, Number(digits)]
  if (host === undefined || host === '' || !(port <= 65_535)) {
    throw new OptionError('--listen', 'must be HOST:PORT, such as 127.0.0.1:9090', listen)
  }
  const isHere = isLoopbackHost(bracketed === undefined ? host : `[${bracketed}]`)
  if (!isHere && read === undefined) {
    throw new OptionError(
      '--listen',
      'is off loopback, so HOLDFAST_READ_TOKEN is needed; `openssl rand -hex 16` makes one',
      listen,
    )
  }
  return { host, port }
}

function parseLogLevel(level = 'info'): string {
  if (LOG_LEVELS.includes(level)) return level
  throw new OptionError('--log-level', `must be one of ${LOG_LEVELS.join(', ')}`, level)
}
