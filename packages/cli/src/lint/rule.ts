import type { GatewayConfig, UpstreamEntry } from '../config/types.js'

/** What a rule may look at. */
export interface LintContext {
  readonly config: GatewayConfig
  /** Whether the value at a path stands in the file, and does not come from the environment. */
  isLiteral(path: string): boolean
  /** How many addresses a server's name has; undefined where nobody asked. */
  addressesOf(name: string): number | undefined
}

/** One place that a rule speaks against. */
export interface Hit {
  /** `upstreams.shop.sticky` */
  readonly path: string
  /** What is there, in one sentence. */
  readonly message: string
}

/** Something that is allowed and that one may regret. */
export interface Rule {
  /** Its name in output, in `--allow` and in the docs. */
  readonly id: string
  readonly why: string
  readonly fix: string
  find(context: LintContext): Iterable<Hit>
}

/** A hit with the rule that made it. */
export interface Finding extends Hit {
  readonly rule: Rule
}

/** The path of an upstream's option: `upstreams.shop.sticky`. */
export function upstreamPath(name: string, ...rest: readonly string[]): string {
  const key = /^[\w$-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
  return [`upstreams${key}`, ...rest].join('.')
}

/** A rule that looks at one upstream at a time. */
export function eachUpstream(
  find: (
    entry: UpstreamEntry,
    path: (...rest: readonly string[]) => string,
    context: LintContext,
  ) => Iterable<Hit>,
): Rule['find'] {
  return function* (context) {
    for (const [name, entry] of context.config.upstreams) {
      yield* find(entry, (...rest) => upstreamPath(name, ...rest), context)
    }
  }
}
