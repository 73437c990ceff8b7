import { describeGroup, type OptionGroup } from '@holdfast/core/options'
import { fleetSchema, registrationSchema, statsSchema } from './parse-options.js'

/** What the documentation says of a registration's options; the upstream's own are the core's. */
export function registrationReference(): readonly OptionGroup[] {
  return [
    describeGroup('holdfast', 'HoldfastOptions', registrationSchema),
    describeGroup('holdfast: stats', 'SnapshotRouteOptions', statsSchema),
    describeGroup('holdfast: fleet', 'FleetOptions', fleetSchema),
  ]
}
