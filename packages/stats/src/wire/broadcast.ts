import type { Writable } from 'node:stream'
import type { State } from '../feed.js'
import type { Steps, Turns } from '../turns.js'
import { type JsonObject, mergingPatch } from './merge-patch.js'
import { wireState } from './wire-state.js'

interface Viewer {
  readonly stream: Writable
  /** The version that it has; undefined before the first, and after it missed one. */
  version: number | undefined
}

/**
 * Sends every viewer the state and then its changes, as server-sent events. One that reads too
 * slowly misses what is between and gets the whole state again when it has caught up: nothing is
 * kept for it.
 */
export class Broadcast {
  readonly #viewers = new Set<Viewer>()
  readonly #turns: Turns
  #publishing: Promise<void> = Promise.resolve()
  #state: JsonObject = {}
  #version = 0
  /** The messages of this version, each made once for all viewers. */
  #whole: Buffer | undefined
  #change: Buffer = Buffer.alloc(0)

  constructor(turns: Turns) {
    this.#turns = turns
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /** Adds a viewer, which must be sent nothing else. */
  add(stream: Writable): void {
    const viewer: Viewer = { stream, version: undefined }
    this.#viewers.add(viewer)
    stream.on('close', () => this.#viewers.delete(viewer))
    stream.on('error', () => this.#viewers.delete(viewer))
    stream.on('drain', () => this.#send(viewer))
    this.#send(viewer)
  }

  /** Tells everybody what is different now. */
  publish(state: State): Promise<void> {
    this.#publishing = this.#publishing.then(() => this.#turns.run(this.#publish(state)))
    return this.#publishing
  }

  *#publish(state: State): Steps<void> {
    const next = yield* wireState(state)
    const patch = yield* mergingPatch(this.#state, next)
    // Even without a change it goes out: silence would mean that the stream is broken.
    const change = message('change', this.#version + 1, patch ?? {})
    yield
    this.#state = next
    this.#version += 1
    this.#whole = undefined
    this.#change = change
    for (const viewer of this.#viewers) this.#send(viewer)
  }

  close(): void {
    for (const { stream } of this.#viewers) {
      // One that does not read would never see its end, and hold up that of the server.
      if (stream.writableNeedDrain) stream.destroy()
      else stream.end(() => stream.destroy())
    }
    this.#viewers.clear()
  }

  #send(viewer: Viewer): void {
    const { stream, version } = viewer
    if (this.#version === 0 || version === this.#version) return
    if (stream.writableNeedDrain) {
      viewer.version = undefined
      return
    }
    this.#whole ??= message('state', this.#version, this.#state)
    stream.write(version === this.#version - 1 ? this.#change : this.#whole)
    viewer.version = this.#version
  }
}

function message(event: 'state' | 'change', id: number, data: object): Buffer {
  return Buffer.from(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`)
}
