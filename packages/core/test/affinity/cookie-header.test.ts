import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cookieEnd,
  cookieValue,
  nextCookie,
  setCookieValue,
  withoutCookies,
} from '#core/affinity/cookie-header.js'

const drop = () => undefined

function allValues(cookies: string, name: string): string[] {
  const values: string[] = []
  let start = nextCookie(cookies, name)
  while (start >= 0) {
    const end = cookieEnd(cookies, start)
    values.push(cookies.slice(start, end))
    start = nextCookie(cookies, name, end)
  }
  return values
}

for (const [cookies, value] of [
  ['srv=a', 'a'],
  ['x=1; srv=a; y=2', 'a'],
  ['x=1;srv=a;y=2', 'a'],
  ['x=1;   srv=a', 'a'],
  ['SRV=a', 'a'],
  ['srv = a', 'a'],
  ['srv=a ; y=2', 'a '],
  ['srv="a"', '"a"'],
  ['srv=a%20b', 'a%20b'],
  ['srv=a=b', 'a=b'],
  ['srv=a; srv=b', 'a'],
  ['srv=; srv=b', ''],
  ['srv; srv=b', 'b'],
  ['xsrv=b', ''],
  ['srvx=b', ''],
  ['x=srv=b', ''],
  ['x=1, srv=b', ''],
  [';;; srv=a', 'a'],
  ['', ''],
] as const) {
  test(`in ${JSON.stringify(cookies)} srv is ${JSON.stringify(value)}, as nginx reads it`, () => {
    assert.equal(cookieValue(cookies, 'srv'), value)
  })
}

test('all values of a name come in the order of the header', () => {
  assert.deepEqual(allValues('srv=a; x=1; SRV=b;srv=; srv = c', 'srv'), ['a', 'b', '', 'c'])
})

for (const [cookies, rest] of [
  ['srv=a', ''],
  ['srv=a; x=1', 'x=1'],
  ['x=1; srv=a', 'x=1'],
  ['x=1; srv=a; y=2', 'x=1; y=2'],
  ['srv=a; x=1; SRV=b; y=2; srv=c', 'x=1; y=2'],
  ['x="1 ; y= 2', 'x="1 ; y= 2'],
  ['x="1 ;srv=a; y= 2', 'x="1 ; y= 2'],
] as const) {
  test(`without srv, ${JSON.stringify(cookies)} is ${JSON.stringify(rest)}`, () => {
    assert.equal(withoutCookies(cookies, ['srv'], drop), rest)
  })
}

test('a replaced cookie keeps its place and its name as the client wrote it', () => {
  const upper = (value: string) => value.toUpperCase()
  assert.equal(withoutCookies('x=1; Srv=a; y=2', ['srv'], upper), 'x=1; Srv=A; y=2')
})

for (const [line, value] of [
  ['srv=a; Path=/', 'a'],
  ['SRV=a', 'a'],
  ['srv=', ''],
  [' srv =a', 'a'],
  ['srvx=a', undefined],
  ['x=srv=a', undefined],
  ['srv', undefined],
] as const) {
  test(`the Set-Cookie line ${JSON.stringify(line)} sets srv to ${value}`, () => {
    assert.equal(setCookieValue(line, 'srv'), value)
  })
}

test('a name is found wherever it stands among other cookies', () => {
  const token = fc.stringMatching(/^[a-z_]{1,6}$/).filter((name) => name !== 'srv')
  const pair = fc.tuple(token, fc.stringMatching(/^[\w=.-]{0,8}$/))
  fc.assert(
    fc.property(fc.array(pair), fc.array(pair), (before, after) => {
      const text = [...before, ['srv', 'found'], ...after].map(
        ([name, value]) => `${name}=${value}`,
      )
      assert.equal(cookieValue(text.join('; '), 'srv'), 'found')
    }),
  )
})

test('reading, stripping and looking for a name end on any text, and stripping leaves none', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[srv=; ,x]{0,30}$/))
  fc.assert(
    fc.property(text, (cookies) => {
      const rest = withoutCookies(cookies, ['srv'], drop)
      assert.deepEqual(allValues(rest, 'srv'), [])
      setCookieValue(cookies, 'srv')
    }),
  )
})

// Steps are counted instead of time, so that a busy machine cannot fail the test.
test('a cookie bomb costs a number of steps that grows as its length', () => {
  for (const [pair, name] of [
    ['a=b;', 'srv'],
    ['srv;', 'srv'],
    ['srv    ;', 'srv'],
    ['sr=srv=;', 'srv'],
    [';;;;', 'srv'],
    ['    ', 'srv'],
  ] as const) {
    const [short, long] = [500, 4000].map((count) => stepsOver(pair.repeat(count), name))
    assert.ok(long! <= short! * 8.1, `${pair}: ${short} steps, then ${long}`)
  }
})

function stepsOver(cookies: string, name: string): number {
  let steps = 0
  const counted = {
    length: cookies.length,
    charCodeAt(at: number) {
      steps += 1
      return cookies.charCodeAt(at)
    },
    indexOf(text: string, from: number) {
      const found = cookies.indexOf(text, from)
      steps += (found < 0 ? cookies.length : found) - from
      return found
    },
  }
  nextCookie(counted as unknown as string, name)
  return steps
}
