import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvalidResponseError } from '#plugin/wire/errors.js'
import { ResponseReader } from '#plugin/wire/response-reader.js'

/** What came of some bytes. */
interface Told {
  readonly statuses: number[]
  body: string
  rest: string | undefined
  /** Whether it was complete, and nothing came behind it. */
  clean: boolean | undefined
}

/** Reads pieces one after the other as the response to a request. */
function readAll(
  pieces: readonly Buffer[],
  { method = 'GET', upgrade = false, stopAtHead = false } = {},
): Told & { readonly reader: ResponseReader } {
  const told: Told = { statuses: [], body: '', rest: undefined, clean: undefined }
  const reader: ResponseReader = new ResponseReader({
    onHead({ status }) {
      told.statuses.push(status)
      if (stopAtHead) reader.stop()
    },
    onSwitch({ status }, rest) {
      told.statuses.push(status)
      told.rest = rest.toString('latin1')
    },
    onBody(part) {
      told.body += part.toString('latin1')
    },
    onComplete(clean) {
      told.clean = clean
    },
  })
  reader.expect(method, upgrade)
  for (const piece of pieces) reader.read(piece)
  return { ...told, reader }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** The bytes of `text`, cut at the places given. */
function cut(text: string, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)), text.length]
  at.sort((a, b) => a - b)
  return at.slice(1).map((end, i) => bytes(text.slice(at[i], end)))
}

const places = fc.array(fc.nat(10_000), { maxLength: 12 })
const parts = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }), {
  maxLength: 6,
})
const extension = fc.constantFrom('', ';a', ';a=b', '; a="b c"')

test('a body with a length is the same however it is cut', () => {
  fc.assert(
    fc.property(parts, places, (list, where) => {
      const body = list.join('')
      const text = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      const told = readAll(cut(text, where))
      assert.deepEqual([told.statuses, told.body, told.clean], [[200], body, true])
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('chunks are the same however they are cut, extensions and trailers read over', () => {
  fc.assert(
    fc.property(parts, extension, places, fc.boolean(), (list, ext, where, trailer) => {
      const chunks = list.map((part) => `${part.length.toString(16)}${ext}\r\n${part}\r\n`)
      const end = `0${ext}\r\n${trailer ? 'X-T: 1\r\nX-U: 2\r\n' : ''}\r\n`
      const head =
        'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
      const told = readAll(cut(head + chunks.join('') + end, where))
      assert.deepEqual([told.statuses, told.body, told.clean], [[200], list.join(''), true])
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('chunks that do not say what they are, are refused', () => {
  for (const body of [
    '\r\n',
    'x\r\n',
    ' 1\r\na\r\n',
    '1 \r\na\r\n',
    '-1\r\n',
    '0x1\r\na\r\n',
    '1\na\r\n',
    '1\r\nab\r\n',
    '1\r\na\n0\r\n\r\n',
    '1;\n\r\na\r\n',
    '1;\0\r\na\r\n',
    '11111111111111\r\n',
    '0\r\nX-T: 1\n\r\n',
    '0\r\n\n',
    `1;${'x'.repeat(20_000)}\r\n`,
    `0\r\n${'X-T: 1\r\n'.repeat(4_000)}`,
  ]) {
    const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
    assert.throws(() => readAll([bytes(text)]), InvalidResponseError, JSON.stringify(body))
  }
})

test('any bytes are a response, or refused, or too few: nothing else ever happens', () => {
  const line = fc.constantFrom(
    ...['HTTP/1.1 200 OK', 'HTTP/1.0 204 ', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ...['\r\n', '\r\n\r\n', '3', 'abc', '0', ';', '\0', '\n', ' ', 'Connection: close'],
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), places, (list, where) => {
      try {
        readAll(cut(list.join(''), where))
      } catch (error) {
        assert.ok(error instanceof InvalidResponseError, String(error))
      }
    }),
    { seed: 3, numRuns: 2_000 },
  )
})

test('what comes behind a message is told of', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'
  assert.equal(readAll([bytes(`${text}HTTP/1.1 200 OK\r\n`)]).clean, false)
  assert.equal(readAll([bytes('HTTP/1.1 204 No\r\n\r\nx')]).clean, false)
  assert.equal(readAll([bytes(text)]).clean, true)
})

test('only the end of the connection ends a body without a length', () => {
  const told = readAll([bytes('HTTP/1.1 200 OK\r\n\r\nso'), bytes(' on')])
  assert.deepEqual([told.body, told.clean], ['so on', undefined])
  assert.equal(told.reader.end(), true)
  const half = readAll([bytes('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nso')])
  assert.equal(half.reader.end(), false)
  assert.equal(readAll([]).reader.end(), false)
})

test('a switch of protocols hands over what came behind it; unasked it is refused', () => {
  const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nframes'
  const { statuses, rest } = readAll([bytes(text)], { upgrade: true })
  assert.deepEqual([statuses, rest], [[101], 'frames'])
  assert.throws(() => readAll([bytes(text)]), InvalidResponseError)
})

test('a head without end is refused at its limit, and what is no HTTP at once', () => {
  const long = `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(20_000)}`
  assert.throws(() => readAll([bytes(long)]), InvalidResponseError)
  assert.throws(() => readAll(cut(long, [10, 9_000, 17_000])), InvalidResponseError)
  assert.throws(() => readAll([bytes('SSH-2')]), InvalidResponseError)
  assert.doesNotThrow(() => readAll([bytes('HTT')]))
})

test('once stopped it tells nothing more, though more is there', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'
  const { body, clean } = readAll([bytes(text)], { stopAtHead: true })
  assert.deepEqual([body, clean], ['', undefined])
})
