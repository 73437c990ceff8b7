import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { unbound } from '#core/affinity/binding.js'
import type { LearnConfig } from '#core/affinity/config.js'
import { createLearnAffinity, type LearnAffinity } from '#core/affinity/learn.js'
import { type Answer, learnExpressionProblem } from '#core/affinity/learn-source.js'
import { SessionTable } from '#core/affinity/session-table.js'
import { factsOf, poolOf, serverConfig } from './fixtures.js'

const pool = poolOf('a:1', 'b:2', 'c:3')
const [a, b] = pool.servers

const config: LearnConfig = {
  kind: 'learn',
  create: ['$upstream_cookie_sid'],
  lookup: ['$cookie_sid', '$arg_sid'],
  timeoutS: 600,
  header: false,
  size: 1000,
  fallback: true,
}

class Time {
  seconds = 0
  now = (): number => this.seconds * 1000
  wall = (): number => this.seconds * 1000
}

function learner(changes: Partial<LearnConfig> = {}, time = new Time()): LearnAffinity {
  const affinity = createLearnAffinity({ ...config, ...changes }, { clock: time })
  affinity.follow(pool)
  return affinity
}

const answer = (...headers: string[]): Answer => ({ status: 200, headers, firstChunk: undefined })
const bringing = (sid: string) => factsOf({ cookies: `sid=${sid}` })

test('a session belongs to the server that handed its id out', () => {
  const affinity = learner()
  assert.equal(affinity.read(bringing('s1')), unbound)
  assert.ok(b)
  affinity.learn(factsOf(), b, answer('Set-Cookie', 'other=1', 'SET-COOKIE', 'SID=s1; Path=/'))
  const binding = affinity.read(bringing('s1'))
  assert.equal(binding.server, b)
  assert.equal(binding.source, 'learn')
  assert.equal(affinity.read(factsOf({ target: '/?sid=s1' })).server, b)
})

test('an id that only the client brought is never learned, so it cannot fill the table', () => {
  const affinity = learner()
  assert.ok(a)
  affinity.learn(bringing('made-up'), a, answer())
  assert.equal(affinity.size, 0)
})

test('a known session that another server answered belongs to that one', () => {
  const affinity = learner()
  assert.ok(a && b)
  affinity.learn(factsOf(), a, answer('Set-Cookie', 'sid=s1'))
  affinity.learn(bringing('s1'), b, answer())
  assert.equal(affinity.read(bringing('s1')).server, b)
})

test('a session is forgotten when it was not used for the timeout, and not before', () => {
  const time = new Time()
  const affinity = learner({}, time)
  assert.ok(a)
  affinity.learn(factsOf(), a, answer('Set-Cookie', 'sid=s1'))
  time.seconds = 600
  assert.equal(affinity.read(bringing('s1')).server, a)
  time.seconds = 1200
  assert.equal(affinity.read(bringing('s1')).server, a)
  time.seconds = 1801
  assert.equal(affinity.read(bringing('s1')), unbound)
})

test('a session whose server has left is lost as removed, and another incarnation is another', () => {
  const affinity = learner()
  assert.ok(a)
  affinity.learn(factsOf(), a, answer('Set-Cookie', 'sid=s1'))
  affinity.follow(poolOf('b:2'))
  assert.equal(affinity.read(bringing('s1')).lost, 'removed')
  affinity.follow(poolOf(serverConfig('a:1', { incarnation: 7 })))
  assert.equal(affinity.read(bringing('s1')).lost, 'removed')
})

test('the id may stand in a header, and a braced name may hold dots', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how nginx writes it
  const affinity = learner({ create: ['$upstream_http_x_sid', '${upstream_cookie_connect.sid}'] })
  assert.ok(a && b)
  affinity.learn(factsOf(), a, answer('X-Sid', 's1'))
  affinity.learn(factsOf(), b, answer('set-cookie', 'connect.sid=s2; HttpOnly'))
  assert.equal(affinity.read(bringing('s1')).server, a)
  assert.equal(affinity.read(bringing('s2')).server, b)
})

test('a function sees status, headers and the first chunk; its bug binds nobody', () => {
  const affinity = learner({
    create: [
      (status, headers, chunk) => {
        if (status === 500) throw new Error('a bug')
        return `${status}-${headers.x}-${Buffer.from(chunk ?? []).toString()}`
      },
    ],
  })
  assert.equal(affinity.looksAtBody, true)
  assert.equal(affinity.at, 'head')
  assert.ok(a)
  const head = { status: 200, headers: ['X', '1', 'x', '2'], firstChunk: Buffer.from('body') }
  affinity.learn(factsOf(), a, head)
  assert.equal(affinity.read(bringing('200-1, 2-body')).server, a)
  affinity.learn(factsOf(), a, { ...head, status: 500 })
  assert.equal(affinity.size, 1)
})

test('what nginx does not have is refused as a source', () => {
  assert.equal(learnExpressionProblem('$upstream_cookie_a'), undefined)
  for (const wrong of ['$cookie_a', 'upstream_cookie_a', '$upstream_cookie_', '$upstream_x_a']) {
    assert.match(learnExpressionProblem(wrong) ?? '', /upstream_cookie_NAME/)
  }
})

test('the table never grows past its size, and the least recently used session goes first', () => {
  const step = fc.record({
    use: fc.boolean(),
    id: fc.integer({ min: 0, max: 12 }),
    later: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new SessionTable(5, 20)
      let model: Array<{ id: number; seenS: number }> = []
      let nowS = 0
      for (const { use, id, later } of steps) {
        nowS += later
        const known = model.find((one) => one.id === id && nowS - one.seenS <= 20)
        if (use) assert.equal(table.use(String(id), nowS) !== undefined, known !== undefined)
        else table.put(String(id), 'server', nowS)
        if (use && known === undefined) continue
        model = [...model.filter((one) => one.id !== id), { id, seenS: nowS }].slice(-5)
        assert.ok(table.size <= 5)
      }
    }),
  )
})

test('a session is counted for the server that answered it, whoever it was bound to', () => {
  const seen: string[] = []
  const affinity = createLearnAffinity(config, {
    clock: new Time(),
    onSession: (server, id) => seen.push(`${server.config.address} ${id.length}`),
  })
  affinity.follow(pool)
  assert.ok(a && b)
  affinity.learn(factsOf(), a, answer('Set-Cookie', 'sid=s1'))
  affinity.learn(bringing('s1'), b, answer())
  affinity.learn(bringing('made-up'), a, answer())
  affinity.learn(factsOf(), a, answer())
  assert.deepEqual(seen, ['a:1 32', 'b:2 32'])
})
