/**
 * Whatever a client or a server sends is read or refused, and nothing else. HOLDFAST_FUZZ_RUNS
 * says how many inputs each parser gets.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { readResponseHead } from '#plugin/reply/response-head.js'
import { namedByConnection } from '#plugin/request/headers.js'
import { createPrefixRewrite, isCleanHost, parseTarget } from '#plugin/request/target.js'
import { FrameScanner } from '#plugin/tunnel/frames.js'
import { upgradeHead } from '#plugin/tunnel/upgrade-head.js'
import { wireHead } from './fixtures/wire-head.js'

const numRuns = Number(process.env.HOLDFAST_FUZZ_RUNS ?? 1_000)

const bytes = fc.uint8Array({ maxLength: 120 }).map((list) => Buffer.from(list))
const anyText = bytes.map((list) => list.toString('latin1'))

/** Texts that get further into a parser: made of what its grammar is made of. */
const like = (...pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    anyText,
    fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 24 })
      .map((list) => list.join('')),
  )

function neverCrashes<T>(title: string, inputs: fc.Arbitrary<T>, parse: (input: T) => void): void {
  it(`${title}: any input is read or refused`, () => {
    fc.assert(
      fc.property(inputs, (input) => parse(input)),
      { numRuns },
    )
  })
}

const rewrite = createPrefixRewrite('/shop', '/')
const targets = like('/', 'shop', '/shop', '%', '%2f', '%2e', '..', '?', '#', 'http://', 'h')
neverCrashes('a target', targets, (url) => {
  const target = parseTarget(url)
  if (target === undefined) return
  assert.ok(target.path.startsWith('/') && url.endsWith(target.path.slice(1)), 'byte for byte')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in it
  assert.doesNotMatch(target.path, /[\x00-\x20\x7f#]/)
  rewrite.rewrite(target.path)
})
neverCrashes('a Host header', like('a', '.', ':', '80', '[', ']', '::1', '@', '/', '%'), (host) => {
  if (isCleanHost(host)) assert.doesNotMatch(host, /[/@?#\s\\]/)
})
neverCrashes('a Connection header', like('close', 'keep-alive', ',', ' ', '"', 'x-a'), (value) => {
  namedByConnection(value)
})

const names = fc.constantFrom(
  ...['Content-Length', 'Transfer-Encoding', 'Connection', 'Set-Cookie', 'Cache-Control'],
  ...['Trailer', 'Upgrade', 'X-A', ''],
)
const values = like('1', 'chunked', 'close', ',', ' ', 'private', 'public', '=', '"')
const heads = fc
  .record({ status: fc.nat(1_200), list: fc.array(fc.tuple(names, values), { maxLength: 8 }) })
  .map(({ status, list }) => wireHead({ status, fields: list.flat() }))
neverCrashes("a response's head", heads, (head) => {
  readResponseHead(head, () => false)
})
neverCrashes('the head of a 101', heads, (head) => {
  upgradeHead(head, () => false)
})
neverCrashes("a WebSocket's frames", fc.array(bytes, { maxLength: 6 }), (chunks) => {
  const scanner = new FrameScanner()
  for (const chunk of chunks) {
    const complete = scanner.scan(chunk)
    assert.ok(complete >= 0 && complete <= chunk.length, `${complete} of ${chunk.length}`)
  }
})
