import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this process was started with. */
export function settings<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** A question to a process of this folder: what it is to do or to tell. */
export interface Question {
  readonly what: string
}

/** Says where it listens, if it does, and from then on answers questions. */
export function answering(port: number, answers: Readonly<Record<string, () => unknown>>): void {
  process.on('message', async ({ what }: Question) => {
    process.send?.(await answers[what]?.())
  })
  process.send?.({ port })
}

/** What a process keeps, after it has swept up; bytes. */
export interface Memory {
  readonly rss: number
  readonly heap: number
  /** Buffers, and what native code keeps for objects of the heap. */
  readonly external: number
}

export function memory(): Memory {
  setFlagsFromString('--expose-gc')
  const sweep: () => void = runInNewContext('gc')
  sweep()
  sweep()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed, external }
}
