import * as does from '@holdfast/test/fixtures/behaviour.js'
import { makeCertificates, opensslMissing } from '@holdfast/test/fixtures/certificates.js'
import { type FaultServer, startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { cookieBombs, cookiesTooLarge, inParallel } from '@holdfast/test/fixtures/hostile.js'
import { percentile } from '@holdfast/test/fixtures/load.js'
import { exchange, get } from '@holdfast/test/fixtures/raw-client.js'
import { mutantsOf } from '../lib/forgery.js'
import { COOKIE, type Gateway, KEY, spawnGateway } from '../lib/gateway.js'
import { securely } from '../lib/securely.js'
import { cookieIn, freshCookie, sendCookie, verdictOn, verdicts } from '../lib/verdicts.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

async function servers(trial: Trial, count: number): Promise<FaultServer[]> {
  const all = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      startFaultServer({
        script: () => does.answer({ body: JSON.stringify({ server: `${i}` }) }),
      }),
    ),
  )
  for (const server of all) trial.after(() => server.close())
  return all
}

const addresses = (all: readonly FaultServer[]): string[] => all.map(({ address }) => address)

export const cookies: readonly Row[] = [
  {
    id: 'S16',
    what: 'cookie forging: every bit flipped, truncated, extended, other key id, other upstream, other cookie name; 5,000 mutants',
    pass: '0 accepted, 0 5xx, a fresh cookie each time',
    async run(trial) {
      const members = addresses(await servers(trial, 3))
      const gateway = await spawnGateway(trial, { upstream: { servers: members } })
      const sealedElsewhere = async (name: string, key: string, cookie: string) => {
        const other = await spawnGateway(trial, {
          upstream: { name, servers: members, sticky: { cookie, keys: [key] } },
        })
        const response = await exchange(other.address, get('/', 'Connection: close'))
        return response.headers('set-cookie')[0]?.split(';')[0]?.split('=')[1] ?? ''
      }
      const original = await freshCookie(gateway.address)
      const mutants = mutantsOf(original, trial.random, trial.count(5_000), [
        await sealedElsewhere('another', KEY, COOKIE),
        await sealedElsewhere('soak', KEY, 'another'),
        await sealedElsewhere('soak', 'another key than the one of the soak', COOKIE),
      ])
      if ((await verdictOn(gateway, original)) !== 'kept') throw new Error('the original is bad')
      const before = await verdicts(gateway)
      let serverErrors = 0
      const fresh = new Set<string>()
      await inParallel(mutants, async (mutant) => {
        const response = await sendCookie(gateway.address, mutant)
        if (response.status >= 500) serverErrors += 1
        const value = cookieIn(response)
        if (value !== undefined && value !== mutant) fresh.add(value)
      })
      const { kept } = await verdicts(gateway)
      return [
        { name: 'mutants', value: mutants.length },
        { name: 'accepted', value: kept - before.kept, bound: { exactly: 0 } },
        { name: '5xx', value: serverErrors, bound: { exactly: 0 } },
        { name: 'fresh cookies', value: fresh.size, bound: { exactly: mutants.length } },
      ]
    },
  },
  {
    id: 'S17',
    what: 'idle, maxLife, skew of 60 s',
    pass: 'exact to the second',
    async run(trial) {
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: addresses(await servers(trial, 2)),
          sticky: { cookie: COOKIE, keys: [KEY], idle: '10m', maxLife: '1h' },
        },
      })
      const startS = Math.floor(Date.now() / 1000)
      const sealedAt = async (second: number): Promise<string> => {
        await gateway.setWall(second * 1000)
        return freshCookie(gateway.address)
      }
      const foundAt = async (second: number, value: string): Promise<string> => {
        await gateway.setWall(second * 1000 + 999)
        return verdictOn(gateway, value)
      }
      /** The session's last cookie when it came every five minutes for an hour. */
      const renewed = async (): Promise<string> => {
        let value = await sealedAt(startS)
        for (let second = 300; second < 3_600; second += 300) {
          await gateway.setWall((startS + second) * 1000)
          value = cookieIn(await sendCookie(gateway.address, value)) ?? value
        }
        return value
      }
      const old = await renewed()
      const expectations: ReadonlyArray<readonly [string, string, string]> = [
        ['idle for 10 min', await foundAt(startS + 600, await sealedAt(startS)), 'kept'],
        ['a second longer', await foundAt(startS + 601, await sealedAt(startS)), 'expired'],
        ['an hour old', await foundAt(startS + 3_600, old), 'kept'],
        ['a second older', await foundAt(startS + 3_601, old), 'expired'],
        ['60 s in the future', await foundAt(startS - 60, await sealedAt(startS)), 'kept'],
        ['61 s in the future', await foundAt(startS - 61, await sealedAt(startS)), 'bad-cookie'],
      ]
      await gateway.setWall(null)
      const wrong = expectations.filter(([, found, expected]) => found !== expected)
      for (const [what, found] of wrong) trial.tell(`${what}: ${found}`)
      return [
        { name: 'limits on the second and one past it', value: expectations.length },
        { name: 'wrong', value: wrong.length, bound: { exactly: 0 } },
      ]
    },
  },
  {
    id: 'S22',
    what: 'attributes on http and https, trusted and untrusted X-Forwarded-Proto; shared-cache safety',
    pass: 'all right; never a Set-Cookie on a publicly cacheable response',
    missing: opensslMissing,
    async run(trial) {
      const [server] = await servers(trial, 1)
      if (server === undefined) throw new Error('no server')
      const upstream = { servers: [server.address] }
      const { ca, signed } = await makeCertificates('IP:127.0.0.1')
      const [https] = signed
      if (https === undefined) throw new Error('no certificate')
      let checked = 0
      let wrong = 0
      const expect = (what: string, found: string, expected: string): void => {
        checked += 1
        if (found === expected) return
        wrong += 1
        trial.tell(`${what}: ${found}`)
      }
      for (const tls of [false, true]) {
        for (const trusted of [false, true]) {
          const gateway = await spawnGateway(trial, {
            upstream,
            fastify: { ...(trusted && { trustProxy: '127.0.0.1' }), ...(tls && { https }) },
          })
          for (const proto of [undefined, 'http', 'https']) {
            const lines = proto === undefined ? [] : [`X-Forwarded-Proto: ${proto}`]
            const line = tls
              ? await securely(gateway.address, ca, get('/', 'Connection: close', ...lines))
              : await sendCookie(gateway.address, undefined, ...lines)
            const scheme = trusted && proto !== undefined ? proto : tls ? 'https' : 'http'
            expect(
              `${tls ? 'https' : 'http'}, ${trusted ? 'trusted' : 'untrusted'} ${proto}`,
              line.headers('set-cookie')[0]?.replace(/=[^;]*/, '') ?? 'no cookie',
              `${COOKIE}; Path=/${scheme === 'https' ? '; Secure' : ''}; HttpOnly; SameSite=Lax`,
            )
          }
        }
      }
      const gateway = await spawnGateway(trial, { upstream })
      for (const [headers, expected, status] of cacheable) {
        server.behave(() =>
          does.answer({ status, headers, ...(status === 304 && { body: '', framing: 'none' }) }),
        )
        const response = await sendCookie(gateway.address, undefined)
        const value = cookieIn(response) === undefined ? 'none' : 'set'
        const isPrivate = response.headers('cache-control').includes('private')
        expect(
          `${status} ${JSON.stringify(headers)}`,
          value === 'set' && isPrivate && !headers['Cache-Control']?.startsWith('private')
            ? 'set, made private'
            : value,
          expected,
        )
      }
      return [
        { name: 'combinations', value: checked },
        { name: 'wrong', value: wrong, bound: { exactly: 0 } },
      ]
    },
  },
  {
    id: 'S24',
    what: 'key rotation, live, two replicas',
    pass: '0 re-pins during the overlap; 100 % refused after retirement',
    async run(trial) {
      const members = addresses(await servers(trial, 3))
      const [older, newer] = ['the key that is to be retired', 'the key that takes its place']
      const keysOf = (...keys: string[]) => ({
        servers: members,
        sticky: { cookie: COOKIE, keys },
      })
      const replicas = [
        await spawnGateway(trial, { upstream: keysOf(older) }),
        await spawnGateway(trial, { upstream: keysOf(older) }),
      ] as const
      const sessions = await Promise.all(
        Array.from({ length: trial.count(200) }, () => startSession(replicas[0])),
      )
      const retired = sessions.map(({ value }) => value)
      const count = { requests: 0, moved: 0 }
      const everybody = async (): Promise<void> => {
        // Each session meets both replicas, whichever of them has the newer keys.
        for (const { address } of replicas) {
          await inParallel(sessions, async (session) => {
            const response = await sendCookie(address, session.value)
            session.value = cookieIn(response) ?? session.value
            count.requests += 1
            if (serverOf(response.body) !== session.server) count.moved += 1
          })
        }
      }
      await everybody()
      for (const keys of [[older, newer], [newer, older], [newer]]) {
        for (const replica of replicas) {
          await replica.update({ keys })
          await everybody()
        }
      }
      let refused = 0
      for (const value of retired) {
        if ((await verdictOn(replicas[1], value)) === 'unknown-key') refused += 1
      }
      return [
        { name: 'sessions', value: sessions.length },
        { name: 'requests during three rollouts', value: count.requests },
        { name: 're-pinned', value: count.moved, bound: { exactly: 0 } },
        {
          name: 'refused after retirement',
          value: refused,
          bound: { exactly: retired.length },
        },
      ]
    },
  },
  {
    id: 'S26',
    what: 'cookie bombs: 16 KB, 3,000 pairs',
    pass: '431 or linear time',
    async run(trial) {
      const [server] = await servers(trial, 1)
      const gateway = await spawnGateway(trial, {
        upstream: {
          servers: addresses(server === undefined ? [] : [server]),
          sticky: { cookie: 'srv', keys: [KEY] },
        },
      })
      const timed = async (cookie: string): Promise<{ status: number; tookMs: number }> => {
        const started = performance.now()
        const { status } = await exchange(
          gateway.address,
          get('/', 'Connection: close', `Cookie: ${cookie}`),
        )
        return { status, tookMs: performance.now() - started }
      }
      const rounds = trial.count(100)
      const medianOf = async (cookie: string): Promise<number> => {
        const tookMs: number[] = []
        for (let i = 0; i < rounds; i += 1) tookMs.push((await timed(cookie)).tookMs)
        return percentile(tookMs, 50)
      }
      await medianOf('a=b')
      const plainMs = await medianOf('a=b')
      let worstMs = 0
      let steepest = 0
      for (const bomb of cookieBombs) {
        // Were it quadratic, the whole would cost four times what its half costs.
        const halfMs = (await medianOf(bomb.slice(0, bomb.length / 2))) - plainMs
        const wholeMs = (await medianOf(bomb)) - plainMs
        worstMs = Math.max(worstMs, wholeMs)
        // Below half a millisecond it is noise that is compared.
        if (wholeMs > 0.5) steepest = Math.max(steepest, wholeMs / Math.max(halfMs, 0.1))
      }
      let accepted = 0
      for (const cookie of cookiesTooLarge) if ((await timed(cookie)).status !== 431) accepted += 1
      return [
        { name: 'bombs that fit a request', value: cookieBombs.length },
        {
          name: 'worst median beyond a plain request',
          value: worstMs,
          unit: 'ms',
          bound: { atMost: 10 },
        },
        {
          name: 'steepest, whole against half',
          value: steepest,
          unit: 'times',
          bound: { atMost: 3 },
        },
        { name: 'larger ones not 431', value: accepted, bound: { exactly: 0 } },
      ]
    },
  },
]

interface RotatingSession {
  value: string
  readonly server: string
}

async function startSession({ address }: Gateway): Promise<RotatingSession> {
  const response = await sendCookie(address, undefined)
  return { value: cookieIn(response) ?? '', server: serverOf(response.body) }
}

function serverOf(body: Buffer): string {
  return (JSON.parse(body.toString()) as { server: string }).server
}

type Fate = 'none' | 'set' | 'set, made private'

/** An answer's headers, what becomes of the cookie on it, and its status. */
const cacheable: ReadonlyArray<readonly [Readonly<Record<string, string>>, Fate, number]> = [
  [{}, 'set, made private', 200],
  [{ 'Cache-Control': 'no-cache' }, 'set, made private', 200],
  [{ 'Cache-Control': 'max-age=60' }, 'set, made private', 200],
  [{ 'Cache-Control': 'private' }, 'set', 200],
  [{ 'Cache-Control': 'no-store' }, 'set', 200],
  [{ 'Cache-Control': 'public' }, 'none', 200],
  [{ 'Cache-Control': 'PUBLIC, max-age=60' }, 'none', 200],
  [{ 'Cache-Control': 's-maxage=60' }, 'none', 200],
  [{ 'CDN-Cache-Control': 'max-age=60' }, 'none', 200],
  [{ 'Surrogate-Control': 'max-age=60' }, 'none', 200],
  [{ 'Cache-Control': 'max-age=60' }, 'none', 304],
  [{ 'Cache-Control': 'public' }, 'none', 404],
]
