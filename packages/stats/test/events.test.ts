import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ReplicaSnapshot } from '@holdfast/core'
import { serve } from './fixtures/app.js'
import { anUpstream, aReplica, aServer } from './fixtures/snapshots.js'

/** Opens the stream and reads its messages as they come. */
async function open(t: TestContext, origin: string) {
  const abort = new AbortController()
  t.after(() => abort.abort())
  const response = await fetch(`${origin}/events`, { signal: abort.signal })
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  assert.equal(response.headers.get('x-accel-buffering'), 'no')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    abort,
    async next(): Promise<{ readonly event: string; readonly data: Record<string, unknown> }> {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end >= 0) {
          const message = text.slice(0, end)
          text = text.slice(end + 2)
          const [, event = '', data = ''] =
            /^event: (\w+)\nid: \d+\ndata: (.*)$/.exec(message) ?? []
          return { event, data: JSON.parse(data) }
        }
        const chunk = await reader?.read()
        assert.ok(chunk?.value, 'the stream has ended')
        text += chunk.value
      }
    },
  }
}

async function listening(t: TestContext, source: () => ReplicaSnapshot): Promise<string> {
  const app = await serve(t, source, { interval: '100ms' })
  return app.listen({ port: 0, host: '127.0.0.1' })
}

test('a viewer is sent the state at once, and then what changes', async (t) => {
  let weight = 1
  let at = Date.now()
  const origin = await listening(t, () => {
    at += 1
    return aReplica({ at, upstreams: [anUpstream({ servers: [aServer({ weight })] })] })
  })
  const { next } = await open(t, origin)
  const first = await next()
  assert.equal(first.event, 'state')
  assert.deepEqual(first.data.order, ['shop'])
  weight = 5
  let change: Record<string, unknown> = {}
  while (change.upstreams === undefined || !JSON.stringify(change).includes('"weight":5')) {
    const message = await next()
    assert.equal(message.event, 'change')
    change = message.data
  }
})

test('a viewer who comes when nobody has watched for long is not sent what was then', async (t) => {
  let weight = 1
  let at = Date.now()
  const origin = await listening(t, () => {
    at += 1
    return aReplica({ at, upstreams: [anUpstream({ servers: [aServer({ weight })] })] })
  })
  const before = await open(t, origin)
  await before.next()
  before.abort.abort()
  weight = 9
  let seen = ''
  while (!seen.includes('"weight":9'))
    seen = await (await fetch(`${origin}/api/v1/upstreams`)).text()
  const after = await open(t, origin)
  assert.match(JSON.stringify((await after.next()).data), /"weight":9/)
})

test('the head of the stream cannot be asked for, as nothing would ever end it', async (t) => {
  const app = await serve(t, () => aReplica())
  assert.equal((await app.inject({ method: 'HEAD', url: '/events' })).statusCode, 404)
})
