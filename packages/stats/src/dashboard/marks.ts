import type { Mark } from './charts.js'
import type { Model } from './model.js'
import { sentenceOf } from './timeline-view.js'

/** What happened to an upstream, or to one of its servers, as marks on the time axis. */
export function marksOf(model: Model, upstream: string, server?: string): readonly Mark[] {
  return Object.values(model.events)
    .filter((event) => event.upstream === undefined || event.upstream === upstream)
    .filter((event) => server === undefined || event.server === server)
    .filter(({ type }) => type !== 'moved')
    .map((event) => ({ at: event.at, look: `event-${event.type}`, label: sentenceOf(event) }))
}
