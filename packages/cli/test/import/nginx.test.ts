import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { importNginx } from '#cli/import/nginx/import.js'
import { readNginx } from '#cli/nginx/includes.js'
import { parseNginx } from '#cli/nginx/parse.js'
import { workshop } from '../fixtures/run.js'

// biome-ignore lint/suspicious/noExplicitAny: what a test looks at is deep in a YAML file
type File = any

function imported(text: string, seal = false): { file: File; notes: string[] } {
  const { file, notes } = importNginx({ directives: parseNginx('f', text), missing: [] }, { seal })
  return {
    file,
    notes: notes.map(
      ({ level, place: { line }, what, reason }) => `${line} ${level} ${what}: ${reason}`,
    ),
  }
}

const upstream = (lines: string): string =>
  `upstream u {\n${lines}\nserver a:1;\nserver b;\n}\nserver { location / { proxy_pass http://u; proxy_set_header Host $host; } }`

describe('import of upstreams', () => {
  it("says nginx's defaults aloud where ours differ", () => {
    const { file, notes } = imported(upstream(''))
    assert.deepEqual(file.upstreams.u, {
      servers: [
        { address: 'a:1', maxFails: 1, failTimeout: '10s' },
        { address: 'b', maxFails: 1, failTimeout: '10s' },
      ],
      failOpen: false,
      retry: { tries: 0, budget: false },
    })
    assert.deepEqual(file.listen, '0.0.0.0:80')
    assert.deepEqual(notes, [])
  })

  it('keeps every parameter of a server', () => {
    const { file } = imported(
      upstream(
        'server c:1 weight=3 max_fails=0 fail_timeout=1m max_conns=9 backup; server d:1 down; server e:1 drain route=r;',
      ),
    )
    assert.deepEqual(file.upstreams.u.servers.slice(0, 3), [
      { address: 'c:1', weight: 3, maxFails: 0, failTimeout: '1m', maxConns: 9, backup: true },
      { address: 'd:1', down: true, maxFails: 1, failTimeout: '10s' },
      { address: 'e:1', drain: true, route: 'r', maxFails: 1, failTimeout: '10s' },
    ])
  })

  for (const [line, balance] of [
    ['ip_hash;', 'ip-hash'],
    ['least_conn;', 'least-conn'],
    ['random;', 'random'],
    ['random two least_conn;', 'random-two'],
    ['hash $request_uri;', { hash: '$request_uri', consistent: false, whenEmpty: 'round-robin' }],
    [
      'hash $host$uri consistent;',
      { hash: '$host$uri', consistent: true, whenEmpty: 'round-robin' },
    ],
  ] as const) {
    it(`keeps the placement of ${line}`, () => {
      const { file, notes } = imported(upstream(line))
      assert.deepEqual(file.upstreams.u.balance, balance)
      assert.deepEqual(notes, [])
    })
  }

  for (const [line, sticky] of [
    ['sticky;', { cookie: 'route', value: 'md5', style: 'sticky-module' }],
    ['sticky hash=index;', { cookie: 'route', value: 'index', style: 'sticky-module' }],
    [
      'sticky text=raw transfer delimiter=~ hide_cookie;',
      {
        cookie: 'route',
        value: 'text',
        style: 'sticky-module',
        transfer: true,
        delimiter: '~',
        hide: true,
      },
    ],
    [
      'sticky hmac=md5 hmac_key=k;',
      { cookie: 'route', value: 'hmac-md5', style: 'sticky-module', keys: ['k'] },
    ],
    [
      'sticky name=a "expires=1h 30m" no_fallback;',
      { cookie: 'a', value: 'md5', style: 'sticky-module', expires: '1h 30m', fallback: false },
    ],
    [
      'sticky cookie srv expires=max domain=.x.y httponly secure samesite=Lax path=/p;',
      {
        cookie: 'srv',
        value: 'md5',
        style: 'nginx',
        expires: 'max',
        domain: '.x.y',
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
        path: '/p',
      },
    ],
    ['sticky route $cookie_r $arg_r;', { route: ['$cookie_r', '$arg_r'] }],
  ] as const) {
    it(`keeps the cookie of ${line}`, () => {
      const { file, notes } = imported(upstream(line))
      assert.deepEqual(file.upstreams.u.sticky, sticky)
      assert.deepEqual(notes, [])
    })
  }

  it('keeps learning, and says that its table is counted otherwise', () => {
    const { file, notes } = imported(
      upstream(
        'sticky learn create=$upstream_cookie_s lookup=$cookie_s zone=z:1m timeout=1h header;',
      ),
    )
    assert.deepEqual(file.upstreams.u.sticky, {
      learn: { create: '$upstream_cookie_s', lookup: '$cookie_s', timeout: '1h', header: true },
    })
    assert.match(notes.join('\n'), /changed sticky learn/)
  })

  it('seals on demand, and honours what clients have', () => {
    const { file } = imported(
      upstream('sticky hmac=sha1 hmac_key=old name=srv expires=2h secure;'),
      true,
    )
    assert.deepEqual(file.upstreams.u.sticky, {
      cookie: 'srv',
      keys: [`\${HOLDFAST_STICKY_KEY}`],
      accept: [{ value: 'hmac-sha1', key: 'old' }],
      expires: '2h',
      secure: true,
    })
  })

  it('takes a map for what it is: a fallback', () => {
    const map = (entries: string): string =>
      `map $cookie_s $k { ${entries} } map $arg_x $second { default $arg_x; "" $remote_addr; } ${upstream('hash $k consistent;')}`
    for (const [entries, hash] of [
      ['default $cookie_s; "" $remote_addr;', ['$cookie_s', '$remote_addr']],
      ['"" $second; default $cookie_s;', ['$cookie_s', '$arg_x', '$remote_addr']],
      ['~.+ $cookie_s; default $remote_addr;', ['$cookie_s', '$remote_addr']],
      ['default $cookie_s;', '$cookie_s'],
    ] as const) {
      const { file } = imported(map(entries))
      assert.deepEqual(file.upstreams.u.balance.hash, hash, entries)
    }
    const { file, notes } = imported(map('default a; ~^x b;'))
    assert.equal(file.upstreams.u.balance, undefined)
    assert.match(
      notes.join('\n'),
      /lost hash \$k consistent: the map of \$k is more than a fallback/,
    )
  })

  it('loses no key in silence', () => {
    const { file, notes } = imported(upstream('hash $binary_remote_addr;'))
    assert.equal(file.upstreams.u.balance, undefined)
    assert.match(
      notes[0] ?? '',
      /lost hash \$binary_remote_addr: unknown variable .*left at round robin/,
    )
  })
})

describe('import of servers and locations', () => {
  it('keeps hosts, prefixes, rewriting, headers, limits, retries and times', () => {
    const { file, notes } = imported(`
upstream u { server a:1; }
server { listen 8080 default_server; location / { proxy_pass http://u; } }
server {
  listen 8080;
  server_name shop.test .api.test;
  client_max_body_size 10m;
  proxy_read_timeout 5;
  location /app/ {
    proxy_pass http://u/;
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-App "app of $host";
    proxy_set_header Accept-Encoding "";
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    add_header Strict-Transport-Security "max-age=1" always;
    proxy_next_upstream error http_503 non_idempotent;
    proxy_next_upstream_tries 2;
    location /app/big/ { proxy_pass https://b.test:8443; client_max_body_size 0; }
  }
}`)
    assert.equal(file.listen, '0.0.0.0:8080')
    assert.deepEqual(file.routes, [
      { upstream: 'u', headers: { request: { Host: 'u' } } },
      {
        host: ['shop.test', 'api.test', '*.api.test'],
        prefix: '/app/',
        upstream: 'u',
        rewritePrefix: '/',
        headers: {
          request: { 'X-App': 'app of $host', 'Accept-Encoding': false },
          response: { 'Strict-Transport-Security': 'max-age=1' },
        },
        timeouts: { headers: '5s', body: '5s', tunnel: '5s' },
        retry: { on: ['error', 503, 'non-idempotent'], tries: 2, budget: false },
        bodyLimit: 10_485_760,
      },
      {
        host: ['shop.test', 'api.test', '*.api.test'],
        prefix: '/app/big/',
        upstream: 'b.test_8443',
        headers: {
          request: { 'X-App': 'app of $host', 'Accept-Encoding': false },
          response: { 'Strict-Transport-Security': 'max-age=1' },
        },
        bodyLimit: Number.MAX_SAFE_INTEGER,
      },
    ])
    assert.deepEqual(file.upstreams['b.test_8443'].servers[0].address, 'https://b.test:8443')
    assert.deepEqual(file.upstreams['b.test_8443'].tls, { verify: false })
    assert.deepEqual(notes, [])
  })

  it('keeps who is trusted to tell the client’s address', () => {
    const { file } = imported(
      `set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; ${upstream('')}`,
    )
    assert.deepEqual(file.trustProxy, ['10.0.0.0/8'])
    const other = imported(`set_real_ip_from 10.0.0.0/8; real_ip_header X-Real-IP; ${upstream('')}`)
    assert.equal(other.file.trustProxy, undefined)
    assert.match(other.notes[0] ?? '', /lost real_ip_header/)
  })

  it('follows includes with wildcards, and tells of files that are not there', (t) => {
    const { folder } = workshop(t, {
      'nginx.conf': 'http {\n  include conf.d/*.conf;\n  include gone.conf;\n}\n',
    })
    mkdirSync(join(folder, 'conf.d'))
    writeFileSync(join(folder, 'conf.d/b.conf'), 'server { location / { proxy_pass http://u; } }')
    writeFileSync(join(folder, 'conf.d/a.conf'), 'upstream u { server a:1; }')
    const { file, notes } = importNginx(readNginx(join(folder, 'nginx.conf')), { seal: false })
    assert.deepEqual((file as File).routes, [{ upstream: 'u' }])
    assert.deepEqual(
      notes.map(({ what, reason }) => `${what}: ${reason}`),
      ['include gone.conf: the file is not there'],
    )
  })

  it('ends files that include one another', (t) => {
    const { folder } = workshop(t, { 'a.conf': 'include b.conf;', 'b.conf': 'include a.conf;' })
    assert.throws(() => readNginx(join(folder, 'a.conf')), /include one another/)
  })

  it('drops no directive without a word', () => {
    const words = [
      'root /x',
      'gzip on',
      'made_up a b',
      'return 301 /',
      'allow all',
      'limit_req zone=a',
      'sendfile on',
      'proxy_redirect off',
    ]
    const scopes = ['http', 'server', 'location', 'upstream']
    fc.assert(
      fc.property(fc.constantFrom(...words), fc.constantFrom(...scopes), (word, where) => {
        const at = (scope: string): string => (scope === where ? `\n${word};\n` : '')
        const { notes } = imported(
          `${at('http')} upstream u { server a:1; ${at('upstream')} } server { ${at('server')} location / { proxy_pass http://u; ${at('location')} } }`,
        )
        assert.ok(
          notes.some((note) => note.includes(word) && /^\d+ (lost|needless|changed) /.test(note)),
          `${word} in ${where}: ${notes.join()}`,
        )
      }),
    )
  })

  it('never throws, whatever directives there are', () => {
    const names = fc.constantFrom(
      'upstream',
      'server',
      'location',
      'map',
      'sticky',
      'hash',
      'listen',
      'proxy_pass',
      'proxy_set_header',
      'http',
      'server_name',
      'proxy_cache',
      'ssl_certificate',
      'add_header',
      'if',
      'default',
    )
    const args = fc.array(
      fc.constantFrom(
        '/',
        '$x',
        '$cookie_a',
        'http://u',
        'u',
        '80',
        'ssl',
        '=',
        '~',
        'name=',
        'learn',
        'route',
        'cookie',
        'off',
        '',
      ),
      { maxLength: 4 },
    )
    const { directive } = fc.letrec<{ directive: unknown; block: unknown[] }>((tie) => ({
      directive: fc.record({
        name: names,
        args,
        block: fc.oneof({ depthSize: 'small' }, fc.constant(undefined), tie('block')),
      }),
      block: fc.array(tie('directive'), { maxLength: 4 }),
    }))
    const withPlace = (one: unknown): never => {
      const { block, ...rest } = one as { block?: unknown[] }
      return {
        ...rest,
        block: block?.map(withPlace),
        place: { file: 'f', line: 1, column: 1 },
      } as never
    }
    fc.assert(
      fc.property(fc.array(directive, { maxLength: 5 }), fc.boolean(), (all, seal) => {
        importNginx({ directives: all.map(withPlace), missing: [] }, { seal })
      }),
      { numRuns: 1_000 },
    )
  })
})
