import { Agent, get } from 'node:http'
import { HELLO } from './words.js'

/** How long requests took that were sent one after the other. */
export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Sends requests over one connection, to the paths in turn.
 * @throws Error when an answer is not as it should be.
 */
export async function latencyOf(
  port: number,
  paths: readonly string[],
  requests = 500,
): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  try {
    for (let i = 0; i < requests; i += 1) {
      const started = performance.now()
      await ask(agent, port, paths[i % paths.length] ?? '/')
      times.push(performance.now() - started)
    }
  } finally {
    agent.destroy()
  }
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

function ask(agent: Agent, port: number, path: string): Promise<void> {
  return new Promise((settle, fail) => {
    get({ agent, port, host: '127.0.0.1', path }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => {
        if (response.statusCode === 200 && text === HELLO) settle()
        else fail(new Error(`${path} was answered ${response.statusCode}: ${text.slice(0, 200)}`))
      })
    }).on('error', fail)
  })
}
