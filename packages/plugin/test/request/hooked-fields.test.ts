import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { fieldsAfterHooks } from '#plugin/request/hooked-fields.js'

const RAW = ['Host', 'h', 'X-Role', 'admin', 'x-B', '1', 'X-Last', 'same']
const AS_READ: IncomingHttpHeaders = { host: 'h', 'x-role': 'admin', 'x-b': '1', 'x-last': 'same' }

/** What becomes of RAW when a hook does this to what Node read. */
function after(change: (headers: IncomingHttpHeaders) => void): readonly string[] {
  const headers = { ...AS_READ }
  change(headers)
  return fieldsAfterHooks({ raw: RAW, headers })
}

test('fields that no hook touched are the very same list', () => {
  assert.equal(
    after(() => {}),
    RAW,
  )
})

test('a deleted field is gone, a changed one keeps its place and spelling, a new one is last', () => {
  const fields = after((headers) => {
    delete headers['x-role']
    headers['x-b'] = '2'
    headers['x-user'] = 'ann'
  })
  assert.deepEqual(fields, ['Host', 'h', 'x-B', '2', 'X-Last', 'same', 'x-user', 'ann'])
})

test('a value that moves to another name is not taken for the old field', () => {
  const fields = after((headers) => {
    headers['x-next'] = headers['x-last']
    delete headers['x-last']
  })
  assert.deepEqual(fields.slice(-2), ['x-next', 'same'])
})

test('undefined deletes, a list is a field each, a number is written out', () => {
  const fields = after((headers) => {
    headers['x-role'] = undefined
    headers['x-b'] = ['1', '2']
    Reflect.set(headers, 'x-last', 3)
  })
  assert.deepEqual(fields.slice(2), ['x-B', '1', 'x-B', '2', 'X-Last', '3'])
})

test('repeats pass as they came, and as what the hooks saw where that was one of them', () => {
  const raw = ['X-A', '1', 'Authorization', 'good', 'x-a', '2', 'authorization', 'evil']
  const both = { 'x-a': '1, 2', authorization: 'good' }
  assert.deepEqual(fieldsAfterHooks({ raw, headers: both }), [
    ...['X-A', '1', 'Authorization', 'good', 'x-a', '2'],
  ])
  const cookies = { raw: ['Cookie', 'a=1', 'Cookie', 'b=2'], headers: { cookie: 'a=1; b=2' } }
  assert.deepEqual(fieldsAfterHooks(cookies), ['Cookie', 'a=1; b=2'])
})

test('what frames and addresses the message is not for hooks to say', () => {
  const raw = [':path', '/', 'Host', 'a', 'Host', 'b', 'Content-Length', '5']
  const headers = { ':path': '/x', host: 'c', 'content-length': '7', ':authority': 'd' }
  assert.deepEqual(fieldsAfterHooks({ raw, headers }), raw)
})
