import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { workshop } from '../fixtures/run.js'

const CONFIG = `
global
    log stdout format raw local0
defaults
    mode http
    timeout connect 5s
    timeout server 30000
    default-server inter 3s
frontend fe
    bind *:8080
    acl is_api path_beg /api
    acl shop hdr(host) -i shop.test www.shop.test
    use_backend api if is_api shop
    use_backend other if { src 10.0.0.0/8 }
    default_backend web
backend web
    cookie SERVERID insert indirect nocache httponly maxidle 30m maxlife 8h
    option httpchk GET /health
    server s1 10.0.0.1:8080 check cookie s1 weight 10
    server s2 10.0.0.2:8080 check cookie s2 backup
backend api
    balance leastconn
    stick-table type ip size 1m
    server a1 10.0.0.3:8080 maxconn 100 ssl verify none
`

describe('import of HAProxy', () => {
  it('keeps the ids of cookies, servers, hosts and prefixes', async (t) => {
    const { run } = workshop(t, { 'haproxy.cfg': CONFIG })
    const { code, out, err } = await run(['import', 'haproxy.cfg'])
    assert.equal(code, 0)
    const { listen, upstreams, routes } = parse(out)
    assert.equal(listen, '0.0.0.0:8080')
    assert.deepEqual(upstreams.web.servers, [
      { address: '10.0.0.1:8080', id: 's1', route: 's1', weight: 10 },
      { address: '10.0.0.2:8080', id: 's2', route: 's2', backup: true },
    ])
    assert.deepEqual(upstreams.web.sticky, {
      cookie: 'SERVERID',
      value: 'md5',
      style: 'nginx',
      path: '/',
      strip: true,
      httpOnly: true,
    })
    assert.deepEqual(upstreams.web.checks, { path: '/health', interval: '3s' })
    assert.deepEqual(upstreams.web.timeouts, { connect: '5s', headers: '30000ms', body: '30000ms' })
    assert.equal(upstreams.api.servers[0].address, 'https://10.0.0.3:8080')
    assert.deepEqual(routes, [
      { host: ['shop.test', 'www.shop.test'], prefix: '/api', upstream: 'api' },
      { upstream: 'web' },
    ])
    assert.match(err, /:14: lost: use_backend other if \{ src/)
    assert.match(err, /:17: lost: cookie SERVERID .*--seal/)
    assert.match(err, /:23: lost: stick-table/)
    assert.equal((await run(['import', 'haproxy.cfg', '--strict'])).code, 1)
  })

  it('is served as it is, and its cookies lead where they led', async (t) => {
    const { run, put } = workshop(t, { 'haproxy.cfg': CONFIG })
    for (const flags of [[], ['--seal']]) {
      put('g.yaml', (await run(['import', 'haproxy.cfg', ...flags])).out)
      const env = { HOLDFAST_STICKY_KEY: 'a key for tests of some length' }
      const { out, err } = await run(['explain', 'g.yaml', '--json', '-b', 'SERVERID=s2'], { env })
      assert.equal(err, '')
      assert.equal(JSON.parse(out).server, '10.0.0.2:8080')
      assert.equal(JSON.parse(out).verdict, 'kept')
    }
  })
})
