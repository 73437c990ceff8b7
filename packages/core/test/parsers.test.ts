/**
 * Whatever comes over the wire, from Redis or out of a file is read or refused, and nothing else.
 * HOLDFAST_FUZZ_RUNS says how many inputs each parser gets.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { canonicalAddress } from '#core/affinity/address.js'
import { cookieValue, setCookieValue, withoutCookies } from '#core/affinity/cookie-header.js'
import { compileKey, keyExpressionProblem } from '#core/affinity/key-expression.js'
import { learnExpressionProblem } from '#core/affinity/learn-source.js'
import { SealedCodec } from '#core/affinity/sealed-codec.js'
import { decodedPath, originForm, queryArgument } from '#core/affinity/target.js'
import { decodeRecord } from '#core/fleet/record.js'
import { decodeSnapshot } from '#core/fleet/snapshot-text.js'
import { parseDuration } from '#core/kernel/duration.js'
import { OptionError } from '#core/kernel/errors.js'
import { createSeededRandom } from '#core/kernel/random.js'
import { readAddress } from '#core/options/address.js'
import { parseUpstreamOptions } from '#core/options/options.js'

const numRuns = Number(process.env.HOLDFAST_FUZZ_RUNS ?? 1_000)

const anyBytes = fc
  .uint8Array({ maxLength: 120 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'))

/** Texts that get further into a parser: made of what its grammar is made of. */
const like = (...pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    anyBytes,
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

neverCrashes('a Cookie header', like('srv', 'SRV', '=', ';', ' ', '"', 'a=b'), (header) => {
  const rest = withoutCookies(header, ['srv'], () => undefined)
  assert.equal(cookieValue(rest, 'srv'), '', 'nothing of it is left')
})
neverCrashes('a Set-Cookie line', like('srv', '=', ';', ' ', 'Path'), (line) => {
  setCookieValue(line, 'srv')
})
neverCrashes(
  'a target',
  like('/', '.', '..', '%', '%2f', '%00', '?', '&', '=', '#', 'id'),
  (target) => {
    originForm(target)
    decodedPath(target)
    queryArgument(target, 'id')
  },
)
neverCrashes('an address', like('::', ':', '.', '1', '255', 'ffff', '[', ']', '%eth0'), (text) => {
  const address = canonicalAddress(text)
  if (address !== undefined) assert.equal(canonicalAddress(address), address)
})
neverCrashes('a duration', like('1', '0', '.', 'ms', 's', 'm', 'h', 'd', ' ', '-'), (text) => {
  const ms = parseDuration(text)
  if (ms !== undefined) assert.ok(Number.isSafeInteger(ms) && ms >= 0, `${ms}`)
})
neverCrashes(
  "a server's address",
  like('https://', 'unix:', '/', ':', '80', '[::1]', '@'),
  (text) => {
    readAddress(text)
  },
)

const facts = {
  method: 'GET',
  target: '/a?id=1',
  scheme: 'http',
  host: 'test',
  remoteAddress: '127.0.0.1',
  socketAddress: '127.0.0.1',
  cookies: 'id=1',
  header: () => '',
  request: undefined,
}
neverCrashes(
  'a key expression',
  like('$', '{', '}', 'arg_id', 'cookie_', 'host', 'uri'),
  (text) => {
    if (keyExpressionProblem(text) === undefined) compileKey(text)(facts)
  },
)
neverCrashes('a learn expression', like('$', '{', '}', 'upstream_cookie_', 'sid'), (text) => {
  learnExpressionProblem(text)
})

const codec = new SealedCodec('shop', 'srv', ['a key that is long enough'], createSeededRandom(1))
const place = '12345678'
const sealed = codec.seal({
  place,
  incarnation: 0,
  session: { id: '0123456789abcdef', issuedS: 1, seenS: 1 },
})
const cookieText = fc.stringMatching(/^[\w-]{78}$/)
const nearly = fc
  .tuple(fc.nat(77), fc.constantFrom(...'AZaz09-_=+/'))
  .map(([at, character]) => `${sealed?.slice(0, at)}${character}${sealed?.slice(at + 1)}`)
neverCrashes('a sealed cookie', fc.oneof(anyBytes, cookieText, nearly), (text) => {
  assert.ok(text === sealed || typeof codec.open(text) === 'string', 'only the original opens')
})

const json = fc.oneof(anyBytes, fc.json({ maxDepth: 3 }))
const field = like('ejection', 'override', ':', '|', '127.0.0.1:80')
neverCrashes("a fleet's record", fc.tuple(field, json), ([name, value]) => {
  decodeRecord(name, value)
})
it("a replica's snapshot: any input is unpacked or refused", () =>
  fc.assert(
    fc.asyncProperty(json, async (text) => {
      assert.ok(['string', 'undefined'].includes(typeof (await decodeSnapshot(text))))
    }),
    { numRuns },
  ))
neverCrashes(
  'options',
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.anything({ maxDepth: 2 })),
  (input) => {
    try {
      parseUpstreamOptions(input)
    } catch (error) {
      if (!(error instanceof OptionError)) throw error
    }
  },
)
