import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadGateway } from '#cli/config/load.js'
import { lint, rules } from '#cli/lint/index.js'
import { gatewayFile, workshop } from '../fixtures/run.js'

const TWO = "servers: ['10.0.0.1:80', '10.0.0.2:80']"
const KEY = `keys: ['\${KEY}']`
const SEALED = `${TWO}\nsticky: { cookie: srv_id, ${KEY} }`
const TLS = { cert: '-----BEGIN C', key: '-----BEGIN K' }

function sticky(options: string): string {
  return gatewayFile(`${TWO}\nsticky: { ${options} }`)
}

/** For each rule files that it speaks against, and how often. */
const SPEAKS: Readonly<Record<string, ReadonlyArray<readonly [file: string, hits: number]>>> = {
  'unsealed-cookie': [
    [sticky('cookie: c, value: md5'), 1],
    [sticky('cookie: c, value: text'), 1],
    [sticky(`cookie: c, value: hmac-sha256, ${KEY}`), 1],
  ],
  'index-cookie': [[sticky('cookie: c, value: index'), 1]],
  'weak-key': [[sticky("cookie: c, value: hmac-sha1, keys: ['your_secret_key_here', 'short']"), 2]],
  'committed-key': [
    [sticky("cookie: c, keys: ['sixteen bytes and more', 'another sixteen bytes']"), 2],
    [sticky(`cookie: c, ${KEY}, accept: [{ value: hmac-sha1, key: old }]`), 1],
    [
      gatewayFile(
        TWO,
        'fleet: { redis: "rediss://:secret@redis" }\nstats: { listen: "127.0.0.1:9", readToken: "0123456789abcdef" }',
      ),
      2,
    ],
  ],
  'unused-keys': [[sticky(`cookie: c, value: md5, ${KEY}`), 1]],
  'samesite-none-insecure': [[sticky(`cookie: c, ${KEY}, sameSite: none`), 1]],
  'host-prefix': [[sticky(`cookie: __Host-c, ${KEY}`), 1]],
  'wide-domain': [[sticky(`cookie: c, ${KEY}, domain: .example.com`), 1]],
  'insecure-behind-tls': [
    [`${sticky(`cookie: c, ${KEY}, secure: false`)}\ntrustProxy: [10.0.0.0/8]`, 1],
    [
      sticky(`cookie: c, ${KEY}, secure: false`).replace(
        'listen: 127.0.0.1:0',
        `listen: ${JSON.stringify({ address: '127.0.0.1:0', tls: TLS })}`,
      ),
      1,
    ],
  ],
  'shared-cookie-name': [
    [
      `listen: 127.0.0.1:0
upstreams:
  a: { ${TWO}, sticky: { cookie: c, ${KEY} } }
  b: { ${TWO}, sticky: { cookie: C, ${KEY}, path: /b } }
routes: [{ upstream: a }, { upstream: b, prefix: /b }]`,
      1,
    ],
  ],
  'trust-everyone': [[gatewayFile(TWO, 'trustProxy: true'), 1]],
  'ip-hash-behind-proxy': [
    [gatewayFile(`${TWO}\nbalance: ip-hash`), 1],
    [gatewayFile(`${TWO}\nbalance: { hash: $remote_addr }`), 1],
  ],
  'hash-without-consistent': [
    [gatewayFile(`${TWO}\nbalance: { hash: $cookie_a, consistent: false }`), 1],
  ],
  'learn-without-address-hash': [
    [
      gatewayFile(
        `${TWO}\nsticky: { learn: { create: $upstream_cookie_s, lookup: $cookie_s } }`,
        'fleet: { redis: "redis://127.0.0.1" }',
      ),
      1,
    ],
  ],
  'max-conns-moves-sessions': [
    [gatewayFile(SEALED.replace("'10.0.0.1:80'", "{ address: '10.0.0.1:80', maxConns: 9 }")), 1],
  ],
  'backup-takes-sessions': [
    [gatewayFile(SEALED.replace("'10.0.0.2:80'", "{ address: '10.0.0.2:80', backup: true }")), 1],
  ],
  'shared-route': [
    [gatewayFile("servers: [{ address: 'a:1', route: r }, { address: 'b:1', route: r }]"), 1],
  ],
  'no-fallback-without-checks': [[sticky(`cookie: c, ${KEY}, fallback: false`), 1]],
  'max-fails-zero': [
    [gatewayFile(TWO.replace("'10.0.0.1:80'", "{ address: '10.0.0.1:80', maxFails: 0 }")), 1],
  ],
  'timeouts-outlast': [
    [gatewayFile(`${TWO}\ntimeouts: { connect: 20s, headers: 10s }`), 1],
    [gatewayFile(`${TWO}\ntimeouts: { response: 10s, headers: 10s, body: 20s }`), 3],
    [gatewayFile(`${TWO}\nretry: { timeout: 10s }`), 1],
    [sticky(`cookie: c, ${KEY}, idle: 2h, maxLife: 1h, expires: 1h`), 2],
  ],
  'name-without-resolve': [[gatewayFile("servers: ['many.test:80', 'one.test:80']"), 1]],
  'open-stats': [
    [gatewayFile(TWO, "admin: '*:9091'\nstats: '10.0.0.1:9092'"), 2],
    [gatewayFile(TWO, "admin: '[::]:9091'"), 1],
  ],
  'redis-exposed': [[gatewayFile(TWO, 'fleet: { redis: "redis://redis:6379" }'), 2]],
  'unused-upstream': [
    [gatewayFile(TWO).replace('upstreams:', `upstreams:\n  spare: { ${TWO} }`), 1],
  ],
}

describe('the rules of check', () => {
  it('have nothing to say of a careful file', (t) => {
    const careful = gatewayFile(
      `${SEALED}\nbalance: { hash: ['$cookie_s', '$remote_addr'] }`,
      "admin: 127.0.0.1:9091\nstats: '127.0.0.1:9092'\ntrustProxy: [10.0.0.0/8]",
    )
    assert.deepEqual(findings(t, careful), [])
  })

  for (const { id } of rules) {
    it(`${id} speaks where it should`, (t) => {
      const cases = SPEAKS[id] ?? assert.fail('no file shows it')
      for (const [file, hits] of cases) {
        const found = findings(t, file).filter((one) => one === id)
        assert.equal(found.length, hits, file)
      }
    })
  }

  it('can be told to be quiet', (t) => {
    const file = sticky('cookie: c, value: md5')
    assert.deepEqual(findings(t, file), ['unsealed-cookie'])
    assert.deepEqual(findings(t, file, ['unsealed-cookie']), [])
  })
})

function findings(
  t: Parameters<typeof workshop>[0],
  file: string,
  allowed: readonly string[] = [],
): string[] {
  const { folder } = workshop(t, { 'g.yaml': file })
  const config = loadGateway('g.yaml', {
    cwd: folder,
    env: { KEY: 'K'.repeat(9) + 'EY'.repeat(9) },
  })
  const context = {
    config,
    isLiteral: (path: string) => !path.includes('keys') || !file.includes('${KEY'),
    addressesOf: (name: string) => (name === 'many.test' ? 3 : 1),
  }
  return lint(context, allowed).map(({ rule }) => rule.id)
}
