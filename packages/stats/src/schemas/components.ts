import { failKinds, moveReasons, serverStates, statusClasses } from '../snapshots/vocabulary.js'
import {
  count,
  described,
  flag,
  listOf,
  mapOf,
  number,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
  wallMs,
} from './schema.js'

const counts = (names: readonly string[]): Schema =>
  object(Object.fromEntries(names.map((name) => [name, count])))

const quantiles: Schema = object({ p50: orNull(count), p90: orNull(count), p99: orNull(count) })

const histogram: Schema = object({
  bounds: described('Upper bounds in milliseconds, each inclusive.', listOf(count)),
  counts: described(
    'How many fell into each bucket; one more than there are bounds.',
    listOf(count),
  ),
  sum: described('Of all, in milliseconds.', count),
})

const recent: Readonly<Record<string, Schema>> = {
  requestsPerSecond: orNull(count),
  errorsPerSecond: orNull(count),
  latencyMs: quantiles,
}

const state: Schema = oneOf(...serverStates)

const override: Schema = orNull(
  object({ mode: oneOf('up', 'drain', 'down'), weight: count }, ['mode', 'weight']),
)

const server: Schema = object(
  {
    id: text,
    address: text,
    incarnation: described('Which server of that address it is.', count),
    state: described('The gravest that any replica sees.', state),
    states: described('How many replicas see it in which state.', mapOf(count)),
    weight: count,
    effectiveWeight: described('What failures and a slow start leave of the weight.', count),
    backup: flag,
    maxFails: count,
    failTimeoutS: count,
    override: described('What an operator has said of it.', override),
    active: described('Requests in flight.', count),
    tunnels: described('Upgraded connections.', count),
    attempts: count,
    retries: count,
    ejectedUntil: orNull(wallMs),
    requests: described('Those whose last attempt was made here.', count),
    responses: counts(statusClasses),
    fails: counts(failKinds),
    ejections: count,
    ejectionsDetected: count,
    sessions: described('About how many it has; null where they have no names.', orNull(count)),
    latency: histogram,
    bytes: counts(['in', 'out']),
    latencyMs: described('Over everything that was counted.', quantiles),
    recent: described('Rates over the last 10 s, quantiles over the last minute.', object(recent)),
    share: described('Of the last minute’s requests.', orNull(number)),
    shareByWeight: described('Among the servers that take new sessions.', number),
  },
  ['incarnation', 'maxFails', 'failTimeoutS'],
)

const moved: Schema = object(
  Object.fromEntries([...moveReasons, 'other'].map((reason) => [reason, count])),
  ['other'],
)

const upstream: Schema = object({
  name: text,
  balance: text,
  sticky: orNull(oneOf('cookie', 'route', 'learn')),
  servers: listOf(ref('Server')),
  affinity: object({ kept: count, new: count, moved, none: count }),
  latencyMs: quantiles,
  recent: object({ ...recent, keptShare: orNull(number) }),
  movedLately: described('In the last 15 minutes, by reason.', mapOf(count)),
  slot: described(
    'The latest whole slot of the history.',
    orNull(
      object({
        at: wallMs,
        rate: orNull(count),
        errors: orNull(count),
        p50: orNull(count),
        p99: orNull(count),
        moved: mapOf(count),
      }),
    ),
  ),
})

const replica: Schema = object({
  version: { const: 1 },
  replica: text,
  package: text,
  configHash: text,
  keyIds: listOf(count),
  startedAt: wallMs,
  at: wallMs,
  store: oneOf('none', 'up', 'down'),
  presence: oneOf('live', 'silent'),
  seenAt: wallMs,
})

const alarm: Schema = object({
  kind: text,
  level: oneOf('warning', 'serious'),
  message: text,
  values: listOf(object({ value: text, replicas: listOf(text) })),
})

const fleet: Schema = object({
  at: wallMs,
  heardAt: orNull(wallMs),
  stale: described('No replica is live; all of this is from `heardAt`.', flag),
  headline: object({ level: oneOf('good', 'warning', 'serious', 'unknown'), text }),
  replicas: listOf(replica),
  alarms: listOf(alarm),
})

const event: Schema = object({
  id: count,
  at: wallMs,
  type: text,
  upstream: orNull(text),
  server: orNull(text),
  replicas: listOf(text),
  by: orNull(text),
  detail: text,
})

const history: Schema = object({
  fromMs: wallMs,
  stepMs: count,
  series: described('Null where nothing is known.', mapOf(listOf(orNull(number)))),
})

const sparks: Schema = object({
  fromMs: wallMs,
  stepMs: count,
  servers: mapOf(listOf(orNull(number))),
})

const drain: Schema = object({
  state,
  sessionsLeft: described('About how many; null where they have no names.', orNull(count)),
  sessionsError: described(
    'How far `sessionsLeft` may be off, with 95 % certainty.',
    orNull(count),
  ),
  activeRequests: count,
  tunnels: count,
  safeToStop: described('It takes no new sessions, and nothing is left on it.', flag),
})

const error: Schema = object({ statusCode: count, code: text, error: text, message: text }, [
  'code',
])

/** The API's shapes by their name. */
export const components: Readonly<Record<string, Schema>> = {
  Alarm: alarm,
  Drain: drain,
  Error: error,
  Event: event,
  Fleet: fleet,
  History: history,
  Replica: replica,
  Server: server,
  Sparks: sparks,
  Upstream: upstream,
}
