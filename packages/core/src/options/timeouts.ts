import type * as z from 'zod'
import type { TimeoutsConfig } from '../config.js'
import { defaults } from '../defaults.js'
import { defaulted, duration, group, LONGEST_TIMER_MS } from './fields.js'
import type { TimeoutOptions } from './types.js'

const timer = duration({ maxMs: LONGEST_TIMER_MS })

export const timeoutsSchema: z.ZodType<TimeoutsConfig, TimeoutOptions> = group({
  connect: defaulted(
    'Until the connection stands, TLS included.',
    timer,
    defaults.timeouts.connect,
  ),
  send: defaulted('Between two writes of the request.', timer, defaults.timeouts.send),
  headers: defaulted(
    'From the dispatch to the complete head of the answer.',
    timer,
    defaults.timeouts.headers,
  ),
  body: defaulted('Between two pieces of the answer.', timer, defaults.timeouts.body),
  response: defaulted(
    'From the dispatch to the end of the answer.',
    timer,
    defaults.timeouts.response,
  ),
  tunnel: defaulted(
    'Without traffic in either direction, after an upgrade.',
    timer,
    defaults.timeouts.tunnel,
  ),
})
  .transform(({ connect, send, headers, body, response, tunnel }) => ({
    connectMs: connect,
    sendMs: send,
    headersMs: headers,
    bodyMs: body,
    responseMs: response,
    tunnelMs: tunnel,
  }))
  .meta({ values: '[timeouts](#timeouts)' })
