import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { DiscoverFunction, ServerOptions } from '@holdfast/plugin'

/**
 * A `discover` that reads a JSON file, a list of servers, and reads it again when it is replaced
 * or written. A file that is half written, gone or no JSON is a failure: the last list stands and
 * the file is tried again.
 */
export function watchFile(path: string): DiscoverFunction {
  return async function* discover(signal) {
    const changes = new Changes()
    // The folder is watched, since editors and ConfigMaps put another file in the old one's place.
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      // A ConfigMap's file stays a link while the folder behind it changes.
      if (name === null || name === basename(path) || name.startsWith('..')) changes.notice()
    })
    watcher.on('error', (error) => changes.fail(error))
    signal.addEventListener('abort', () => changes.notice())
    try {
      let last = ''
      while (!signal.aborted) {
        const text = await readFile(path, 'utf8')
        if (text !== last) yield JSON.parse(text) as readonly ServerOptions[]
        last = text
        await changes.next()
      }
    } finally {
      watcher.close()
    }
  }
}

/** Events between two looks count as one. */
class Changes {
  #noticed = false
  #error: Error | undefined
  #wake: () => void = () => {}

  notice(): void {
    this.#noticed = true
    this.#wake()
  }

  fail(error: Error): void {
    this.#error = error
    this.#wake()
  }

  async next(): Promise<void> {
    if (!this.#noticed && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#noticed = false
    if (this.#error !== undefined) throw this.#error
  }
}
