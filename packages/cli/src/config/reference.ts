import { describeGroup, type OptionGroup } from '@holdfast/core/options'
import {
  cacheSchema,
  fleetSchema,
  gatewaySchema,
  headersSchema,
  listenerSchema,
  routeSchema,
  statsSchema,
} from './schema.js'

/** The tables of docs/gateway-file.md. */
export function gatewayReference(): readonly OptionGroup[] {
  return [
    describeGroup('the file', 'GatewayConfig', gatewaySchema),
    describeGroup('listen', 'ListenConfig', listenerSchema),
    describeGroup('routes', 'RouteConfig', routeSchema),
    describeGroup('routes: headers', 'HeadersConfig', headersSchema),
    describeGroup('routes: cache', 'CacheConfig', cacheSchema),
    describeGroup('fleet', 'FleetFileOptions', fleetSchema),
    describeGroup('stats', 'StatsConfig', statsSchema),
  ]
}
