import { parseDuration } from '@holdfast/core'
import type { FastifyRequest } from 'fastify'
import type { Change } from '../control/control.js'
import type { DrainWatch } from '../control/drain-watch.js'
import type { Operator } from '../control/operator.js'
import { described, flag, number, object, oneOf, ref, text } from '../schemas/schema.js'
import { LONGEST_WAIT_MS, reportOf, targetOf, waitParameter, whileThere } from './drain.js'
import { type Endpoint, json, serverParameter, upstreamParameter } from './endpoint.js'
import { queryDuration, queryText, RequestError } from './query.js'

const DAY_MS = 86_400_000
const LONGEST_TTL_MS = 20 * DAY_MS
const MOST_WEIGHT = 65_535
const LONGEST_BY = 64

const url = '/api/v1/upstreams/:name/servers/:id'
const parameters = [upstreamParameter, serverParameter]

const body = object(
  {
    state: oneOf('up', 'drain', 'down'),
    weight: described(`Whole, 1 to ${MOST_WEIGHT}.`, number),
    ttl: described('A duration, after which the configuration holds again.', text),
    force: described('Even if no other server is up.', flag),
    by: described('Who wants this, for the log and the timeline.', text),
  },
  ['state', 'weight', 'ttl', 'force', 'by'],
)

const BODY_NAMES = ['state', 'weight', 'ttl', 'force', 'by']

/** What changes servers; these exist only where there is an admin token. */
export function adminEndpoints(operator: Operator, watch: DrainWatch): readonly Endpoint[] {
  return [
    {
      method: 'POST',
      url,
      summary: 'Drains a server, takes it down or up, or gives it another weight',
      scope: 'admin',
      parameters: [...parameters, waitParameter],
      body,
      answer: json(ref('Drain')),
      handler: async (request) => {
        const target = targetOf(request)
        const { change, force, by } = parseChange(request.body)
        const waitMs = queryDuration(request.query, 'wait', LONGEST_WAIT_MS)
        await operator.change(target, change, signature(by, request), force)
        const closes = change.state === 'drain' || change.state === 'down'
        return waitMs === undefined && closes
          ? whileThere(request, (gone) => watch.settled(target, gone))
          : reportOf(watch, request, waitMs)
      },
    },
    {
      method: 'DELETE',
      url,
      summary: 'Gives a server back to its configuration',
      scope: 'admin',
      parameters: [
        ...parameters,
        { name: 'by', in: 'query', description: 'Who wants this.', schema: text },
      ],
      answer: json(ref('Drain')),
      handler: async (request) => {
        const target = targetOf(request)
        await operator.reset(target, signature(nameOf(queryText(request.query, 'by')), request))
        return watch.report(target)
      },
    },
  ]
}

interface Parsed {
  readonly change: Change
  readonly force: boolean
  readonly by: string | undefined
}

/** @throws RequestError that says what is wrong. */
export function parseChange(given: unknown): Parsed {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError('the body must be a JSON object')
  }
  const fields = new Map<string, unknown>(Object.entries(given))
  for (const name of fields.keys()) {
    if (!BODY_NAMES.includes(name)) {
      throw new RequestError(`${JSON.stringify(name)} is none of ${BODY_NAMES.join(', ')}`)
    }
  }
  const {
    state,
    weight,
    ttl,
    force = false,
    by,
  }: Record<string, unknown> = Object.fromEntries(fields)
  if (state === undefined && weight === undefined) {
    throw new RequestError('give state, weight or both')
  }
  if (state !== undefined && state !== 'up' && state !== 'drain' && state !== 'down') {
    throw new RequestError('state must be up, drain or down')
  }
  if (typeof force !== 'boolean') throw new RequestError('force must be true or false')
  return {
    change: { state, weight: parseWeight(weight), ttlMs: parseTtl(ttl) },
    force,
    by: nameOf(by),
  }
}

function parseWeight(weight: unknown): number | undefined {
  if (weight === undefined) return undefined
  if (
    typeof weight === 'number' &&
    Number.isInteger(weight) &&
    weight >= 1 &&
    weight <= MOST_WEIGHT
  ) {
    return weight
  }
  throw new RequestError(`weight must be a whole number from 1 to ${MOST_WEIGHT}`)
}

function parseTtl(ttl: unknown): number | undefined {
  if (ttl === undefined) return undefined
  const ms = typeof ttl === 'string' ? parseDuration(ttl) : undefined
  if (ms === undefined || ms === 0 || ms > LONGEST_TTL_MS) {
    throw new RequestError('ttl must be a duration such as 30m, of 20 days at most')
  }
  return ms
}

function nameOf(by: unknown): string | undefined {
  if (by === undefined) return undefined
  if (typeof by !== 'string' || by.length > LONGEST_BY || !/^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(by)) {
    throw new RequestError(`by must be 1 to ${LONGEST_BY} characters, without control characters`)
  }
  return by
}

/** Who it is, as far as that is known: what they call themselves, and where they are. */
function signature(by: string | undefined, { socket }: FastifyRequest): string {
  return `${by ?? 'admin'}@${socket.remoteAddress ?? 'local'}`
}
