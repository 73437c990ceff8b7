import { KEY, refuses, shop } from './fixtures.js'

const cookie = (more: object) => shop({ sticky: { cookie: 'srv_id', keys: [KEY], ...more } })
const learn = (more: object) =>
  shop({ sticky: { learn: { create: '$upstream_cookie_sid', lookup: '$cookie_sid', ...more } } })
const plain = (more: object) => shop({ sticky: { cookie: 'srv_id', value: 'md5', ...more } })

refuses('a wrong sticky is refused', [
  ['text', shop({ sticky: 'srv_id' }), 'upstream.sticky', 'must be an object, not text'],
  [
    'neither way',
    shop({ sticky: { hide: true } }),
    'upstream.sticky',
    'one of cookie, route and learn',
  ],
  ['a misspelt way', shop({ sticky: { cokie: 'a' } }), 'upstream.sticky', "did you mean 'cookie'?"],
  ['both ways', shop({ sticky: { cookie: 'a', route: '$uri' } }), 'upstream.sticky', 'not several'],
  [
    'learn beside a route',
    shop({ sticky: { route: '$uri', learn: {} } }),
    'upstream.sticky',
    'not several',
  ],
  [
    'learn without a source',
    learn({ create: undefined }),
    'upstream.sticky.learn.create',
    'is required',
  ],
  ['learn from nowhere', learn({ create: [] }), 'upstream.sticky.learn.create', 'at least one'],
  [
    'learn from a request',
    learn({ create: ['$cookie_sid'] }),
    'upstream.sticky.learn.create[0]',
    'upstream_cookie_NAME',
  ],
  [
    'look up in an answer',
    learn({ lookup: '$upstream_cookie_sid' }),
    'upstream.sticky.learn.lookup',
    'unknown variable',
  ],
  [
    'a timeout of no time',
    learn({ timeout: '0s' }),
    'upstream.sticky.learn.timeout',
    "'1s' or more",
  ],
  ['room for nobody', learn({ size: 0 }), 'upstream.sticky.learn.size', '1 to'],
  [
    'a route that is no variable',
    shop({ sticky: { route: ['jvm'] } }),
    'upstream.sticky.route[0]',
    'names no variable',
  ],
  [
    'an option of the other way',
    shop({ sticky: { route: '$uri', keys: [KEY] } }),
    'upstream.sticky.keys',
    'not an option here',
  ],
])

refuses('a wrong cookie is refused', [
  ['an empty name', cookie({ cookie: '' }), 'upstream.sticky.cookie', 'RFC 6265'],
  ['a name with =', cookie({ cookie: 'a=b' }), 'upstream.sticky.cookie', 'RFC 6265'],
  ['a name with a space', cookie({ cookie: 'a b' }), 'upstream.sticky.cookie', 'RFC 6265'],
  [
    'a domain with a line break',
    cookie({ domain: 'a.com\r\nX: y' }),
    'upstream.sticky.domain',
    'host name',
  ],
  ['a domain with ;', cookie({ domain: 'a.com; Secure' }), 'upstream.sticky.domain', 'host name'],
  [
    'a domain with a comma',
    cookie({ domain: 'a.com,b.com' }),
    'upstream.sticky.domain',
    'host name',
  ],
  [
    'a path with a line break',
    cookie({ path: '/\n' }),
    'upstream.sticky.path',
    'control characters',
  ],
  ['a path with ;', cookie({ path: '/a;b' }), 'upstream.sticky.path', 'commas or ;'],
  ['a path without /', cookie({ path: 'shop' }), 'upstream.sticky.path', "begin with '/'"],
  ['an unknown value', cookie({ value: 'sha256' }), 'upstream.sticky.value', "'hmac-sha256'"],
  ['an unknown style', cookie({ style: 'haproxy' }), 'upstream.sticky.style', "'sticky-module'"],
  [
    'an unknown SameSite',
    cookie({ sameSite: 'Lax' }),
    'upstream.sticky.sameSite',
    "did you mean 'lax'?",
  ],
  [
    'expires in a number',
    cookie({ expires: 3600 }),
    'upstream.sticky.expires',
    "'3600s' or '3600ms'",
  ],
  ['expires of no time', cookie({ expires: '0s' }), 'upstream.sticky.expires', "'1s' or more"],
  [
    'expires below seconds',
    cookie({ expires: '1s 500ms' }),
    'upstream.sticky.expires',
    'whole seconds',
  ],
  [
    'SameSite=None in the open',
    cookie({ sameSite: 'none', secure: false }),
    'upstream.sticky.sameSite',
    "secure: true or 'auto'",
  ],
  [
    'partitioned in the open',
    cookie({ partitioned: true, secure: false }),
    'upstream.sticky.partitioned',
    'secure',
  ],
  [
    '__Secure- in the open',
    cookie({ cookie: '__Secure-a', secure: false }),
    'upstream.sticky.secure',
    '__Secure-a',
  ],
  [
    '__Host- in the open',
    cookie({ cookie: '__Host-a', secure: false }),
    'upstream.sticky.secure',
    '__Host-a',
  ],
  [
    '__host- below a path',
    cookie({ cookie: '__host-a', path: '/x' }),
    'upstream.sticky.path',
    "must be '/'",
  ],
  [
    '__Host- with a domain',
    cookie({ cookie: '__Host-a', domain: 'a.com' }),
    'upstream.sticky.domain',
    'left out',
  ],
  [
    '__Host- without a path',
    cookie({ cookie: '__Host-a', style: 'nginx', secure: true }),
    'upstream.sticky.path',
    "must be '/'",
  ],
  ['idle without a seal', plain({ idle: '1h' }), 'upstream.sticky.idle', "needs value 'sealed'"],
  [
    'maxLife without a seal',
    plain({ maxLife: '1h' }),
    'upstream.sticky.maxLife',
    "needs value 'sealed'",
  ],
  [
    'an empty delimiter',
    plain({ transfer: true, delimiter: '' }),
    'upstream.sticky.delimiter',
    'one or more',
  ],
  [
    'a delimiter of cookies',
    plain({ transfer: true, delimiter: ';' }),
    'upstream.sticky.delimiter',
    'and ;',
  ],
  [
    'a delimiter found in values',
    plain({ transfer: true, delimiter: 'ff' }),
    'upstream.sticky.delimiter',
    "part of a 'md5' value",
  ],
  ['rebind later', cookie({ rebind: 'later' }), 'upstream.sticky.rebind', "'now' or 'never'"],
])

refuses('a wrong key is refused', [
  [
    'an unset variable',
    cookie({ keys: [undefined] }),
    'upstream.sticky.keys[0]',
    'set the environment variable',
  ],
  ['an empty variable', cookie({ keys: [KEY, ''] }), 'upstream.sticky.keys[1]', 'is empty: set'],
  ['no key in the list', cookie({ keys: [] }), 'upstream.sticky.keys', 'leave keys out'],
  [
    'a key without a list',
    cookie({ keys: KEY }),
    'upstream.sticky.keys',
    '[process.env.STICKY_KEY]',
  ],
  [
    'a short key',
    cookie({ keys: [KEY, 'x'.repeat(15)] }),
    'upstream.sticky.keys[1]',
    'has 15 bytes, 16 is the least',
  ],
  [
    'changeme',
    cookie({ keys: ['changeme'] }),
    'upstream.sticky.keys[0]',
    'openssl rand -base64 32',
  ],
  [
    "the guides' key",
    cookie({ keys: ['your_secret_key_here'] }),
    'upstream.sticky.keys[0]',
    'well-known sample',
  ],
  [
    "a guide's other key",
    cookie({ keys: ['a8f5f167f44f4964e6c998dee827110c'] }),
    'upstream.sticky.keys[0]',
    'well-known sample',
  ],
  ['one letter', cookie({ keys: ['a'.repeat(32)] }), 'upstream.sticky.keys[0]', 'repeats itself'],
  [
    'one word',
    cookie({ keys: ['changeme'.repeat(4)] }),
    'upstream.sticky.keys[0]',
    'repeats itself',
  ],
  [
    'a seal without a key',
    shop({ sticky: { cookie: 'a', value: 'sealed' } }),
    'upstream.sticky.keys',
    "'sealed' needs a key",
  ],
  [
    'an hmac without a key',
    shop({ sticky: { cookie: 'a', value: 'hmac-sha1' } }),
    'upstream.sticky.keys',
    "'hmac-sha1' needs a key",
  ],
  [
    'an older hmac without its key',
    cookie({ accept: [{ value: 'hmac-md5' }] }),
    'upstream.sticky.accept[0].key',
    "'hmac-md5' needs it",
  ],
  [
    'an older digest with a key',
    cookie({ accept: [{ value: 'md5', key: 'x' }] }),
    'upstream.sticky.accept[0].key',
    'has no use',
  ],
  [
    'an older cookie without a name',
    cookie({ accept: [{ value: 'md5', cookie: '' }] }),
    'upstream.sticky.accept[0].cookie',
    'RFC 6265',
  ],
])
