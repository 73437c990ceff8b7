import { weakness } from '@holdfast/core/options'
import { eachUpstream, type Rule } from '../rule.js'

export const weakKey: Rule = {
  id: 'weak-key',
  why: 'A short or well-known key can be guessed, and with it every cookie.',
  fix: 'Use one that `holdfast keygen` makes.',
  find: eachUpstream(function* ({ config: { sticky } }, path) {
    if (sticky?.kind !== 'cookie' || !sticky.format.startsWith('hmac-')) return
    for (const [index, key] of sticky.keys.entries()) {
      const problem = weakness(key)
      if (problem === undefined) continue
      yield { path: path('sticky', `keys[${index}]`), message: `the key ${problem}` }
    }
  }),
}

export const committedKey: Rule = {
  id: 'committed-key',
  why: 'A secret in a file is in its repository, its backups and its history, for good.',
  fix: `Take it from the environment, as in \`\${STICKY_KEY}\`; and make a new one, as this one is known.`,
  *find(context) {
    const { config, isLiteral } = context
    yield* cookieKeys.find(context)
    const secrets: ReadonlyArray<readonly [string, boolean]> = [
      ['stats.readToken', config.stats?.readToken !== undefined],
      ['stats.adminToken', config.stats?.adminToken !== undefined],
      ['fleet.redis', hasPassword(config.fleet?.redis)],
    ]
    for (const [path, there] of secrets) {
      if (there && isLiteral(path)) yield { path, message: 'a secret stands in the file' }
    }
  },
}

const cookieKeys: Pick<Rule, 'find'> = {
  find: eachUpstream(function* ({ config: { sticky } }, path, { isLiteral }) {
    if (sticky?.kind !== 'cookie') return
    const places = [
      ...sticky.keys.map((_, index) => path('sticky', `keys[${index}]`)),
      ...sticky.accept.flatMap(({ key }, index) =>
        key === undefined ? [] : [path('sticky', `accept[${index}]`, 'key')],
      ),
    ]
    for (const place of places) {
      if (isLiteral(place)) yield { path: place, message: 'a key of cookies stands in the file' }
    }
  }),
}

export const unusedKeys: Rule = {
  id: 'unused-keys',
  why: 'Keys beside a format that takes none look like protection, and are none.',
  fix: "Set `value: 'sealed'`, or remove the keys.",
  find: eachUpstream(function* ({ config: { sticky } }, path) {
    if (sticky?.kind !== 'cookie' || sticky.keys.length === 0) return
    if (sticky.format === 'sealed' || sticky.format.startsWith('hmac-')) return
    yield { path: path('sticky', 'keys'), message: `a '${sticky.format}' value uses no keys` }
  }),
}

export function hasPassword(url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && new URL(url).password !== ''
}
