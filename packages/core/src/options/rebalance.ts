import type * as z from 'zod'
import { defaults } from '../defaults.js'
import type { RebalanceConfig } from '../rebalance/rebalancer.js'
import { defaulted, group, numberIn, required, wholeNumber } from './fields.js'
import type { RebalanceOptions } from './types.js'

const MOST_PER_MINUTE = 1_000_000

export const rebalanceSchema: z.ZodType<RebalanceConfig, RebalanceOptions> = group({
  perMinute: required(
    'Sessions that one replica moves in any minute, at most.',
    wholeNumber(1, MOST_PER_MINUTE),
  ),
  margin: defaulted(
    'How far from its share of the sessions a server may be, as a part of the share.',
    numberIn('above 0, up to 1', (margin) => margin > 0 && margin <= 1),
    defaults.rebalance.margin,
  ),
}).meta({ values: '[rebalance](#rebalance)' })
