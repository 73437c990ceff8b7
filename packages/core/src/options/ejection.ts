import type * as z from 'zod'
import { defaults } from '../defaults.js'
import type { EjectionConfig } from '../health/ejection.js'
import { defaulted, duration, group, numberIn, optional } from './fields.js'
import type { EjectionOptions } from './types.js'

export const ejectionSchema: z.ZodType<EjectionConfig, EjectionOptions> = group({
  backoff: defaulted(
    'By how much each ejection in a row lasts longer than the one before; a row ends when the server stayed well for as long as it had been out.',
    numberIn('of 1 or more', (factor) => factor >= 1),
    defaults.ejection.backoff,
  ),
  cap: optional(
    'The longest an ejection may grow.',
    duration({ min: '1s', whole: 'as failTimeout' }),
  ),
  maxShare: defaulted(
    'The share of the servers, backups included, that fails may keep out at the same time; one is always allowed.',
    numberIn('above 0, up to 1', (share) => share > 0 && share <= 1),
    defaults.ejection.maxShare,
  ),
})
  .transform(({ backoff, cap, maxShare }) => ({ backoff, capMs: cap, maxShare }))
  .meta({ values: '[ejection](#ejection)' })
