import { setTimeout as pause } from 'node:timers/promises'
import { GATEWAY_CORE, LOAD_CORE, type NodeProcess, startNode } from '../e2e/process.js'
import type { Memory, Question } from './asked.js'
import type { GatewaySettings } from './gateways/serving.js'
import { loopbackAddresses } from './loopback.js'

export type GatewayKind = 'holdfast' | 'reply-from' | 'fastify-http-proxy'

const IDLE_MS = 8_000

/** A gateway of this folder, in a process of its own. */
export class ScaleGateway {
  readonly port: number
  /** From the start of the process until it listens. */
  readonly startMs: number
  readonly #process: NodeProcess

  private constructor(process: NodeProcess, startMs: number) {
    this.#process = process
    this.port = process.port
    this.startMs = startMs
  }

  static async start(kind: GatewayKind, settings: GatewaySettings): Promise<ScaleGateway> {
    const started = performance.now()
    const file = `scale/gateways/${kind}.js`
    const process = await startNode(GATEWAY_CORE, file, [JSON.stringify(settings)])
    return new ScaleGateway(process, performance.now() - started)
  }

  get processorMs(): number {
    return this.#process.processorMs()
  }

  memory(): Promise<Memory> {
    return ask<Memory>(this.#process, 'memory')
  }

  /** The share of a core that it takes while nobody asks for anything. */
  async idleShare(): Promise<number> {
    const before = this.processorMs
    const started = performance.now()
    await pause(IDLE_MS)
    return (this.processorMs - before) / (performance.now() - started)
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

/** Servers at as many addresses as are wanted, all of them one process. */
export async function startEcho(): Promise<{
  readonly addresses: (count: number) => readonly string[]
  readonly stop: () => Promise<void>
}> {
  const { port, stop } = await startNode(LOAD_CORE, 'scale/echo.js', [])
  return { addresses: (count) => loopbackAddresses(count, port), stop }
}

/** Asks a process of this folder, which answers as its file says. */
export async function ask<Answer>(process: NodeProcess, what: string): Promise<Answer> {
  return (await process.ask({ what } satisfies Question)) as Answer
}
