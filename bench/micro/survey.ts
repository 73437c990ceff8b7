import { measured } from '../lib/node-child.js'
import type { Spread } from '../lib/statistics.js'
import { spreadCells, table } from '../report.js'
import type { Survey, Tell } from '../surveys.js'

type Spreads = Readonly<Record<string, Spread>>

const SIZES = [3, 100, 1_000]

/** A program of this folder, what it is run with, and what it tells. */
interface Part {
  readonly title: string
  readonly file: string
  readonly args: ReadonlyArray<string | number>
  readonly field: string
}

const pickers: Readonly<Record<string, string>> = {
  'round-robin': 'round robin',
  'least-conn': 'least connections',
  random: 'random',
  'random-two': 'random two',
  'ip-hash': 'client address',
  hash: 'plain hash',
  consistent: 'consistent hash',
  bounded: 'consistent hash, loadFactor 1.25',
}

const cookies: Readonly<Record<string, string>> = {
  seal: 'seal, and write the Set-Cookie line',
  open: 'open one that is not remembered',
  remembered: 'read one that is remembered',
  last: 'the same, behind 20 other cookies',
  absent: 'find none among 20 others',
  forged: 'refuse a forged one',
}

const sized = (title: string, file: string, field: string, ...args: string[]): Part[] =>
  SIZES.map((servers) => ({
    title: `${title}, ${servers} servers`,
    file,
    args: [...args, servers],
    field,
  }))

const parts: readonly Part[] = [
  ...Object.entries(cookies).map(
    ([field, title]): Part => ({ title: `cookie: ${title}`, file: 'cookie', args: [], field }),
  ),
  ...Object.entries(pickers).flatMap(([way, title]) =>
    sized(`pick: ${title}`, 'pick', 'pick', way),
  ),
  ...sized('ring: build', 'ring', 'build'),
  ...sized('ring: look-up', 'ring', 'lookUp'),
  ...['cookie', 'key', 'turn'].flatMap((way) =>
    sized(`decision by ${way}`, 'decision', 'decision', way),
  ),
]

/** What the parts of the core take of the processor, each in a process of its own. */
export async function surveyParts(tell: Tell): Promise<Survey> {
  const programs = new Map<string, Spreads>()
  const results: PartCost[] = []
  for (const part of parts) {
    const program = [part.file, ...part.args].join(' ')
    if (!programs.has(program)) {
      tell(program)
      programs.set(program, await measured<Spreads>(`micro/${part.file}.js`, ...part.args))
    }
    results.push({ ...part, spread: programs.get(program)?.[part.field] })
  }
  return { tables: [partsTable(results)], data: results }
}

/** What one part takes of the processor, in nanoseconds. */
export interface PartCost {
  readonly title: string
  readonly spread: Spread | undefined
}

export function partsTable(parts: readonly PartCost[]): string {
  return table([
    ['processor time, ns', 'median', 'low', 'high'],
    ...parts.map(({ title, spread }) => [title, ...spreadCells(spread)]),
  ])
}
