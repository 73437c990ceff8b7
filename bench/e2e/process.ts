import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { end, start } from '../lib/children.js'
import type { Gateway } from './gateways.js'
import { nginxArgs, nginxConfig } from './programs/nginx.js'

/** The gateway has one core for itself; servers and load share the other. */
export const GATEWAY_CORE = '0'
export const LOAD_CORE = '1'

/** A server process that listens. */
export interface Running {
  readonly port: number
  /** Milliseconds of processor time, user and system, of all its threads since it was started. */
  processorMs(): number
  stop(): Promise<void>
}

type Environment = Readonly<Record<string, string>>

/** Starts a gateway in front of `servers`. */
export async function startGateway(
  gateway: Gateway,
  servers: readonly string[],
  environment: Environment = {},
): Promise<Running> {
  if (gateway.kind === 'node') return startNode(GATEWAY_CORE, gateway.file, servers, environment)
  const port = await freePort()
  return startProgram(GATEWAY_CORE, gateway, gateway.config(port, servers), port)
}

/** A process of Node that can be asked things, one at a time. */
export interface NodeProcess extends Running {
  ask(question: object): Promise<unknown>
}

export interface Servers {
  readonly addresses: readonly string[]
  stop(): Promise<void>
}

/** The server that answers every request at once, in an nginx with others. */
const hello = (port: number): string =>
  `server { listen 127.0.0.1:${port}; return 200 "hello\\n"; }`

/**
 * Starts `count` servers, all in one nginx.
 * @param server what nginx is to know of the one at this port
 */
export async function startServers(count: number, server = hello): Promise<Servers> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  const nginx = { program: 'nginx', args: nginxArgs }
  const config = nginxConfig(ports.map(server).join('\n'))
  const running = await startProgram(LOAD_CORE, nginx, config, ports.at(-1) ?? 0)
  return { addresses: ports.map((port) => `127.0.0.1:${port}`), stop: () => running.stop() }
}

/** Starts a compiled file of this package that tells its port once it listens. */
export async function startNode(
  core: string,
  file: string,
  args: readonly string[],
  environment: Environment = {},
): Promise<NodeProcess> {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  const child = start('taskset', ['-c', core, process.execPath, path, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', ...environment },
  })
  const port = await new Promise<number>((settle, fail) => {
    child.once('message', (message: { port: number }) => settle(message.port))
    child.once('exit', () => fail(new Error(`${file} did not start`)))
  })
  const ask = (question: object): Promise<unknown> =>
    new Promise((settle, fail) => {
      const lost = (): void => fail(new Error(`${file} has ended`))
      child.once('exit', lost)
      child.once('message', (answer) => {
        child.off('exit', lost)
        settle(answer)
      })
      child.send(question)
    })
  return { ...running(child, port, () => end(child)), ask }
}

async function startProgram(
  core: string,
  {
    program,
    args,
    environment,
  }: Pick<Gateway & { kind: 'program' }, 'program' | 'args' | 'environment'>,
  config: string,
  port: number,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  writeFileSync(join(folder, 'config'), config)
  const child = start('taskset', ['-c', core, program, ...args(folder)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment?.(folder) },
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  await untilListening(child, port, () => complaint)
  return running(child, port, async () => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  })
}

function running({ pid }: ChildProcess, port: number, stop: () => Promise<void>): Running {
  // taskset becomes the program that it starts, so the process is the gateway itself.
  return { port, processorMs: () => processorMs(pid ?? 0), stop }
}

/** Milliseconds of processor time, user and system, of all threads of a process so far. */
export function processorMs(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onProcessor = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(
      ' ',
    )
    nanoseconds += Number(onProcessor)
  }
  return nanoseconds / 1e6
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(
  child: ChildProcess,
  port: number,
  complaint: () => string,
): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null) {
      throw new Error(`${child.spawnargs.join(' ')} did not start: ${complaint()}`)
    }
    await pause(10)
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
