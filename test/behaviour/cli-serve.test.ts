import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { get as get1 } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { type AppServer, startAppServer } from '#fixtures/app-server.js'
import { type Certificate, makeCertificates, opensslMissing } from '#fixtures/certificates.js'
import { PATIENCE, startServe } from '#fixtures/cli.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { type LoadResult, startLoad } from '#fixtures/load.js'
import { exchange, get } from '#fixtures/raw-client.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const KEYS = { OLD: 'the old key of some length', NEW: 'the new key of some length' }

// As the file takes them from the environment.
const [OLD, NEW] = ['OLD', 'NEW'].map((name) => `"\${${name}}"`) as [string, string]

async function startServers(t: TestContext, count: number, delayMs = 0): Promise<AppServer[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, (_, i) => startAppServer({ name: `s${i}`, delayMs })),
  )
  t.after(() => Promise.all(servers.map((server) => server.stop())))
  return servers
}

interface Wanted {
  readonly servers: readonly string[]
  readonly keys?: string
  readonly routes?: string
  readonly admin?: boolean
}

function file({ servers, keys = OLD, routes = '', admin = false }: Wanted): string {
  return `listen: 127.0.0.1:0
${admin ? 'admin: 127.0.0.1:0' : ''}
log: moved
upstreams:
  shop:
    servers: [${servers.join(', ')}]
    sticky: { cookie: srv_id, keys: [${keys}] }
routes: [{ upstream: shop }${routes}]
`
}

const quoted = ({ address }: AppServer): string => `'${address}'`

/** The servers that each session saw, in order, repeats left out. */
function journeys(results: readonly LoadResult[]): ReadonlyMap<number, readonly string[]> {
  const seen = new Map<number, string[]>()
  for (const { session = -1, server = '' } of results) {
    const journey = seen.get(session) ?? []
    if (journey.at(-1) !== server) journey.push(server)
    seen.set(session, journey)
  }
  return seen
}

describe('holdfast serve, reloaded under load', () => {
  it('loses no request, and moves only the sessions of a server that is gone', async (t) => {
    const [a, b, c] = (await startServers(t, 3)) as [AppServer, AppServer, AppServer]
    const served = await startServe(t, file({ servers: [a, b].map(quoted) }), { env: KEYS })
    const load = startLoad({ address: served.address, sessions: 24 })
    const settled = (): Promise<unknown> => {
      const { length } = load.results
      return until('some more answers', () => load.results.length > length + 200, PATIENCE)
    }
    await settled()
    await served.reload(file({ servers: [a, b, c].map(quoted) }))
    await settled()
    const weighed = `{ address: '${a.address}', weight: 5 }`
    await served.reload(file({ servers: [weighed, quoted(b), quoted(c)] }))
    await settled()
    await served.reload(file({ servers: [a, b, c].map(quoted), keys: `${OLD}, ${NEW}` }))
    await served.reload(file({ servers: [a, b, c].map(quoted), keys: `${NEW}, ${OLD}` }))
    await settled()
    await settled()
    await served.reload(file({ servers: [a, b, c].map(quoted), keys: NEW }))
    await settled()
    const more = `, { upstream: shop, prefix: /more }`
    await served.reload(file({ servers: [a, b, c].map(quoted), keys: NEW, routes: more }))
    await settled()
    await served.reload(file({ servers: [b, c].map(quoted), keys: NEW, routes: more }))
    await settled()
    const results = await load.stop()

    const failed = results.filter(({ status, error }) => status !== 200 || error !== undefined)
    assert.deepEqual(failed, [])
    const all = [...journeys(results).values()]
    for (const journey of all) {
      assert.equal(journey.length, journey[0] === a.name ? 2 : 1, journey.join(' -> '))
    }
    assert.ok(all.some(([first]) => first === a.name))
  })

  it('goes on as it was when the new file is wrong', async (t) => {
    const [server] = (await startServers(t, 1)) as [AppServer]
    const served = await startServe(t, file({ servers: [quoted(server)] }), { env: KEYS })
    served.put('gateway.yaml', 'listen: nowhere')
    served.daemon.signal('SIGHUP')
    const complaint = await until(
      'a complaint',
      () => served.log().find(({ msg }) => msg === 'the new configuration is not in force'),
      PATIENCE,
    )
    assert.match(JSON.stringify(complaint), /gateway\.yaml:1:9: listen: must be/)
    assert.equal((await exchange(served.address, get('/'))).status, 200)
  })

  it('with --watch takes over what is written, without a signal', async (t) => {
    const [a, b] = (await startServers(t, 2)) as [AppServer, AppServer]
    const served = await startServe(t, file({ servers: [quoted(a)] }), {
      args: ['--watch'],
      env: KEYS,
    })
    served.put('gateway.yaml', file({ servers: [quoted(b)] }))
    await until(
      'the other server',
      async () => {
        const { body } = await exchange(served.address, get('/'))
        return body.toString().includes(`"${b.name}"`)
      },
      PATIENCE,
    )
  })
})

describe('holdfast serve over TLS', { skip: opensslMissing() ?? false }, () => {
  it('speaks HTTP/2 and HTTP/1.1, with the certificate of the name, and takes new ones', async (t) => {
    const [server] = (await startServers(t, 1)) as [AppServer]
    const { ca, signed } = await makeCertificates('DNS:a.test', 'DNS:b.test', 'DNS:b.test')
    const [a, b, renewed] = signed as [Certificate, Certificate, Certificate]
    const listen = `{ address: '127.0.0.1:0', tls: [{ cert: a.pem, key: a.key }, { cert: b.pem, key: b.key }] }`
    const text = file({ servers: [quoted(server)] }).replace('127.0.0.1:0', listen)
    const served = await startServe(t, text, {
      env: KEYS,
      files: { 'a.pem': a.cert, 'a.key': a.key, 'b.pem': b.cert, 'b.key': b.key },
    })
    const session = connect(`https://${served.address}`, { ca, servername: 'b.test' })
    t.after(() => session.destroy())
    const cookies = (await ask2(session))['set-cookie'] ?? []
    assert.match(cookies.find((line) => line.startsWith('srv_id=')) ?? '', /; Secure(;|$)/)
    assert.equal(fingerprintOf(session.socket as TLSSocket), printOf(b))

    const old = await ask1(served.address, ca, 'a.test')
    assert.deepEqual([old.version, old.print], ['1.1', printOf(a)])

    served.put('b.pem', renewed.cert)
    served.put('b.key', renewed.key)
    await served.reload(text)
    assert.equal((await ask1(served.address, ca, 'b.test')).print, printOf(renewed))
    // Who is connected already stays connected.
    assert.equal((await ask2(session))[':status'], 200)
  })
})

function printOf({ cert }: Certificate): string {
  return new X509Certificate(cert).fingerprint256
}

function fingerprintOf(socket: TLSSocket): string {
  return socket.getPeerCertificate().fingerprint256
}

async function ask2(session: ClientHttp2Session): Promise<IncomingHttpHeaders> {
  const stream = session.request({ ':path': '/', ':authority': 'b.test' })
  const [headers] = await once(stream, 'response')
  stream.resume()
  await once(stream, 'close')
  return headers
}

function ask1(
  address: string,
  ca: string,
  servername: string,
): Promise<{ readonly version: string; readonly print: string }> {
  return new Promise((resolve, reject) => {
    get1(`https://${address}/`, { ca, servername, agent: false }, (response) => {
      const print = fingerprintOf(response.socket as TLSSocket)
      response.resume().on('end', () => resolve({ version: response.httpVersion, print }))
    }).on('error', reject)
  })
}

describe('holdfast serve, told to end', () => {
  it('is not ready any more, answers what has begun, and ends well', async (t) => {
    const [server] = (await startServers(t, 1, 600)) as [AppServer]
    const served = await startServe(t, file({ servers: [quoted(server)], admin: true }), {
      env: KEYS,
    })
    const probe = async (path: string): Promise<number> =>
      (await exchange(served.admin, get(path))).status
    assert.equal(await probe('/livez'), 200)
    assert.equal(await probe('/readyz'), 200)
    const slow = exchange(served.address, get('/'))
    await until(
      'a request under way',
      async () => {
        const { body } = await exchange(served.admin, get('/snapshot'))
        return JSON.parse(body.toString()).upstreams[0].servers[0].active === 1
      },
      PATIENCE,
    )
    served.daemon.signal('SIGTERM')
    await until('not ready', async () => (await probe('/readyz')) === 503, PATIENCE)
    assert.equal(await probe('/livez'), 200)
    // Whoever has not heard of it yet is still served.
    assert.equal((await exchange(served.address, get('/late'))).status, 200)
    assert.equal((await slow).status, 200)
    await until('its end', () => !served.daemon.running, PATIENCE)
    assert.ok(served.log().some(({ msg }) => msg === 'every request has ended'))
  })
})
