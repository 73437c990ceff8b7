import type * as z from 'zod'
import type { HashKeyConfig } from '../config.js'
import { defaults } from '../defaults.js'
import type { BalanceConfig } from '../picker/picker.js'
import {
  choice,
  defaulted,
  flag,
  group,
  numberIn,
  oneOf,
  optional,
  required,
  wholeNumber,
} from './fields.js'
import { keyExpression, keyList } from './key-list.js'
import type { BalanceOptions, HashOptions } from './types.js'

/** A balancer and, for a hash, its key. */
export interface Balance {
  readonly balance: BalanceConfig
  readonly hashKey: HashKeyConfig | undefined
}

const named = oneOf('round-robin', 'least-conn', 'random', 'random-two', 'ip-hash').transform(
  (kind): Balance => ({ balance: { kind }, hashKey: undefined }),
)

const whenEmpty = choice<HashKeyConfig['whenEmpty'], HashKeyConfig['whenEmpty']>((value) =>
  value === 'round-robin' ? oneOf('round-robin') : keyExpression,
).meta({ values: "nginx variable, function or `'round-robin'`" })

/** `balance: { hash }`. */
export const hashSchema: z.ZodType<Balance, HashOptions> = group({
  hash: required(
    'nginx variables or functions of the request; the first that is not empty is the key.',
    keyList,
  ),
  consistent: defaulted(
    "A ring of 160 points a weight, as nginx's `hash ... consistent`; `false` is nginx's plain `hash`.",
    flag(),
    defaults.hash.consistent,
  ),
  whenEmpty: defaulted(
    "The key when all are empty; `'round-robin'` is what nginx does then.",
    whenEmpty,
    defaults.hash.whenEmpty,
  ),
  ipv6Prefix: optional(
    'Leading bits of an IPv6 `$remote_addr` that count: 64 keeps privacy addresses together.',
    wholeNumber(1, 128),
  ),
  loadFactor: optional(
    'The most a server may carry, as a multiple of its fair share; the rest goes on to the next.',
    numberIn('above 1', (factor) => factor > 1),
  ),
}).transform(({ hash, consistent, whenEmpty, ipv6Prefix, loadFactor }) => ({
  balance: { kind: 'hash' as const, consistent, loadFactor },
  hashKey: { keys: hash, whenEmpty, ipv6Prefix },
}))

export const balanceSchema: z.ZodType<Balance, BalanceOptions> = choice<Balance, BalanceOptions>(
  (value) => {
    if (value === 'hash') return "needs a key: { hash: '$cookie_name' }"
    return typeof value === 'object' ? hashSchema : named
  },
).meta({
  values:
    "`'round-robin'`, `'least-conn'`, `'random'`, `'random-two'`, `'ip-hash'`, or a [hash](#balance-hash)",
  shapes: () => [named, hashSchema],
})

/** Why servers cannot be backups here; as in nginx, these balancers know of none. */
export function refusesBackups({ kind }: BalanceConfig): boolean {
  return kind !== 'round-robin' && kind !== 'least-conn'
}
