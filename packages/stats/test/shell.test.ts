import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serve } from './fixtures/app.js'
import { anUpstream, aReplica, aServer } from './fixtures/snapshots.js'

const LOADED = /(?:href|src|from|import)(?:=| )\s*["'](\.?\/?[\w.-]+\.(?:js|css|svg))["']/g

describe('The shell of the dashboard', () => {
  test('is found under any prefix, with everything that it loads', async (t) => {
    for (const prefix of ['', '/ops', '/ops/stats']) {
      const app = await serve(t, () => aReplica(), { prefix })
      const at = new URL(`http://gateway${prefix}/`)
      const waiting = [at.href]
      const seen = new Set<string>()
      let bytes = 0
      for (let href = waiting.pop(); href !== undefined; href = waiting.pop()) {
        if (seen.has(href)) continue
        seen.add(href)
        const response = await app.inject(new URL(href).pathname)
        assert.equal(response.statusCode, 200, href)
        bytes += response.rawPayload.length
        for (const [, file = ''] of response.body.matchAll(LOADED))
          waiting.push(new URL(file, href).href)
      }
      assert.ok(seen.size > 15)
      assert.ok(bytes < 150_000, `${bytes} bytes`)
    }
  })

  test('leads from the bare prefix to the slash that its links need', async (t) => {
    const app = await serve(t, () => aReplica(), { prefix: '/ops/stats' })
    const bare = await app.inject('/ops/stats')
    assert.equal(bare.statusCode, 302)
    const at = new URL(String(bare.headers.location), 'http://gateway/ops/stats')
    assert.equal(at.pathname, '/ops/stats/')
  })

  test('allows no script, style or frame but its own', async (t) => {
    const app = await serve(t, () => aReplica())
    const { headers, body } = await app.inject('/')
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.match(policy, /require-trusted-types-for 'script'/)
    assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/)
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.doesNotMatch(body, /<script(?![^>]*src=)|<style|\son\w+=|style=|https?:\/\//)
  })

  test('says nothing of the servers: what it shows it must ask for', async (t) => {
    const servers = [aServer({ id: 'secret-server' })]
    const app = await serve(t, () => aReplica({ upstreams: [anUpstream({ servers })] }))
    assert.doesNotMatch((await app.inject('/')).body, /secret-server|shop|10\.0\.0/)
  })

  test('is not sent again while it is the same', async (t) => {
    const app = await serve(t, () => aReplica())
    const { headers } = await app.inject('/style.css')
    const again = await app.inject({
      url: '/style.css',
      headers: { 'if-none-match': String(headers.etag) },
    })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
  })

  test('is not at hand for paths that lead elsewhere', async (t) => {
    const app = await serve(t, () => aReplica())
    for (const url of [
      '/../package.json',
      '/%2e%2e/index.js',
      '/main.ts',
      '/main.js.map',
      '/app.d.ts',
    ]) {
      assert.equal((await app.inject(url)).statusCode, 404, url)
    }
  })
})
