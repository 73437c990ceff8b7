import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { namedByConnection, requestHeaders } from '#plugin/request/headers.js'

interface Asked {
  readonly lines?: ReadonlyArray<readonly [string, string]>
  readonly httpVersion?: string
  readonly peer?: string
  readonly ips?: readonly string[]
  readonly host?: string
  readonly hasBody?: boolean
  readonly cookies?: (value: string) => string
}

/** As much of a Fastify request as is looked at; fields join as Node joins them. */
function fieldsFor(asked: Asked): string[] {
  const { lines = [], httpVersion = '1.1', peer = '10.0.0.9', ips, host = 'test' } = asked
  const headers: Record<string, string> = {}
  for (const [name, value] of lines) {
    const lower = name.toLowerCase()
    const between = lower === 'cookie' ? '; ' : ', '
    headers[lower] = lower in headers ? `${headers[lower]}${between}${value}` : value
  }
  const request = {
    raw: { rawHeaders: lines.flat(), headers, httpVersion, socket: { remoteAddress: peer } },
    headers,
    ips,
    protocol: 'http',
    host: 'test',
  } as unknown as FastifyRequest
  return requestHeaders(
    request,
    host,
    '10.0.0.9',
    asked.hasBody ?? false,
    asked.cookies ?? ((value) => value),
  )
}

const names = (fields: readonly string[]): string[] => fields.filter((_, i) => i % 2 === 0)
const valueIn = (fields: readonly string[], name: string): string | undefined =>
  fields[fields.findIndex((one, i) => i % 2 === 0 && one === name) + 1]

const OURS = ['X-Forwarded-For', 'X-Real-IP', 'X-Forwarded-Proto', 'X-Forwarded-Host']

test('Host stands first, fields keep order and spelling, ours come last', () => {
  const fields = fieldsFor({
    lines: [
      ['X-B', '1'],
      ['hOST', 'test'],
      ['x-A', '2'],
      ['X-B', '3'],
    ],
  })
  assert.deepEqual(names(fields), ['Host', 'X-B', 'x-A', 'X-B', ...OURS])
})

test('fields of the connection, and those that it names, stay here', () => {
  const hop = ['Connection', 'Keep-Alive', 'TE', 'Trailer', 'Upgrade', 'Expect', 'Proxy-Connection']
  const also = ['Transfer-Encoding', 'Proxy-Authorization', 'HTTP2-Settings', 'Holdfast-Moved']
  const lines = [...hop, ...also].map((name) => [name, 'x-named , X-Other'] as const)
  const fields = fieldsFor({
    lines: [...lines, ['X-Named', '1'], ['x-OTHER', '2'], ['X-End', '3']],
  })
  assert.deepEqual(names(fields), ['Host', 'X-End', ...OURS])
})

test('no field of ours can be named away, and no spoof of one passes', () => {
  const spoofed = [...OURS, 'Forwarded', 'Host'].map((name) => [name, 'evil'] as const)
  const fields = fieldsFor({
    lines: [['Connection', [...OURS, 'Host'].join(',')], ...spoofed],
  })
  assert.deepEqual(names(fields), ['Host', ...OURS])
  assert.ok(!fields.includes('evil'))
})

test('the request line of HTTP/2 is no field', () => {
  const pseudo = [':method', ':path', ':scheme', ':authority', ':protocol', ':status']
  const lines = pseudo.map((name) => [name, 'x'] as const)
  assert.deepEqual(names(fieldsFor({ lines, httpVersion: '2.0' })), ['Host', ...OURS])
})

test('Content-Length goes with a body only', () => {
  const lines = [['Content-Length', '5']] as const
  assert.equal(valueIn(fieldsFor({ lines, hasBody: true }), 'Content-Length'), '5')
  assert.ok(!names(fieldsFor({ lines })).includes('Content-Length'))
})

test('Cookies go as one, as it is made, and not at all when nothing is left', () => {
  const lines = [
    ['Cookie', 'a=1; srv=x'],
    ['cookie', 'srv=x'],
  ] as const
  const cookies = (value: string): string => value.replace(/(; )?srv=x/g, '')
  assert.deepEqual(fieldsFor({ lines, cookies }).slice(2, 4), ['Cookie', 'a=1'])
  const last = fieldsFor({ lines: [['Cookie', 'srv=x']], cookies })
  assert.deepEqual(names(last), ['Host', ...OURS])
})

test('a chain is believed only where the peer is trusted', () => {
  const lines = [
    ['X-Forwarded-For', '1.1.1.1'],
    ['Forwarded', 'for=1.1.1.1'],
  ] as const
  const untrusted = fieldsFor({ lines, ips: ['10.0.0.9'] })
  assert.equal(valueIn(untrusted, 'X-Forwarded-For'), '10.0.0.9')
  assert.ok(!names(untrusted).includes('Forwarded'))
  const trusted = fieldsFor({ lines, ips: ['10.0.0.9', '1.1.1.1'], peer: '::ffff:10.0.0.9' })
  assert.equal(valueIn(trusted, 'X-Forwarded-For'), '1.1.1.1, 10.0.0.9')
  assert.equal(valueIn(trusted, 'Forwarded'), 'for=1.1.1.1')
})

test('a peer without an address adds nothing to the chain that it is trusted with', () => {
  const lines = [['X-Forwarded-For', '1.1.1.1, 2.2.2.2']] as const
  const trusted = fieldsFor({ lines, ips: ['', '2.2.2.2'], peer: '' })
  assert.equal(valueIn(trusted, 'X-Forwarded-For'), '1.1.1.1, 2.2.2.2')
  assert.ok(!names(fieldsFor({ lines, peer: '' })).includes('X-Forwarded-For'))
})

test('two Hosts, a bad one, none in HTTP/1.1, and more fields than Node hands out are refused', () => {
  const refused = (asked: Asked, statusCode: number): void => {
    assert.throws(() => fieldsFor(asked), { statusCode })
  }
  const host = ['Host', 'test'] as const
  refused({ lines: [host, host] }, 400)
  refused({ host: 'u@h' }, 400)
  refused({ host: '' }, 400)
  assert.equal(fieldsFor({ host: '', httpVersion: '1.0' })[1], '')
  const lines = Array.from({ length: 1_000 }, (_, i) => [`x-${i}`, ''] as const)
  assert.equal(fieldsFor({ lines }).length, 2 * (1 + 1_000 + OURS.length))
  refused({ lines: [...lines, ['x', '']] }, 431)
})

test('a Connection field that names nothing costs no set', () => {
  for (const value of [undefined, 'keep-alive', 'close']) {
    assert.equal(namedByConnection(value), undefined)
  }
  assert.deepEqual([...(namedByConnection(' A,, b\t,C') ?? [])].sort(), ['', 'a', 'b', 'c'])
})
