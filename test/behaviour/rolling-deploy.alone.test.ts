/** All servers are replaced under load, while three replicas learn of it at different moments. */
import assert from 'node:assert/strict'
import { Agent, request as send } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerOptions } from '@holdfast/plugin'
import type { AppAnswer } from '#fixtures/app-server.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { createPods, type Pod } from '#fixtures/pods.js'
import { Session } from '#fixtures/session.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

// With HOLDFAST_SOAK=1 in real time: replicas up to 5 s apart, 500 sessions, some two minutes.
const SOAK = process.env.HOLDFAST_SOAK === '1'
const SECOND = SOAK ? 1_000 : 100
const SESSIONS = SOAK ? 500 : 150
const SERVERS = 6
const SKEWS = [0, 2.5 * SECOND, 5 * SECOND]
const KEY = 'sixteen bytes and some more'

/** The truth about the servers, which each replica hears as late as it is. */
class Registry {
  readonly #entries = new Map<string, ServerOptions>()
  readonly #listeners = new Set<() => void>()

  set(entry: ServerOptions): void {
    this.#entries.set(entry.address, entry)
    for (const listener of this.#listeners) listener()
  }

  delete({ address }: Pod): void {
    this.#entries.delete(address)
    for (const listener of this.#listeners) listener()
  }

  /** A source for `discover` that tells everything `lateMs` after it happened. */
  async *follow(
    signal: AbortSignal,
    lateMs: number,
    onHeard: (list: readonly ServerOptions[]) => void,
  ): AsyncGenerator<readonly ServerOptions[]> {
    const queue = [{ list: [...this.#entries.values()], dueMs: 0 }]
    let wake = (): void => {}
    const listener = (): void => {
      queue.push({ list: [...this.#entries.values()], dueMs: performance.now() + lateMs })
      wake()
    }
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => wake())
    try {
      while (!signal.aborted) {
        const next = queue.shift()
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        const waitMs = next.dueMs - performance.now()
        if (waitMs > 0) await delay(waitMs, undefined, { signal })
        onHeard(next.list)
        yield next.list
      }
    } finally {
      this.#listeners.delete(listener)
    }
  }
}

interface Replica extends TestGateway {
  /** Attempts at servers of which this replica had not heard. */
  readonly strayed: string[]
}

async function startReplica(t: TestContext, registry: Registry, lateMs: number): Promise<Replica> {
  const heard = new Set<string>()
  const strayed: string[] = []
  const gateway = await startGateway(t, {
    servers: undefined,
    upstream: {
      discover: (signal) =>
        registry.follow(signal, lateMs, (list) => {
          for (const { address } of list) heard.add(address)
        }),
      settle: `${10 * SECOND}ms`,
      linger: `${60 * SECOND}ms`,
      sticky: { cookie: 'srv_id', keys: [KEY] },
    },
    prepare(app) {
      app.addHook('onResponse', async ({ holdfast }) => {
        for (const { address } of holdfast?.attempts ?? []) {
          if (!heard.has(address)) strayed.push(address)
        }
      })
    },
  })
  return { ...gateway, strayed }
}

/** One browser: it asks a replica at a time, and notes who answered. */
class Browser {
  readonly servers: string[] = []
  readonly failures: string[] = []
  requests = 0
  readonly #session = new Session()

  async visit(address: string, agent: Agent): Promise<void> {
    this.requests += 1
    const cookie = this.#session.header()
    const outcome = await get(address, agent, cookie === undefined ? {} : { cookie })
    if (typeof outcome === 'string') {
      this.failures.push(outcome)
      return
    }
    this.#session.take(outcome.setCookies)
    const { server } = outcome.answer
    if (this.servers.at(-1) !== server) this.servers.push(server)
  }
}

interface Answered {
  readonly answer: AppAnswer
  readonly setCookies: readonly string[]
}

function get(
  address: string,
  agent: Agent,
  headers: Record<string, string>,
): Promise<Answered | string> {
  return new Promise((resolve) => {
    const request = send(`http://${address}/`, { agent, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        body += part
      })
      response.on('error', (error) => resolve(error.message))
      response.on('end', () => {
        if (response.statusCode !== 200) resolve(`${response.statusCode}`)
        else resolve({ answer: JSON.parse(body), setCookies: response.headers['set-cookie'] ?? [] })
      })
    })
    request.on('error', (error) => resolve(error.message))
    request.end()
  })
}

test('a rolling deploy fails nobody and moves no session twice', async (t) => {
  const pods = await createPods(t)
  const registry = new Registry()
  const running: Pod[] = []
  for (let i = 0; i < SERVERS; i += 1) {
    const pod = await pods.start(`127.0.0.${10 + i}`, `old-${i}`)
    running.push(pod)
    registry.set({ address: pod.address, incarnation: pod.name })
  }
  const replicas = await Promise.all(SKEWS.map((late) => startReplica(t, registry, late)))

  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const browsers = Array.from({ length: SESSIONS }, () => new Browser())
  let over = false
  const load = browsers.map(async (browser, i) => {
    // So that each session meets each replica, a request each few tenths of a second.
    for (let n = i; !over; n += 1) {
      await browser.visit(replicas[n % replicas.length]?.address ?? '', agent)
      await delay(SOAK ? 1_000 : 400 + (i % 10) * 20)
    }
  })
  await until('every session', () => browsers.every(({ servers }) => servers.length > 0), {
    deadlineMs: 5_000,
  })

  for (const [i, old] of running.entries()) {
    const pod = await pods.start(`127.0.0.${20 + i}`, `new-${i}`)
    registry.set({ address: pod.address, incarnation: pod.name })
    const states = (): string[] =>
      replicas.map(({ app }) => {
        const { servers } = app.holdfast.get('test').snapshot()
        return servers.find(({ address }) => address === pod.address)?.state ?? 'unknown'
      })
    await until(
      () => `${pod.name} takes sessions everywhere: ${states().join()}`,
      () => states().every((state) => state === 'up'),
      { deadlineMs: 40 * SECOND },
    )
    // The server is told to end: it serves its sessions until the word is round, and is gone then.
    registry.set({ address: old.address, incarnation: old.name, drain: true })
    await delay(6 * SECOND)
    registry.delete(old)
    await old.stop()
  }
  await delay(10 * SECOND)
  over = true
  await Promise.all(load)

  const failures = browsers.flatMap((browser) => browser.failures)
  const strayed = replicas.flatMap((replica) => replica.strayed)
  const moves = browsers.map(({ servers }) => servers.length - 1)
  const requests = browsers.reduce((sum, browser) => sum + browser.requests, 0)
  t.diagnostic(
    `${requests} requests of ${SESSIONS} sessions over ${replicas.length} replicas, ${SKEWS.join(', ')} ms late: ` +
      `${failures.length} failed, ${strayed.length} at a server that the replica did not know; ` +
      `moved once ${moves.filter((n) => n === 1).length}, twice ${moves.filter((n) => n > 1).length}`,
  )
  assert.deepEqual(failures, [])
  assert.deepEqual(strayed, [])
  const twice = browsers.filter(({ servers }) => servers.length > 2)
  assert.deepEqual(
    twice.map(({ servers }) => servers),
    [],
  )
  for (const { servers } of browsers) assert.match(servers.at(-1) ?? '', /^new/)
})
