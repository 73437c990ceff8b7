import { measured } from '../lib/node-child.js'
import type { Spread } from '../lib/statistics.js'
import { spreadCells, table } from '../report.js'
import type { Survey, Tell } from '../surveys.js'

type Spreads = Readonly<Record<string, Spread>>

const loads: Readonly<Record<string, string>> = {
  ring: 'sessions, consistent hash',
  plain: 'sessions, plain hash',
  requests: '5,000 requests at once, consistent hash',
  bounded: '5,000 requests at once, loadFactor 1.25',
  requestsChanging: 'the same while they come and go, the worst moment',
  boundedChanging: 'the same with loadFactor 1.25, the worst moment',
}

const changes: Readonly<Record<string, string>> = {
  left: 'one of ten leaves the list, of what it had',
  worst: 'the same, of a tenth of all, the worst of the ten',
  down: 'one of ten is marked down, of what it had',
  joined: 'an eleventh joins, of an eleventh of all',
  weighted: 'a weight goes from 1 to 2, of what its share grows by',
}

/** How evenly ten equal servers are used, and what a change moves, beside nginx's plain hash. */
export async function surveyQuality(tell: Tell): Promise<Survey> {
  tell('how evenly sessions are spread')
  const spread = await measured<Spreads>('quality/spread.js')
  tell('how many sessions move')
  const ring = await measured<Spreads>('quality/moves.js', 'ring')
  const plain = await measured<Spreads>('quality/moves.js', 'plain')
  const quality = { spread, moves: { ring, plain } }
  return { tables: qualityTables(quality), data: quality }
}

export interface Quality {
  readonly spread: Spreads
  readonly moves: { readonly ring: Spreads; readonly plain: Spreads }
}

export function qualityTables({ spread, moves }: Quality): readonly string[] {
  const head = ['median', 'low', 'high']
  return [
    table([['peak to mean over 24 fleets of ten servers', ...head], ...rows(loads, spread)]),
    table([['sessions moved, consistent hash', ...head], ...rows(changes, moves.ring)]),
    table([['sessions moved, plain hash', ...head], ...rows(changes, moves.plain)]),
  ]
}

function rows(titles: Readonly<Record<string, string>>, spreads: Spreads): string[][] {
  return Object.entries(titles).map(([field, title]) => [title, ...spreadCells(spreads[field])])
}
