import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Emitter } from '#core/kernel/event.js'

function recorder(): { readonly heard: number[]; readonly hear: (value: number) => void } {
  const heard: number[] = []
  return { heard, hear: (value) => heard.push(value) }
}

test('every listener hears every value in the order in which they came', () => {
  const emitter = new Emitter<number>()
  const order: string[] = []
  emitter.on((value) => order.push(`first ${value}`))
  emitter.on((value) => order.push(`second ${value}`))
  emitter.emit(1)
  emitter.emit(2)
  assert.deepEqual(order, ['first 1', 'second 1', 'first 2', 'second 2'])
})

test('a listener that left hears no more, and leaving twice takes nobody else along', () => {
  const emitter = new Emitter<number>()
  const gone = recorder()
  const stays = recorder()
  const leave = emitter.on(gone.hear)
  emitter.on(stays.hear)
  leave()
  leave()
  emitter.emit(1)
  assert.deepEqual([gone.heard, stays.heard], [[], [1]])
})

test('a listener may leave, and another may come, while the event is told', () => {
  const emitter = new Emitter<number>()
  const late = recorder()
  const last = recorder()
  const leave = emitter.on(() => {
    leave()
    emitter.on(late.hear)
  })
  emitter.on(last.hear)
  emitter.emit(1)
  assert.deepEqual([last.heard, late.heard], [[1], []])
  emitter.emit(2)
  assert.deepEqual([last.heard, late.heard], [[1, 2], [2]])
})

test('the owner can tell whether anybody listens', () => {
  const emitter = new Emitter<number>()
  assert.equal(emitter.heard, false)
  const leave = emitter.on(() => {})
  assert.equal(emitter.heard, true)
  leave()
  assert.equal(emitter.heard, false)
})

test('clearing makes everybody leave', () => {
  const emitter = new Emitter<number>()
  const { heard, hear } = recorder()
  emitter.on(hear)
  emitter.clear()
  emitter.emit(1)
  assert.equal(emitter.heard, false)
  assert.deepEqual(heard, [])
})
