import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { end, start } from '../lib/children.js'
import { type Gateway, nginxArgs, nginxConfig } from './gateways.js'

/** The gateway has one core for itself; servers and load share the other. */
const GATEWAY_CORE = '0'
export const LOAD_CORE = '1'

/** A server process that listens. */
export interface Running {
  readonly port: number
  /** Milliseconds of processor time, user and system, of all its threads since it was started. */
  processorMs(): number
  stop(): Promise<void>
}

/** Starts a gateway in front of `servers`. */
export async function startGateway(gateway: Gateway, servers: readonly string[]): Promise<Running> {
  if (gateway.kind === 'node') return startNode(gateway.file, servers)
  const port = await freePort()
  const { program, args } = gateway
  return startProgram(GATEWAY_CORE, program, args, gateway.config(port, servers), port)
}

/** Starts `count` servers, all in one nginx, that answer every request at once. */
export async function startServers(
  count: number,
): Promise<{ readonly addresses: readonly string[]; stop(): Promise<void> }> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  const config = nginxConfig(
    ports.map((port) => `server { listen 127.0.0.1:${port}; return 200 "hello\\n"; }`).join('\n'),
  )
  const running = await startProgram(LOAD_CORE, 'nginx', nginxArgs, config, ports.at(-1) ?? 0)
  return { addresses: ports.map((port) => `127.0.0.1:${port}`), stop: () => running.stop() }
}

async function startNode(file: string, servers: readonly string[]): Promise<Running> {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url))
  const child = start('taskset', ['-c', GATEWAY_CORE, process.execPath, path, ...servers], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const port = await new Promise<number>((settle, fail) => {
    child.once('message', (message: { port: number }) => settle(message.port))
    child.once('exit', () => fail(new Error(`${file} did not start`)))
  })
  return running(child, port, () => end(child))
}

async function startProgram(
  core: string,
  program: string,
  args: (folder: string) => readonly string[],
  config: string,
  port: number,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  writeFileSync(join(folder, 'config'), config)
  const child = start('taskset', ['-c', core, program, ...args(folder)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await untilListening(child, port)
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

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} did not start`)
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
