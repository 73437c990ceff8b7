import assert from 'node:assert/strict'
import { it } from 'node:test'
import { refusal, refuses, shop, type Wrong } from './fixtures.js'

const servers = (...list: unknown[]) => shop({ servers: list })
const server = (more: object) => servers('a', { address: 'b', ...more })

refuses('a wrong upstream is refused', [
  ['nothing', undefined, 'upstream', 'is required'],
  ['null', null, 'upstream', 'must be an object, not null'],
  ['a list', [], 'upstream', 'must be an object, not a list'],
  ['no name', { servers: ['a'] }, 'upstream.name', 'is required'],
  ['an empty name', shop({ name: '' }), 'upstream.name', '(got "")'],
  ['a name with a space', shop({ name: 'my shop' }), 'upstream.name', 'letters, digits'],
  ['a name too long', shop({ name: 'a'.repeat(65) }), 'upstream.name', '1 to 64'],
  ['an unknown key', shop({ colour: 1 }), 'upstream.colour', 'not an option here; known are name'],
  ['a near miss', shop({ balanse: 'random' }), 'upstream.balanse', "did you mean 'balance'?"],
  ["nginx's spelling", server({ max_fails: 1 }), 'upstream.servers[1].max_fails', "'maxFails'"],
  ['two unknown keys', shop({ colour: 1, size: 2 }), 'upstream.colour', '(nor is size)'],
  ['a host with a line break', shop({ host: 'a\r\nb' }), 'upstream.host', "'$proxy_host'"],
  ['an unknown host variable', shop({ host: '$server' }), 'upstream.host', '(got "$server")'],
  ['a word for a flag', shop({ failOpen: 'yes' }), 'upstream.failOpen', 'must be true or false'],
])

refuses('a wrong list of servers is refused', [
  ['none', shop({ servers: undefined }), 'upstream.servers', 'is required'],
  ['an empty list', servers(), 'upstream.servers', 'needs at least one server'],
  ['text', shop({ servers: 'a' }), 'upstream.servers', "['10.0.0.11:8080', '10.0.0.12:8080']"],
  ['a number', servers('a', 3), 'upstream.servers[1]', 'must be an address'],
  ['a hole', servers('a', undefined), 'upstream.servers[1]', 'is required'],
  ['backups only', servers({ address: 'a', backup: true }), 'upstream.servers', 'no backup'],
  [
    'an address twice',
    servers('a:1', 'b', 'a:1'),
    'upstream.servers[2]',
    'same server as servers[0]',
  ],
  ['the default port spelt out', servers('a', 'A:80'), 'upstream.servers[1]', 'same server'],
  ['TLS and not', servers('a:443', 'https://a'), 'upstream.servers[1]', 'same server'],
  [
    'an id twice',
    servers({ address: 'a', id: 'x' }, { address: 'b', id: 'x' }),
    'upstream.servers[1].id',
    'the id of servers[0] too',
  ],
  ["another's address as id", server({ id: 'a' }), 'upstream.servers[1].id', 'servers[0]'],
  ['neither list nor source', { name: 'shop' }, 'upstream.servers', 'unless there is `discover`'],
])

refuses('a wrong source of servers is refused', [
  ['beside a list', shop({ discover: () => [] }), 'upstream.discover', 'in place of servers'],
  [
    'a list itself',
    shop({ servers: undefined, discover: ['a'] }),
    'upstream.discover',
    'must be a function',
  ],
  [
    'a name for a name server',
    shop({ resolver: ['dns.test'] }),
    'upstream.resolver[0]',
    'must be an IP address',
  ],
  ['no name server', shop({ resolver: [] }), 'upstream.resolver', 'at least one'],
  ['a bare settle', shop({ settle: 10 }), 'upstream.settle', "did you mean '10s' or '10ms'?"],
  ['a linger that never ends', shop({ linger: '30d' }), 'upstream.linger', "'24d' or less"],
  ['a bare interval', server({ resolve: 5 }), 'upstream.servers[1].resolve', "'5s' or '5ms'"],
  ['no pause at all', server({ resolve: '0s' }), 'upstream.servers[1].resolve', "'100ms' or more"],
  [
    'an address to look up',
    servers({ address: '10.0.0.1:80', resolve: '5s' }),
    'upstream.servers[0].resolve',
    'the address is no name',
  ],
  [
    'an IPv6 address to look up',
    servers({ address: '[::1]:80', service: 'http' }),
    'upstream.servers[0].service',
    'the address is no name',
  ],
  [
    'a socket to look up',
    servers({ address: 'unix:/run/shop', resolve: '5s' }),
    'upstream.servers[0].resolve',
    'the address is no name',
  ],
  [
    'a port beside a service',
    servers({ address: 'shop:80', service: 'http' }),
    'upstream.servers[0].address',
    'must have no port',
  ],
  [
    'a service with a space',
    server({ service: 'h t' }),
    'upstream.servers[1].service',
    "such as 'http'",
  ],
  [
    'one route for many',
    server({ resolve: '5s', route: 'a' }),
    'upstream.servers[1].route',
    'cannot tell the servers of a name apart',
  ],
  [
    'the same name twice',
    servers({ address: 'a', resolve: '5s' }, { address: 'A:80', resolve: '9s' }),
    'upstream.servers[1].address',
    'same server as servers[0]',
  ],
])

const sealed = { cookie: 'srv', keys: ['sixteen bytes and more'] }

refuses('a wrong rebalance is refused', [
  [
    'no sealed cookie',
    shop({ rebalance: { perMinute: 60 } }),
    'upstream.rebalance',
    'only a sealed cookie names its session',
  ],
  [
    'a cookie that names no session',
    shop({ rebalance: { perMinute: 60 }, sticky: { ...sealed, value: 'md5' } }),
    'upstream.rebalance',
    'only a sealed cookie',
  ],
  [
    'sessions that always return',
    shop({ rebalance: { perMinute: 60 }, sticky: { ...sealed, rebind: 'never' } }),
    'upstream.rebalance',
    "rebind: 'never'",
  ],
  [
    'no budget',
    shop({ rebalance: {}, sticky: sealed }),
    'upstream.rebalance.perMinute',
    'is required',
  ],
  [
    'no margin',
    shop({ rebalance: { perMinute: 60, margin: 0 }, sticky: sealed }),
    'upstream.rebalance.margin',
    'above 0',
  ],
])

refuses('a wrong server is refused', [
  ['no address', servers({ weight: 1 }), 'upstream.servers[0].address', 'is required'],
  ['weight 0', server({ weight: 0 }), 'upstream.servers[1].weight', '1 to 65535 (got 0)'],
  ['weight 65536', server({ weight: 65_536 }), 'upstream.servers[1].weight', '1 to 65535'],
  ['half a weight', server({ weight: 1.5 }), 'upstream.servers[1].weight', 'a whole number'],
  ['a weight in text', server({ weight: '3' }), 'upstream.servers[1].weight', '(got "3")'],
  ['a weight that is NaN', server({ weight: Number.NaN }), 'upstream.servers[1].weight', 'got NaN'],
  ['negative fails', server({ maxFails: -1 }), 'upstream.servers[1].maxFails', '0 or more'],
  [
    'a bare number of seconds',
    server({ failTimeout: 30 }),
    'upstream.servers[1].failTimeout',
    "did you mean '30s' or '30ms'?",
  ],
  [
    'the same in text',
    server({ failTimeout: '30' }),
    'upstream.servers[1].failTimeout',
    "did you mean '30s' or '30ms'?",
  ],
  [
    'a bad duration',
    server({ failTimeout: '1m 2h' }),
    'upstream.servers[1].failTimeout',
    "such as '30s'",
  ],
  [
    'half a second',
    server({ failTimeout: '1500ms' }),
    'upstream.servers[1].failTimeout',
    'counts in whole seconds, as nginx',
  ],
  ['an empty id', server({ id: '' }), 'upstream.servers[1].id', '1 to 255 characters'],
  ['a line break in an id', server({ id: 'a\nb' }), 'upstream.servers[1].id', 'control character'],
  ['an empty route', server({ route: '' }), 'upstream.servers[1].route', '1 to 32'],
  ['a route of 33', server({ route: 'r'.repeat(33) }), 'upstream.servers[1].route', '1 to 32'],
  [
    'a route that ends a cookie',
    server({ route: 'a;b' }),
    'upstream.servers[1].route',
    '(got "a;b")',
  ],
  [
    'a negative incarnation',
    server({ incarnation: -1 }),
    'upstream.servers[1].incarnation',
    '0 to 4294967295',
  ],
  [
    'an incarnation of 33 bits',
    server({ incarnation: 2 ** 32 }),
    'upstream.servers[1].incarnation',
    '0 to 4294967295',
  ],
  [
    'an empty incarnation',
    server({ incarnation: '' }),
    'upstream.servers[1].incarnation',
    'not be empty',
  ],
  [
    'half a second of slow start',
    server({ slowStart: '500ms' }),
    'upstream.servers[1].slowStart',
    'whole seconds',
  ],
])

refuses('a wrong balance is refused', [
  [
    'an unknown name',
    shop({ balance: 'fastest' }),
    'upstream.balance',
    "'round-robin', 'least-conn'",
  ],
  [
    "nginx's name",
    shop({ balance: 'least_conn' }),
    'upstream.balance',
    "did you mean 'least-conn'?",
  ],
  [
    'a hash without a key',
    shop({ balance: 'hash' }),
    'upstream.balance',
    "{ hash: '$cookie_name' }",
  ],
  [
    'no variable',
    shop({ balance: { hash: 'srv_id' } }),
    'upstream.balance.hash',
    'names no variable',
  ],
  [
    'an unknown variable',
    shop({ balance: { hash: ['$uri', '$nope'] } }),
    'upstream.balance.hash[1]',
    '$cookie_NAME',
  ],
  ['no key at all', shop({ balance: { hash: [] } }), 'upstream.balance.hash', 'at least one'],
  ['a number for a key', shop({ balance: { hash: 7 } }), 'upstream.balance.hash', 'nginx variable'],
  [
    'an unknown way out',
    shop({ balance: { hash: '$uri', whenEmpty: 'random' } }),
    'upstream.balance.whenEmpty',
    'names no variable',
  ],
  [
    'a prefix of 0',
    shop({ balance: { hash: '$uri', ipv6Prefix: 0 } }),
    'upstream.balance.ipv6Prefix',
    '1 to 128',
  ],
  [
    'a prefix of 129',
    shop({ balance: { hash: '$uri', ipv6Prefix: 129 } }),
    'upstream.balance.ipv6Prefix',
    '1 to 128',
  ],
  [
    'a load factor of 1',
    shop({ balance: { hash: '$uri', loadFactor: 1 } }),
    'upstream.balance.loadFactor',
    'above 1',
  ],
  [
    'a load factor alone',
    shop({ balance: { loadFactor: 2 } }),
    'upstream.balance.hash',
    'is required',
  ],
  ...['ip-hash', 'random', 'random-two', { hash: '$uri' }].map(
    (balance): Wrong => [
      `${JSON.stringify(balance)} with a backup`,
      { ...server({ backup: true }), balance },
      'upstream.servers[1].backup',
      'knows no backups',
    ],
  ),
])

refuses('a wrong attempt is refused', [
  [
    "nginx's http_503",
    shop({ retry: { on: ['http_503'] } }),
    'upstream.retry.on[0]',
    'did you mean the number 503?',
  ],
  [
    "nginx's invalid_header",
    shop({ retry: { on: ['error', 'invalid_header'] } }),
    'upstream.retry.on[1]',
    "'invalid-header'",
  ],
  [
    'off',
    shop({ retry: { on: ['off'] } }),
    'upstream.retry.on[0]',
    'an empty list turns retries off',
  ],
  ['a good status', shop({ retry: { on: [200] } }), 'upstream.retry.on[0]', 'from 400 to 599'],
  ['minus one try', shop({ retry: { tries: -1 } }), 'upstream.retry.tries', '0 to 1000'],
  [
    'a ratio of 20',
    shop({ retry: { budget: { ratio: 20 } } }),
    'upstream.retry.budget.ratio',
    'from 0 to 1',
  ],
  [
    'a negative rate',
    shop({ retry: { budget: { minPerSecond: -1 } } }),
    'upstream.retry.budget.minPerSecond',
    '0 or more',
  ],
  [
    'a bare timeout',
    shop({ timeouts: { connect: 5000 } }),
    'upstream.timeouts.connect',
    "'5000s' or '5000ms'",
  ],
  [
    'more than timers count',
    shop({ timeouts: { tunnel: '25d' } }),
    'upstream.timeouts.tunnel',
    "'24d' or less",
  ],
  [
    'a shrinking backoff',
    shop({ ejection: { backoff: 0.5 } }),
    'upstream.ejection.backoff',
    '1 or more',
  ],
  ['a share of none', shop({ ejection: { maxShare: 0 } }), 'upstream.ejection.maxShare', 'above 0'],
  ['a share of two', shop({ ejection: { maxShare: 2 } }), 'upstream.ejection.maxShare', 'up to 1'],
  [
    'a certificate without its key',
    shop({ tls: { cert: 'PEM' } }),
    'upstream.tls.key',
    'is required with cert',
  ],
  [
    'a key without its certificate',
    shop({ tls: { key: 'PEM' } }),
    'upstream.tls.cert',
    'is required with key',
  ],
  [
    'an address as a name',
    shop({ tls: { servername: '10.0.0.1' } }),
    'upstream.tls.servername',
    'only names',
  ],
  ['no authority', shop({ tls: { ca: [] } }), 'upstream.tls.ca', 'leave ca out'],
])

it('everything that is wrong is listed, the misspelt key first', () => {
  const error = refusal({ name: 'a b', servers: [{ adress: 'a', weight: 0 }] })
  assert.equal(error?.path, 'upstream.servers[0].adress')
  assert.deepEqual(
    error.others.map(({ path }) => path),
    ['upstream.name', 'upstream.servers[0].address', 'upstream.servers[0].weight'],
  )
  for (const other of error.others) assert.ok(error.message.includes(`\n  ${other.message}`))
})

it('every repetition of a server points to the first', () => {
  const error = refusal(servers('a', 'a', 'a'))
  assert.match(error?.message ?? '', /servers\[2\]: is the same server as servers\[0\]/)
})

it('a long list of mistakes is cut short', () => {
  const error = refusal(servers(...Array.from({ length: 100 }, () => 'a b')))
  assert.equal(error?.message.split('\n').length, 10)
})
