import type { GatewayConfig, UpstreamEntry } from '../config/types.js'
import { CommandError } from '../exit.js'

/** The upstream called `name`, or the only one there is. @throws CommandError */
export function upstreamOf({ upstreams }: GatewayConfig, name: string | undefined): UpstreamEntry {
  const names = [...upstreams.keys()].join(', ')
  const [only] = upstreams.values()
  if (name === undefined && only !== undefined && upstreams.size === 1) return only
  if (name === undefined) throw new CommandError(`say which --upstream: ${names}`)
  const found = upstreams.get(name)
  if (found === undefined)
    throw new CommandError(`there is no upstream ${name}; there are ${names}`)
  return found
}
