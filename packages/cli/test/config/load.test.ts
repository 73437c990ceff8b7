import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadGateway, readGateway } from '#cli/config/load.js'
import { gatewayFile, THREE, workshop } from '../fixtures/run.js'

describe('a gateway file', () => {
  it('is YAML, completed with defaults', (t) => {
    const { folder } = workshop(t, { 'g.yaml': gatewayFile(THREE) })
    const config = loadGateway('g.yaml', { cwd: folder, env: {} })
    const [route] = config.routes
    assert.deepEqual([...config.upstreams.keys()], ['shop'])
    assert.equal(route?.prefix, '/')
    assert.equal(route?.sticky, true)
    assert.equal(config.trustProxy, false)
    assert.equal(config.log, 'all')
  })

  it('may be JSON', (t) => {
    const { folder } = workshop(t, {
      'g.json': JSON.stringify({
        listen: ['127.0.0.1:80', { address: '[::1]:80' }, 'unix:/run/g.sock'],
        upstreams: { a: { servers: ['a:1'] } },
        routes: [{ upstream: 'a' }],
      }),
    })
    const { listen } = loadGateway('g.json', { cwd: folder, env: {} })
    assert.deepEqual(
      listen.map(({ host, port, path }) => [host, port, path]),
      [
        ['127.0.0.1', 80, undefined],
        ['::1', 80, undefined],
        ['', 0, '/run/g.sock'],
      ],
    )
  })

  it('takes a name in upper case from the environment, and a doubled dollar for one', (t) => {
    const { folder } = workshop(t, {
      'g.yaml': gatewayFile(
        `servers: ['\${HOST}:8081']\nsticky: { cookie: a, value: hmac-sha1, keys: ['x$\${Y}'] }\nbalance: { hash: '\${cookie_a.b}' }`,
      ),
    })
    const { upstreams } = loadGateway('g.yaml', { cwd: folder, env: { HOST: '10.0.0.1' } })
    const { servers, sticky, hashKey } = upstreams.get('shop')?.config ?? assert.fail()
    assert.equal(servers[0]?.address, '10.0.0.1:8081')
    assert.ok(sticky?.kind === 'cookie')
    assert.deepEqual(sticky.keys, [`x\${Y}`])
    assert.deepEqual(hashKey?.keys, [`\${cookie_a.b}`])
  })

  it('keeps the prefix on the way to the server unless told otherwise', (t) => {
    const { folder } = workshop(t, {
      'g.yaml': `listen: 127.0.0.1:0
upstreams: { shop: { servers: ['a:1'] } }
routes:
  - { prefix: /shop/, upstream: shop }
  - { prefix: /api, upstream: shop, rewritePrefix: / }
`,
    })
    const { routes } = loadGateway('g.yaml', { cwd: folder, env: {} })
    assert.deepEqual(
      routes.map(({ prefix, rewritePrefix }) => [prefix, rewritePrefix]),
      [
        ['/shop', '/shop'],
        ['/api', '/'],
      ],
    )
  })
})

/** Each wrong file with the messages that it gets, from `line:column` on. */
const WRONG: ReadonlyArray<readonly [string, string, readonly RegExp[]]> = [
  ['no YAML', 'listen: [1', [/^1:\d+: .*/]],
  ['nothing', '', [/^1:1: .*must be an object|^1:1: listen: is required|is required/]],
  [
    'an unset variable',
    gatewayFile(`servers: ['\${NOBODY_SET_THIS}']`),
    [/^4:15: the environment variable NOBODY_SET_THIS is not set/],
  ],
  [
    'a misspelt option of a server',
    gatewayFile("servers:\n  - { address: 'a:1', wieght: 3 }"),
    [/^5:35: upstreams\.shop\.servers\[0\]\.wieght: .*did you mean 'weight'/],
  ],
  [
    'a number without a unit',
    gatewayFile('servers: [a]\ntimeouts:\n  connect: 3'),
    [/^6:16: upstreams\.shop\.timeouts\.connect: needs a unit/],
  ],
  [
    'two things at once, in an upstream and elsewhere',
    gatewayFile('servers: [a]\nhost: 3', 'admin: nowhere'),
    [/^5:11: upstreams\.shop\.host: /, /^7:8: admin: must be 'host:port'/],
  ],
  [
    'a route to nobody',
    gatewayFile('servers: [a]').replace('upstream: shop', 'upstream: shp'),
    [/^5:22: routes\[0\]\.upstream: is no upstream of this file; there are shop \(got "shp"\)/],
  ],
  [
    'a name inside',
    gatewayFile('servers: [a]\nname: x'),
    [/^5:11: upstreams\.shop\.name: is the key above/],
  ],
  [
    'a certificate that is not there',
    gatewayFile('servers: [a]').replace(
      'listen: 127.0.0.1:0',
      "listen:\n  - { address: '127.0.0.1:1', tls: { cert: no.pem, key: no.pem } }",
    ),
    [/^2:44: listen\.0\.tls\.cert: cannot be read/, /^2:57: listen\.0\.tls\.key: cannot be read/],
  ],
  [
    'one address twice',
    gatewayFile('servers: [a]', 'admin: 127.0.0.1:1\nstats: 127.0.0.1:1'),
    [/^7:8: stats: listens where admin does/],
  ],
  [
    'a header that would split the message',
    gatewayFile('servers: [a]').replace(
      'upstream: shop }',
      'upstream: shop, headers: { request: { X: "a\\nb" } } }',
    ),
    [/^5:\d+: routes\[0\]\.headers\.request\.X: must be text without line breaks/],
  ],
]

describe('a wrong gateway file is told with line and column:', () => {
  for (const [what, text, expected] of WRONG) {
    it(what, (t) => {
      const { folder } = workshop(t, { 'g.yaml': text })
      const { config, issues } = readGateway('g.yaml', { cwd: folder, env: {} })
      assert.equal(config, undefined)
      const told = issues.map(
        ({ position: { line, column }, path, problem }) =>
          `${line}:${column}: ${path === '' ? '' : `${path}: `}${problem}`,
      )
      assert.equal(told.length, expected.length, told.join('\n'))
      for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern)
    })
  }

  it('never with a secret in it', (t) => {
    const { folder } = workshop(t, {
      'g.yaml': gatewayFile(`servers: [a]\nsticky: { cookie: c, keys: ['\${SECRET}'] }`),
    })
    const { issues } = readGateway('g.yaml', { cwd: folder, env: { SECRET: 'hunter2' } })
    assert.equal(issues.length, 1)
    assert.doesNotMatch(JSON.stringify(issues), /hunter2/)
  })
})
