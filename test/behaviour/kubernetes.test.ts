/** The Kubernetes example, against an API server that speaks the watch protocol. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { endpointSlices } from '@holdfast/examples/kubernetes/endpoint-slices.js'
import { startGateway, type TestGateway } from '#fixtures/gateway.js'
import {
  type FakeEndpoint,
  type KubeApi,
  NAMESPACE,
  startKubeApi,
  TOKEN,
} from '#fixtures/kube-api.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { createPods, type Pods } from '#fixtures/pods.js'
import { Session } from '#fixtures/session.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

interface Given {
  readonly api: KubeApi
  readonly pods: Pods
  start(): Promise<TestGateway>
}

async function given(t: TestContext): Promise<Given> {
  const pods = await createPods(t)
  const api = await startKubeApi(pods.port)
  t.after(() => api.close())
  const discover = endpointSlices({
    api: { url: api.url, namespace: NAMESPACE, token: async () => TOKEN },
    service: 'shop',
    port: 'http',
  })
  const start = () =>
    startGateway(t, {
      servers: undefined,
      upstream: {
        discover,
        settle: '50ms',
        linger: '300ms',
        sticky: { cookie: 'srv_id', keys: ['sixteen bytes and more'] },
      },
    })
  return { api, pods, start }
}

const pod = (n: number, more: Partial<FakeEndpoint> = {}): FakeEndpoint => ({
  ip: `127.0.0.${n}`,
  pod: `shop-${n}`,
  uid: `uid-${n}`,
  ...more,
})

function members({ app }: TestGateway): string {
  const { servers } = app.holdfast.get('test').snapshot()
  return servers.map(({ id, state }) => `${id} ${state}`).join()
}

const untilMembers = (gateway: TestGateway, wanted: string): Promise<unknown> =>
  until(
    () => `${wanted}; it has ${members(gateway)}`,
    () => members(gateway) === wanted,
  )

async function visit({ address }: TestGateway, session: Session): Promise<string> {
  const cookie = session.header()
  const response = await fetch(`http://${address}/`, { headers: cookie ? { cookie } : {} })
  session.take(response.headers.getSetCookie())
  return ((await response.json()) as { server: string }).server
}

test('the pods of a service are its servers, by the names of the pods', async (t) => {
  const { api, start } = await given(t)
  api.slice('shop-a', [pod(2), pod(3)])
  api.slice('shop-b', [pod(4), pod(3)])
  assert.equal(members(await start()), 'shop-2 up,shop-3 up,shop-4 up')
})

test('what happens to pods is heard without asking again', async (t) => {
  const { api, start } = await given(t)
  api.slice('shop-a', [pod(2)])
  const gateway = await start()
  await until('a watch', () => api.watches === 1)
  api.slice('shop-a', [pod(2), pod(3)])
  await untilMembers(gateway, 'shop-2 up,shop-3 up')
  api.slice('shop-b', [pod(4)])
  await untilMembers(gateway, 'shop-2 up,shop-3 up,shop-4 up')
  api.slice('shop-b')
  await untilMembers(gateway, 'shop-2 up,shop-3 up')
  assert.equal(api.requests.length, 2)
})

test('a pod that is not ready is no server; one that terminates and serves drains', async (t) => {
  const { api, start } = await given(t)
  api.slice('shop-a', [
    pod(2),
    pod(3, { ready: false }),
    pod(4, { ready: false, serving: true, terminating: true }),
    pod(5, { ready: false, serving: false, terminating: true }),
  ])
  assert.equal(members(await start()), 'shop-2 up,shop-4 drain')
})

test('a pod that terminates keeps its sessions, and they are moved when it has gone', async (t) => {
  const { api, pods, start } = await given(t)
  await pods.start('127.0.0.2')
  const leaving = await pods.start('127.0.0.3')
  api.slice('shop-a', [pod(2), pod(3)])
  const gateway = await start()
  const sessions = [new Session(), new Session()]
  const homes = [
    await visit(gateway, sessions[0] as Session),
    await visit(gateway, sessions[1] as Session),
  ]
  const session = sessions[homes.indexOf('127.0.0.3')] as Session
  api.slice('shop-a', [pod(2), pod(3, { ready: false, serving: true, terminating: true })])
  await untilMembers(gateway, 'shop-2 up,shop-3 drain')
  assert.equal(await visit(gateway, session), '127.0.0.3')
  api.slice('shop-a', [pod(2)])
  await leaving.stop()
  assert.equal(await visit(gateway, session), '127.0.0.2')
  await untilMembers(gateway, 'shop-2 up')
})

test("a new pod on an old one's address gets none of its sessions", async (t) => {
  const { api, pods, start } = await given(t)
  await pods.start('127.0.0.2')
  await pods.start('127.0.0.3')
  api.slice('shop-a', [pod(2), pod(3)])
  const gateway = await start()
  const sessions = Array.from({ length: 6 }, () => new Session())
  const homes = new Map<Session, string>()
  for (const session of sessions) homes.set(session, await visit(gateway, session))
  api.slice('shop-a', [pod(2), pod(3, { pod: 'shop-new', uid: 'uid-new' })])
  await untilMembers(gateway, 'shop-2 up,shop-new up')
  const { affinity } = gateway.app.holdfast.get('test').snapshot()
  for (const session of sessions) await visit(gateway, session)
  const after = gateway.app.holdfast.get('test').snapshot().affinity
  const orphans = [...homes.values()].filter((home) => home === '127.0.0.3').length
  assert.deepEqual(after.moved, { replaced: orphans })
  assert.equal(after.kept - affinity.kept, sessions.length - orphans)
})

test('a watch that ends goes on from where it was', async (t) => {
  const { api, start } = await given(t)
  api.slice('shop-a', [pod(2)])
  const gateway = await start()
  await until('a watch', () => api.watches === 1)
  api.bookmark()
  api.bookmark()
  api.endWatches()
  await until('the next watch', () => api.requests.length === 3 && api.watches === 1)
  assert.match(api.requests[1] ?? '', /resourceVersion=101$/)
  assert.match(api.requests[2] ?? '', /resourceVersion=103$/)
  api.slice('shop-a', [pod(2), pod(3)])
  await untilMembers(gateway, 'shop-2 up,shop-3 up')
})

test('versions that are forgotten have the list read anew', async (t) => {
  const { api, start } = await given(t)
  api.slice('shop-a', [pod(2)])
  const gateway = await start()
  await until('a watch', () => api.watches === 1)
  api.compact()
  await until('a new list and a new watch', () => api.requests.length === 4 && api.watches === 1)
  assert.doesNotMatch(api.requests[2] ?? '', /watch/)
  api.slice('shop-a', [pod(2), pod(3)])
  await untilMembers(gateway, 'shop-2 up,shop-3 up')
})

test('an API server that breaks off and refuses costs nothing, and is followed again', async (t) => {
  const { api, pods, start } = await given(t)
  await pods.start('127.0.0.2')
  api.slice('shop-a', [pod(2)])
  const gateway = await start()
  await until('a watch', () => api.watches === 1)
  api.fail(503)
  api.cutWatches()
  await until('another try', () => api.requests.length >= 3, { deadlineMs: 4_000 })
  assert.equal(members(gateway), 'shop-2 up')
  assert.equal(await visit(gateway, new Session()), '127.0.0.2')
  api.fail(undefined)
  api.slice('shop-a', [pod(2), pod(3)])
  await until('the new pod', () => members(gateway) === 'shop-2 up,shop-3 up', {
    deadlineMs: 6_000,
  })
})

test('closing the gateway ends the watch', async (t) => {
  const { api, start } = await given(t)
  api.slice('shop-a', [pod(2)])
  const gateway = await start()
  await until('a watch', () => api.watches === 1)
  await gateway.app.close()
  await until('no watch', () => api.watches === 0)
})
