import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { ReplicaSnapshot } from '@holdfast/core'
import { createReplicasSource } from '#stats/sources/replicas.js'
import type { Sink } from '#stats/sources/source.js'
import { parseSnapshot } from '../fixtures/at-once.js'
import { aReplica } from '../fixtures/snapshots.js'

const TOKEN = 'replica-token-0123456789'
const ADMIN_TOKEN = 'replica-admin-0123456789'
const TARGET = {
  upstream: 'shop',
  server: 'shop-1',
  address: '10.0.0.11:8080',
  incarnation: 0,
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function replica(t: TestContext, answer: Answer): Promise<URL> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => answer(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/snapshot`)
}

function collector() {
  const taken: ReplicaSnapshot[] = []
  const failed: string[] = []
  const sink: Sink = {
    take: async (text) => {
      const snapshot = parseSnapshot(JSON.parse(String(text)))
      taken.push(snapshot)
      return snapshot
    },
    fail: (where, error) => failed.push(`${where} ${(error as Error).message}`),
    fine: () => {},
  }
  return { sink, taken, failed }
}

function sourceOf(t: TestContext, urls: readonly URL[], timeoutMs = 2_000) {
  const source = createReplicasSource({
    replicas: urls.map((url) => ({ url, token: TOKEN, adminToken: ADMIN_TOKEN })),
    freshMs: 60_000,
    timeoutMs,
  })
  t.after(() => source.close?.())
  return source
}

const serving =
  (snapshot: () => ReplicaSnapshot, seen: string[] = []): Answer =>
  (request, response, body) => {
    seen.push(`${request.method} ${request.headers.authorization ?? ''} ${body}`)
    response.end(JSON.stringify(request.method === 'GET' ? snapshot() : {}))
  }

test('every replica is asked with its token; one that fails does not keep the others', async (t) => {
  const seen: string[] = []
  const good = await replica(
    t,
    serving(() => aReplica(), seen),
  )
  const bad = await replica(t, (_request, response) => response.writeHead(500).end('oops'))
  const mute = await replica(t, () => {})
  const redirecting = await replica(t, (_request, response) =>
    response.writeHead(302, { location: good.href }).end('{}'),
  )
  const { sink, taken, failed } = collector()
  await sourceOf(t, [bad, good, mute, redirecting], 200).poll(sink)
  assert.equal(taken.length, 1)
  assert.deepEqual(seen, [`GET Bearer ${TOKEN} `])
  assert.deepEqual(
    failed.sort(),
    [
      `${bad.host} status 500`,
      `${mute.host} no answer in 200 ms`,
      `${redirecting.host} status 302`,
    ].sort(),
  )
})

test('an answer without end is cut off', async (t) => {
  const endless = await replica(t, (_request, response) => {
    const chunk = Buffer.alloc(4_194_304, '1')
    response.on('error', () => {})
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  const { sink, failed } = collector()
  await sourceOf(t, [endless], 10_000).poll(sink)
  assert.match(failed[0] ?? '', /more than \d+ bytes/)
})

test('an override is told to every replica with the admin token', async (t) => {
  const seen: string[] = []
  const urls = [
    await replica(
      t,
      serving(() => aReplica(), seen),
    ),
    await replica(
      t,
      serving(() => aReplica(), seen),
    ),
  ]
  const source = sourceOf(t, urls)
  await source.control?.override(TARGET, { mode: 'drain' }, 'ada')
  const expected = `POST Bearer ${ADMIN_TOKEN} {"upstream":"shop","server":"shop-1","mode":"drain","by":"ada"}`
  assert.deepEqual(seen, [expected, expected])
})

test('an override that did not reach all says where it failed', async (t) => {
  const good = await replica(
    t,
    serving(() => aReplica()),
  )
  const bad = await replica(t, (_request, response) =>
    response.writeHead(400).end(JSON.stringify({ message: 'no such server' })),
  )
  await assert.rejects(
    async () => sourceOf(t, [good, bad]).control?.override(TARGET, { mode: 'down' }, 'ada'),
    { message: `Done on 1 of 2 replicas. ${bad.host}: no such server`, statusCode: 502 },
  )
})

test('a replica that starts anew is told again what operators have said', async (t) => {
  const seen: string[] = []
  let startedAt = 1
  const url = await replica(
    t,
    serving(() => aReplica({ startedAt }), seen),
  )
  const source = sourceOf(t, [url])
  const { sink } = collector()
  await source.poll(sink)
  await source.control?.override(TARGET, { weight: 2 }, 'ada')
  await source.poll(sink)
  assert.equal(seen.filter((line) => line.startsWith('POST')).length, 1)
  startedAt = 2
  await source.poll(sink)
  await source.poll(sink)
  const posts = seen.filter((line) => line.startsWith('POST'))
  assert.equal(posts.length, 2)
  assert.match(posts[1] ?? '', /"weight":2/)
})

test('without an admin token for all of them nothing can be done', async (t) => {
  const source = createReplicasSource({
    replicas: [{ url: new URL('http://127.0.0.1:1/'), token: TOKEN, adminToken: undefined }],
    freshMs: 1_000,
    timeoutMs: 100,
  })
  t.after(() => source.close?.())
  assert.equal(source.control, undefined)
})
