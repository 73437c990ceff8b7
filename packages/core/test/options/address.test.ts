import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseUpstreamOptions } from '#core/options/options.js'
import { refusal, shop } from './fixtures.js'

function parse(address: string) {
  const [server] = parseUpstreamOptions(shop({ servers: [address] })).servers
  assert.ok(server)
  return server
}

describe('an address', () => {
  const right = [
    'a',
    'my_service.default.svc',
    'example.com.',
    'localhost:8080',
    '10.0.0.11',
    '10.0.0.11:65535',
    '[::1]',
    '[2001:db8::1]:8080',
    '[fe80::1%eth0]:80',
    'unix:/run/app.sock',
    'A.Example:1',
  ]
  for (const address of right) {
    it(`${address} is kept as written`, () => {
      const server = parse(address)
      assert.equal(server.address, address)
      assert.equal(server.id, address)
      assert.equal(server.tls, false)
    })
  }

  it('with https:// means TLS, which is no part of its identity', () => {
    const { address, id, tls } = parse('https://a.example:8443')
    assert.deepEqual(
      { address, id, tls },
      { address: 'a.example:8443', id: 'a.example:8443', tls: true },
    )
    assert.equal(parse('HTTPS://[::1]').tls, true)
  })

  it('with http:// is the same as without', () => {
    assert.deepEqual(parse('http://a:80'), parse('a:80'))
  })

  const wrong = new Map([
    ['', 'host:port'],
    ['https://', 'host:port'],
    ['ftp://a', 'speaks ftp'],
    ['redis://a:6379', 'speaks redis'],
    ['a/', 'has no path'],
    ['a:80/path', 'has no path'],
    ['a?x', 'has no path'],
    ['a b', 'spaces'],
    ['a\n', 'control characters'],
    ['a\0:80', 'control characters'],
    ['münchen.example', 'ASCII'],
    ['::1', "'[::1]:8080'"],
    ['2001:db8::1', "'[2001:db8::1]'"],
    ['[::g]:80', 'host:port'],
    ['[10.0.0.1]:80', 'host:port'],
    ['a:', '1 to 65535'],
    ['a:0', '1 to 65535'],
    ['a:080', '1 to 65535'],
    ['a:65536', '1 to 65535'],
    ['a:80:90', '1 to 65535'],
    ['a:http', '1 to 65535'],
    [':80', 'host:port'],
    ['a..b', 'host:port'],
    ['*.example.com', 'host:port'],
    ['300.0.0.1', 'host:port'],
    ['10.0.1:80', 'host:port'],
    ['unix:run/app.sock', 'unix:/path'],
    ['UNIX:/run/app.sock', 'unix:/path'],
    [`unix:/${'a'.repeat(107)}`, '107 bytes'],
  ])
  for (const [address, says] of wrong) {
    it(`${JSON.stringify(address.slice(0, 20))} is refused: ${says}`, () => {
      const error = refusal(shop({ servers: [{ address }] }))
      assert.equal(error?.path, 'upstream.servers[0].address')
      assert.ok(error.message.includes(says), error.message)
    })
  }

  it('with a user and a password is refused without showing them', () => {
    const error = refusal(shop({ servers: ['http://admin:hunter2@a:80'] }))
    assert.match(error?.message ?? '', /must not hold a user or a password$/)
    assert.equal(error?.value, undefined)
  })
})
