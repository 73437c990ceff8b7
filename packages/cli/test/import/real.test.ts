import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { workshop } from '../fixtures/run.js'

async function imported(t: TestContext, name: string) {
  const conf = readFileSync(new URL(`../../test/real/${name}.conf`, import.meta.url), 'utf8')
  const { run, put } = workshop(t, { 'nginx.conf': conf })
  const { code, out, err } = await run(['import', 'nginx.conf'])
  put('g.yaml', out.replaceAll(/\/etc\/[\w/.-]+\.pem/g, 'any.pem'))
  put('any.pem', '-----BEGIN CERTIFICATE-----')
  return { code, err, file: parse(out), check: () => run(['check', 'g.yaml', '--offline']) }
}

describe('nginx configurations as they are met', () => {
  it('a chat over WebSockets, on a stock nginx.conf, loses nothing', async (t) => {
    const { err, file, check } = await imported(t, 'chat')
    assert.equal(err, '')
    assert.deepEqual(file.listen, ['0.0.0.0:80', '[::]:80'])
    assert.equal(file.upstreams.chat.balance, 'ip-hash')
    assert.deepEqual(file.upstreams.chat.timeouts, { headers: '1h', body: '1h', tunnel: '1h' })
    assert.deepEqual(file.routes, [{ prefix: '/socket.io/', upstream: 'chat' }])
    assert.match((await check()).out, /0 errors, 1 warning/)
  })

  it('a site of several services keeps what is proxied, and lists the rest', async (t) => {
    const { err, file, check } = await imported(t, 'services')
    assert.equal(file.listen.address, '0.0.0.0:443')
    assert.deepEqual(Object.keys(file.upstreams).sort(), [
      '10.4.0.1_8443',
      'accounts',
      'canary',
      'search',
    ])
    assert.deepEqual(
      file.routes.map(({ prefix, upstream }: { prefix: string; upstream: string }) => [
        prefix,
        upstream,
      ]),
      [
        ['/api/accounts/', 'accounts'],
        ['/api/search', 'search'],
        ['/internal/', '10.4.0.1_8443'],
      ],
    )
    assert.equal(file.routes[0].rewritePrefix, '/')
    assert.equal(file.routes[0].bodyLimit, 26_214_400)
    assert.deepEqual(file.upstreams.accounts.retry, {
      on: ['error', 'timeout', 502, 503],
      tries: 2,
      budget: false,
    })
    assert.deepEqual(file.upstreams['10.4.0.1_8443'].tls, {
      ca: '/etc/ssl/internal.pem',
      servername: 'internal.example.org',
      verify: true,
    })
    for (const lost of [
      'limit_req_zone',
      'split_clients',
      'return 301',
      'root',
      'try_files',
      'location ~',
      'proxy_pass http://\\$variant',
      'allow',
      'deny',
      'limit_req zone',
      'unknown variable "\\$msec"',
    ]) {
      assert.match(err, new RegExp(`lost: .*${lost}`), err)
    }
    // nginx refuses a backup beside random; here it is said by check.
    assert.match(
      (await check()).out,
      /servers\[1\]\.backup: has no meaning with balance 'random-two'/,
    )
  })

  it('a site without a proxy is no gateway', async (t) => {
    const { code, err } = await imported(t, 'php')
    assert.equal(code, 1)
    assert.match(err, /nothing in nginx\.conf is proxied/)
    assert.match(err, /lost: fastcgi_pass/)
  })
})
