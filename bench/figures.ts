import { type EndToEndSource, endToEndFigures } from './e2e/figures.js'
import { qualityFigures } from './quality/figures.js'

/** Something that is measured, and what it has to reach. */
export interface Figure {
  readonly id: string
  readonly title: string
  readonly unit: 'ratio' | 'µs' | 'ns' | 'ms' | 'KB' | 'bytes' | 'commands'
  /** Which way is good; `'less'` when absent. */
  readonly better?: 'less' | 'more'
  readonly must: number
  readonly aim: number
  readonly source: Source
}

/** Where a figure comes from. */
export type Source =
  | EndToEndSource
  /** What a program of this package measures in a process of its own. */
  | {
      readonly kind: 'micro'
      readonly file: string
      readonly args: ReadonlyArray<string | number>
      readonly field: string
      /** From the program's unit, nanoseconds or bytes, to the figure's. */
      readonly scale: number
    }

const decision = (way: string, title: string, servers: number, must: number): Figure => ({
  id: 'P4',
  title: `decision by ${title}, ${servers} servers`,
  unit: 'µs',
  must,
  aim: 1,
  source: {
    kind: 'micro',
    file: 'micro/decision.js',
    args: [way, servers],
    field: 'decision',
    scale: 1e-3,
  },
})

const micro = (
  id: string,
  title: string,
  [unit, scale]: readonly [Figure['unit'], number],
  [must, aim]: readonly [number, number],
  [file, field]: readonly [string, string],
): Figure => ({
  id,
  title,
  unit,
  must,
  aim,
  source: { kind: 'micro', file: `micro/${file}.js`, args: [], field, scale },
})

/** One entry a line of the report. */
export const figures: readonly Figure[] = [
  ...endToEndFigures,
  ...[3, 100, 1_000].flatMap((servers) => [
    decision('cookie', 'cookie', servers, servers > 100 ? 4 : 2),
    decision('key', 'key', servers, servers > 100 ? 4 : 2),
    decision('turn', 'turn', servers, servers > 100 ? 4 : 2),
  ]),
  micro('P5', 'ring of 100 servers: build', ['ms', 1e-6], [15, 5], ['ring', 'build']),
  micro('P5', 'ring of 100 servers: look-up', ['ns', 1], [300, 150], ['ring', 'lookUp']),
  ...qualityFigures,
  micro('P12', 'memory a server', ['KB', 1 / 1024], [64, 64], ['memory', 'server']),
  // Nothing a session: 8 bytes are less than any object takes, and more than the heap's unrest.
  micro('P12', 'memory a session, cookie', ['bytes', 1], [8, 8], ['memory', 'cookieSession']),
  micro('P12', 'memory a session, hash', ['bytes', 1], [8, 8], ['memory', 'hashSession']),
].toSorted((one, other) => Number(one.id.slice(1)) - Number(other.id.slice(1)))
