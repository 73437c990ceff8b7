import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { HoldfastOptions, UpstreamOptions, UpstreamSnapshot } from '@holdfast/plugin'
import { type Daemon, superviseDaemon } from '@holdfast/test/fixtures/daemon.js'
import type { FastifyServerOptions } from 'fastify'
import type { Trial } from '../trial.js'

/** Of the sticky cookie, unless a row has its own. */
export const KEY = 'a key of the soak, and of nothing else'
export const COOKIE = 'srv_id'

/** All of it must survive JSON. */
export interface GatewayOptions {
  readonly upstream: UpstreamOptions
  readonly plugin?: Partial<HoldfastOptions>
  readonly fastify?: FastifyServerOptions & {
    readonly https?: { readonly cert: string; readonly key: string }
  }
  /** Default: nothing is logged. */
  readonly logLevel?: string
}

/** What the parent asks over the channel between the two processes. */
export interface Ask {
  readonly id: number
  readonly question: 'snapshot' | 'update' | 'collect' | 'wall'
  readonly value?: unknown
}

export interface Answer {
  readonly id: number
  readonly value: unknown
}

/** A gateway in a process of its own. */
export interface Gateway extends Daemon {
  /** `127.0.0.1:port`. */
  readonly address: string
  snapshot(): Promise<UpstreamSnapshot>
  /** Changes servers or keys while requests are served. */
  update(change: { servers?: readonly string[]; keys?: readonly string[] }): Promise<void>
  /**
   * Collects garbage, so that what is resident afterwards is held or the allocator's.
   * @returns what is left on the heap, in MB.
   */
  collect(): Promise<number>
  /** Stops the wall clock at this time, in milliseconds since 1970; `null` lets it go. */
  setWall(ms: number | null): Promise<void>
  /** Resident memory in MB. */
  residentMb(): number
  /** Open sockets, of clients and to servers. */
  sockets(): number
}

/** Starts one with a sealed cookie, to be stopped after the row. */
export async function spawnGateway(
  trial: Trial,
  {
    upstream,
    ...options
  }: Omit<GatewayOptions, 'upstream'> & {
    readonly upstream: Omit<UpstreamOptions, 'name'> & { readonly name?: string }
  },
): Promise<Gateway> {
  const given: GatewayOptions = {
    ...options,
    upstream: { name: 'soak', sticky: { cookie: COOKIE, keys: [KEY] }, ...upstream },
  }
  const entry = fileURLToPath(new URL('./gateway-process.js', import.meta.url))
  const child = spawn(process.execPath, ['--expose-gc', entry, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const waiting = new Map<number, (value: unknown) => void>()
  child.on('message', ({ id, value }: Answer) => {
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  let asked = 0
  const ask = (question: Ask['question'], value?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      asked += 1
      waiting.set(asked, resolve)
      child.send({ id: asked, question, value } satisfies Ask, (error) => error && reject(error))
    })
  const listening = /^listening (\S+)$/m
  const daemon = await superviseDaemon(child, ({ output }) => listening.test(output()))
  trial.after(() => daemon.kill())
  return Object.assign(daemon, {
    address: listening.exec(daemon.output())?.[1] ?? '',
    snapshot: () => ask('snapshot') as Promise<UpstreamSnapshot>,
    update: (change: unknown) => ask('update', change) as Promise<void>,
    collect: () => ask('collect') as Promise<number>,
    setWall: (ms: number | null) => ask('wall', ms) as Promise<void>,
    residentMb: () => residentMb(daemon.pid),
    sockets: () => sockets(daemon.pid),
  })
}

function residentMb(pid: number): number {
  const [, kb = Number.NaN] = /^VmRSS:\s+(\d+) kB/m.exec(proc(pid, 'status')) ?? []
  return Number(kb) / 1024
}

function proc(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8')
}

function sockets(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length
}

function isSocket(link: string): boolean {
  try {
    return readlinkSync(link).startsWith('socket:')
  } catch {
    return false // closed since the folder was read
  }
}
