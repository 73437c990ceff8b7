/**
 * Public corpora of malformed and odd requests, read from where they lie beside the repository, or
 * from HOLDFAST_CONFORMANCE; they are not part of it.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type FaultServer, startFaultServer } from '#fixtures/fault-server.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { connectRaw } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

// Compiled to test/dist/behaviour.
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FOLDER = process.env.HOLDFAST_CONFORMANCE ?? join(ROOT, '..', 'shared', 'conformance')

function corpus<Case>(name: string): { cases: readonly Case[]; skip: string | false } {
  const path = join(FOLDER, name)
  if (!existsSync(path)) {
    return { cases: [], skip: `there is no ${path}: set HOLDFAST_CONFORMANCE to its folder` }
  }
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly Case[] }
  return { cases, skip: false }
}

interface Seen {
  /** Statuses of the answers, in order. */
  readonly statuses: readonly number[]
  /** Whether the gateway ended the connection. */
  readonly closed: boolean
}

/** Sends each payload when the one before was answered. */
async function send(
  gateway: TestGateway,
  payloads: ReadonlyArray<string | Buffer>,
  { silent = false, closes = false } = {},
): Promise<Seen> {
  const client = await connectRaw(gateway.address)
  try {
    for (const payload of payloads) {
      const before = client.received.length
      client.send(payload)
      await until(
        'an answer',
        () => client.received.length > before || client.closing !== undefined,
        { deadlineMs: silent ? 50 : 1_000, everyMs: 1 },
      ).catch((error) => {
        if (!silent) throw error
      })
    }
    if (closes) await client.closed()
    const statuses = client.responses.map(({ status }) => status)
    return { statuses, closed: client.closing !== undefined }
  } finally {
    await client.close()
  }
}

async function startBoth(t: TestContext): Promise<{ gateway: TestGateway; server: FaultServer }> {
  const server = await startFaultServer()
  t.after(() => server.close())
  const gateway = await startGateway(t, {
    servers: [server.address],
    plugin: { bodyLimit: 10_000_000 },
  })
  return { gateway, server }
}

interface ProbeCase {
  readonly id: string
  readonly level: string
  /** Undefined where the corpus leaves the verdict to code. */
  readonly status: string | null
  readonly allowClose: boolean
  readonly payloads: readonly string[]
}

// Where the corpus names no status: what RFC 9110 and 9112 allow. None: the rest is waited for.
const ALLOWED: Readonly<Record<string, readonly number[]>> = {
  'COMP-UNKNOWN-TE-501': [400, 501],
  'COMP-POST-CL-UNDERSEND': [],
  'COMP-CHUNKED-NO-FINAL': [],
  'SMUG-TE-XCHUNKED': [400, 501],
  'SMUG-CL-COMMA-SAME': [200, 400],
  'SMUG-CHUNKED-WITH-PARAMS': [400, 501],
  'SMUG-TRAILER-CL': [200, 400],
  'SMUG-CLTE-CONN-CLOSE': [400],
  'SMUG-OPTIONS-TE-OBS-FOLD': [400],
  'NORM-SP-BEFORE-COLON-CL': [400],
}

const probe = corpus<ProbeCase>('http11probe.json')

test('what HTTP/1.1 says MUST holds in every case', { skip: probe.skip }, async (t) => {
  const { gateway, server } = await startBoth(t)
  const failures: string[] = []
  const must = probe.cases.filter(({ level }) => level === 'Must')
  for (const { id, status, allowClose, payloads } of must) {
    const allowed =
      status === 'Exact(400)' ? [400] : status === 'Range2xx' ? [200] : (ALLOWED[id] ?? [200])
    const before = server.requests.length
    const [host = '', port = ''] = gateway.address.split(':')
    const filled = payloads.map((payload) =>
      payload
        .replaceAll('@@HOST@@', gateway.address)
        .replaceAll('@@HOSTONLY@@', host)
        .replaceAll('@@PORT@@', port),
    )
    const { statuses, closed } = await send(gateway, filled, { silent: allowed.length === 0 })
    const [first] = statuses
    const right =
      first === undefined ? allowed.length === 0 || (allowClose && closed) : allowed.includes(first)
    const forwarded = server.requests.length - before
    if (!right || forwarded > payloads.length) {
      failures.push(`${id}: ${statuses}${closed ? ', closed' : ''}, ${forwarded} forwarded`)
    }
  }
  assert.ok(must.length > 40)
  assert.deepEqual(failures, [])
})

interface GuardCase {
  readonly tier: string
  readonly method: string
  readonly uri: string
  readonly version: string
  readonly hdr: string
}

// Compliant says the corpus, and these are 400 all the same.
const STRICTER: ReadonlyArray<[RegExp, string]> = [
  [/chunked\s*;/, 'chunked takes no parameters (RFC 9112, 7): Node refuses them'],
  [/^\S+ [^\r]*#/, 'a fragment is no part of a target (RFC 9112, 3.2)'],
  [/^\S+ [^\r ]*[\x80-\xff]/, 'a target is ASCII (RFC 3986, 2): Node refuses anything else'],
  [/^\S+ {2}HTTP/, 'there is no target at all'],
]

const guard = corpus<GuardCase>('desync-guardian.json')

function requestOf({ method, uri, version, hdr }: GuardCase, withBody: boolean): Buffer {
  const host = /^host:/im.test(hdr) ? '' : 'Host: test\r\n'
  const [, length = '0'] = /^content-length:\s*(\d+)\s*$/im.exec(hdr) ?? []
  const chunked = /^transfer-encoding:[^\r]*chunked/im.test(hdr)
  const body = withBody ? (chunked ? '0\r\n\r\n' : 'x'.repeat(Number(length))) : ''
  return Buffer.from(`${method} ${uri} ${version}\r\n${host}${hdr}\r\n${body}`)
}

test('what could desynchronise is 400 and closed', { skip: guard.skip }, async (t) => {
  const { gateway, server } = await startBoth(t)
  const severe = guard.cases.filter(({ tier }) => tier === 'Severe')
  for (const one of severe) {
    const { statuses, closed } = await send(gateway, [requestOf(one, false)], { closes: true })
    assert.deepEqual({ statuses, closed }, { statuses: [400], closed: true }, JSON.stringify(one))
  }
  assert.ok(severe.length > 50)
  assert.equal(server.requests.length, 0)
})

test('what complies is served', { skip: guard.skip }, async (t) => {
  const { gateway } = await startBoth(t)
  const compliant = guard.cases.filter(({ tier }) => tier === 'Compliant')
  for (const one of compliant) {
    const request = requestOf(one, true)
    const { statuses } = await send(gateway, [request])
    const text = request.toString('latin1', 0, 2_000)
    const stricter = STRICTER.some(([pattern]) => pattern.test(text))
    assert.deepEqual(statuses, [stricter ? 400 : 200], text)
  }
  assert.ok(compliant.length > 20)
})
