import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Selection } from '#core/servers/selection.js'
import { Server } from '#core/servers/server.js'
import { serverConfig } from '../picker/fixtures.js'

test('a request is admitted once to each available server', () => {
  const selection = new Selection()
  const a = new Server(serverConfig('a'))
  const b = new Server(serverConfig('b'))
  selection.tried.push(a)
  assert.deepEqual([selection.hasTried(a), selection.admits(a, 0)], [true, false])
  assert.deepEqual([selection.hasTried(b), selection.admits(b, 0)], [false, true])
})

test('what is unavailable admits nobody', () => {
  const down = new Server(serverConfig('a', { down: true }))
  assert.equal(new Selection().admits(down, 0), false)
})

test('a gate narrows what is admitted for as long as it is set', () => {
  const selection = new Selection()
  const server = new Server(serverConfig('a'))
  selection.gate = { passes: () => false }
  assert.equal(selection.admits(server, 0), false)
  selection.gate = undefined
  assert.equal(selection.admits(server, 0), true)
})

test('two requests share no state', () => {
  const one = new Selection()
  one.tried.push(new Server(serverConfig('a')))
  assert.deepEqual(new Selection().tried, [])
})
