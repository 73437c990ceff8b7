import type { Finding, LintContext, Rule } from './rule.js'
import {
  cookiePrefix,
  indexCookie,
  insecureBehindTls,
  sameSiteNone,
  sharedCookieName,
  unsealedCookie,
  wideDomain,
} from './rules/cookies.js'
import { exposedRedis, openStats, trustEveryone } from './rules/exposure.js'
import {
  neverEjected,
  noFallbackUnchecked,
  timeoutsOutlast,
  unresolvedName,
} from './rules/health.js'
import { committedKey, unusedKeys, weakKey } from './rules/keys.js'
import {
  addressBehindProxy,
  idleBackup,
  learnUnplaced,
  limitMoves,
  plainHash,
  sharedRoute,
  unusedUpstream,
} from './rules/placement.js'

/** Every rule, in the order of the docs. */
export const rules: readonly Rule[] = [
  unsealedCookie,
  indexCookie,
  weakKey,
  committedKey,
  unusedKeys,
  sameSiteNone,
  cookiePrefix,
  wideDomain,
  insecureBehindTls,
  sharedCookieName,
  trustEveryone,
  addressBehindProxy,
  plainHash,
  learnUnplaced,
  limitMoves,
  idleBackup,
  sharedRoute,
  noFallbackUnchecked,
  neverEjected,
  timeoutsOutlast,
  unresolvedName,
  openStats,
  exposedRedis,
  unusedUpstream,
]

/** What the rules find, in their order; those that are allowed are not asked. */
export function lint(context: LintContext, allowed: readonly string[] = []): readonly Finding[] {
  return rules
    .filter(({ id }) => !allowed.includes(id))
    .flatMap((rule) => Array.from(rule.find(context), (hit) => ({ ...hit, rule })))
}
