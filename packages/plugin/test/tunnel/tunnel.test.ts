import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { systemClock } from '@holdfast/core'
import { Deadlines } from '#plugin/transport/deadlines.js'
import { Tunnel } from '#plugin/tunnel/tunnel.js'

/** An end that takes one piece at a time, when it is told to. */
class SlowEnd extends Duplex {
  readonly taken: string[] = []
  #done: (() => void) | undefined

  constructor() {
    super({ allowHalfOpen: false })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: unknown, done: () => void): void {
    this.taken.push(chunk.toString())
    this.#done = done
  }

  accept(): void {
    this.#done?.()
  }
}

class Server extends Duplex {
  constructor() {
    super({ allowHalfOpen: false })
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: unknown, done: () => void): void {
    done()
  }
}

test('a server that says its last and closes leaves a slow client time to take it', async (t) => {
  const [client, server, deadlines] = [new SlowEnd(), new Server(), new Deadlines(systemClock)]
  t.after(() => deadlines.close())
  let closed = 0
  const onClose = (): void => {
    closed += 1
  }
  const tunnel = new Tunnel({ client, server, webSocket: false, deadlines, idleMs: 0, onClose })
  t.after(() => tunnel.destroy())
  for (const word of ['one', 'two', 'three']) server.push(word)
  server.push(null)
  await once(server, 'close')
  assert.deepEqual([client.taken, closed], [['one'], 0])
  client.accept()
  client.accept()
  client.accept()
  await once(client, 'close')
  assert.deepEqual([client.taken, closed], [['one', 'two', 'three'], 1])
})

test('an end that breaks takes the other with it at once', async (t) => {
  const [client, server, deadlines] = [new SlowEnd(), new Server(), new Deadlines(systemClock)]
  t.after(() => deadlines.close())
  let closed = 0
  const onClose = (): void => {
    closed += 1
  }
  new Tunnel({ client, server, webSocket: false, deadlines, idleMs: 0, onClose })
  server.push('one')
  server.destroy(new Error('reset'))
  await once(client, 'close')
  assert.equal(closed, 1)
})
