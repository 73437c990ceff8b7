import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseUpstreamOptions, type UpstreamOptions } from '@holdfast/core'
import { parseWith } from '@holdfast/core/options'
import { CommandError } from '../exit.js'
import { readText } from '../files.js'
import type { Io } from '../io.js'
import { type GatewayDocument, readDocument } from './document.js'
import { collecting, type Issue, ROOT } from './issue.js'
import { crossIssues } from './references.js'
import { type GatewayShape, gatewaySchema } from './schema.js'
import type { CertificateConfig, GatewayConfig, ListenConfig, UpstreamEntry } from './types.js'

/** A gateway file with all that is wrong with it; a configuration only when nothing is. */
export interface ReadGateway {
  readonly document: GatewayDocument
  readonly issues: readonly Issue[]
  readonly config: GatewayConfig | undefined
}

/** Reads and judges a gateway file. @throws CommandError when the file cannot be read. */
export function readGateway(file: string, { cwd, env }: Pick<Io, 'cwd' | 'env'>): ReadGateway {
  const path = resolve(cwd, file)
  const document = readDocument(file, readText(file, { cwd }), env)
  const issues: Issue[] = [...document.issues]
  const config = issues.length === 0 ? build(document, dirname(path), issues) : undefined
  issues.sort(({ position: a }, { position: b }) => a.line - b.line || a.column - b.column)
  return { document, issues, config: issues.length === 0 ? config : undefined }
}

/** The configuration in a gateway file. @throws CommandError with every issue it has. */
export function loadGateway(file: string, io: Pick<Io, 'cwd' | 'env'>): GatewayConfig {
  const { config, issues } = readGateway(file, io)
  if (config === undefined) {
    throw new CommandError(
      [`${file} is wrong`, ...issues.map((issue) => `  ${describeIssue(file, issue)}`)].join('\n'),
    )
  }
  return config
}

export function describeIssue(
  file: string,
  { path, problem, position: { line, column } }: Issue,
): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${problem}`
}

function build(
  document: GatewayDocument,
  folder: string,
  issues: Issue[],
): GatewayConfig | undefined {
  const { locate } = document
  const shape = collecting(issues, locate, () => parseWith(gatewaySchema, document.value, ROOT))
  const files = new PemFiles(document, folder, issues)
  const upstreams = new Map<string, UpstreamEntry>()
  for (const [name, raw] of writtenUpstreams(document.value)) {
    const entry = collecting(issues, locate, () => upstreamEntry(name, raw, files))
    if (entry !== undefined) upstreams.set(name, entry)
  }
  if (shape === undefined) return undefined
  const listen = shape.listen.map((one, index) => withCertificates(one, index, shape, files))
  issues.push(...crossIssues(shape, locate))
  return { ...shape, listen, upstreams }
}

/** The upstreams that can be judged, also where something else in the file is wrong. */
function writtenUpstreams(file: unknown): ReadonlyArray<[string, Partial<UpstreamOptions>]> {
  const upstreams: unknown = isRecord(file) ? file.upstreams : undefined
  if (!isRecord(upstreams)) return []
  return Object.entries(upstreams).filter((entry): entry is [string, Partial<UpstreamOptions>] =>
    isRecord(entry[1]),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function upstreamEntry(
  name: string,
  raw: Partial<UpstreamOptions>,
  files: PemFiles,
): UpstreamEntry {
  const path = ['upstreams', name]
  const tls = raw.tls && {
    ...raw.tls,
    ca: files.list(raw.tls.ca, [...path, 'tls', 'ca']),
    cert: files.text(raw.tls.cert, [...path, 'tls', 'cert']),
    key: files.text(raw.tls.key, [...path, 'tls', 'key']),
  }
  // What is missing the core says best.
  const options = { ...raw, name, ...(tls && { tls }) } as UpstreamOptions
  const written = /^[\w$-]+$/.test(name)
    ? `upstreams.${name}`
    : `upstreams[${JSON.stringify(name)}]`
  return { options, config: parseUpstreamOptions(options, written) }
}

function withCertificates(
  listen: ListenConfig,
  index: number,
  { listen: { length } }: GatewayShape,
  files: PemFiles,
): ListenConfig {
  if (listen.tls === undefined) return listen
  // The file may hold one listener or a list, and one certificate or a list.
  const path = length === 1 && !files.isList(['listen']) ? ['listen'] : ['listen', index]
  const many = files.isList([...path, 'tls'])
  const tls = listen.tls.map(({ cert, key }, position): CertificateConfig => {
    const at = [...path, 'tls', ...(many ? [position] : [])]
    return { cert: files.text(cert, [...at, 'cert']), key: files.text(key, [...at, 'key']) }
  })
  return { ...listen, tls }
}

/** Reads the PEM files that options name, and complains where the name stands. */
class PemFiles {
  readonly #document: GatewayDocument
  readonly #folder: string
  readonly #issues: Issue[]

  constructor(document: GatewayDocument, folder: string, issues: Issue[]) {
    this.#document = document
    this.#folder = folder
    this.#issues = issues
  }

  isList(path: readonly PropertyKey[]): boolean {
    let value = this.#document.value
    for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key]
    return Array.isArray(value)
  }

  /** PEM as it is; anything else is the path of a file, from the gateway file's folder. */
  text<T>(value: T, path: readonly PropertyKey[]): T | string {
    if (typeof value !== 'string' || value === '' || value.includes('-----BEGIN')) return value
    try {
      return readFileSync(resolve(this.#folder, value), 'utf8')
    } catch (error) {
      const problem = `cannot be read: ${(error as Error).message}`
      this.#issues.push({ path: path.join('.'), problem, position: this.#document.locate(path) })
      return value
    }
  }

  list<T>(value: T | readonly T[], path: readonly PropertyKey[]): T | string | Array<T | string> {
    return Array.isArray(value)
      ? value.map((one: T, index) => this.text(one, [...path, index]))
      : this.text(value as T, path)
  }
}
