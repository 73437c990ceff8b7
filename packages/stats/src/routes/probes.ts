import type { Feed } from '../feed.js'
import { object, oneOf } from '../schemas/schema.js'
import { type Endpoint, json } from './endpoint.js'

const answer = json(object({ status: oneOf('ok') }))

/** Whether the process lives, and whether it has statistics to give. */
export function probeEndpoints(feed: Feed): readonly Endpoint[] {
  return [
    {
      method: 'GET',
      url: '/healthz',
      summary: '200 while the process lives',
      scope: 'none',
      answer,
      handler: async () => ({ status: 'ok' }),
    },
    {
      method: 'GET',
      url: '/readyz',
      summary: '200 while there are statistics, else 503',
      scope: 'none',
      answer,
      handler: async () => {
        await feed.read()
        return { status: 'ok' }
      },
    },
  ]
}
