import type { UpstreamConfig } from '../config.js'
import { deepFreeze } from './freeze.js'
import { parseWith } from './parse.js'
import type { UpstreamOptions } from './types.js'
import { upstreamSchema } from './upstream.js'
import { warningsOf } from './warnings.js'

/**
 * An upstream's options, checked and completed, frozen all the way down. The input stays as it
 * is; members that are undefined count as absent.
 * @param path what the errors call the input.
 * @throws OptionError for the first thing that is wrong, unknown keys included; what else is
 *   wrong follows on further lines. Secrets are never shown.
 */
export function parseUpstreamOptions(input: unknown, path = 'upstream'): UpstreamConfig {
  const config = parseWith(upstreamSchema, input, path)
  // The schema has just found it to be that.
  const options = input as UpstreamOptions
  return deepFreeze({ ...config, warnings: warningsOf(options, config, path) })
}
