import type { Guard } from '../access/guard.js'
import { described, flag, object } from '../schemas/schema.js'
import { type Endpoint, json } from './endpoint.js'

/** What the dashboard asks first. */
export function whoamiEndpoint(guard: Guard, acts: boolean): Endpoint {
  return {
    method: 'GET',
    url: '/api/v1/whoami',
    summary: 'What the caller may do',
    scope: 'read',
    answer: json(
      object({
        acts: described('Whether servers can be drained and stopped here at all.', flag),
        mayAct: described('Whether this token may do so.', flag),
      }),
    ),
    handler: async (request) => ({ acts, mayAct: acts && guard.mayAct(request) }),
  }
}
