import type {
  CookieAffinity,
  CookieStyle,
  LearnAffinity,
  PassageRules,
  TimeoutsConfig,
  Upstream,
} from '@holdfast/core'
import type { FastifyRequest } from 'fastify'
import type { Gateway } from './gateway.js'
import type { LogChoice, RewriteHeaders } from './options.js'
import type { RawHeaders } from './raw-headers.js'
import type { PrefixRewrite } from './request/target.js'

/** One registration of the plugin, ready for its requests. */
export interface Registration {
  readonly gateway: Gateway
  readonly upstream: Upstream
  readonly rules: PassageRules
  readonly timeouts: TimeoutsConfig
  readonly prefix: PrefixRewrite
  readonly bodyLimit: number
  /** The Host header for servers: `$host`, `$proxy_host` or a text. */
  readonly host: string
  readonly log: LogChoice
  /** Undefined where the registration is not sticky by cookie. */
  readonly cookie: CookieAffinity | undefined
  readonly cookieStyle: CookieStyle | undefined
  /** Undefined where the registration does not learn sessions from answers. */
  readonly learn: LearnAffinity | undefined
  /** nginx's styles put their cookie on error answers of their own, too. */
  readonly ownErrorsCarryCookie: boolean
  readonly rewriteHeaders: RewriteHeaders | undefined
  readonly rewriteRequestHeaders:
    | ((request: FastifyRequest, headers: RawHeaders) => RawHeaders)
    | undefined
}

/** What differs from one registration of an upstream to another. */
export interface RegistrationChoices
  extends Pick<
    Registration,
    | 'rules'
    | 'timeouts'
    | 'prefix'
    | 'bodyLimit'
    | 'log'
    | 'rewriteHeaders'
    | 'rewriteRequestHeaders'
  > {
  readonly sticky: boolean
}

export function createRegistration(
  gateway: Gateway,
  upstream: Upstream,
  choices: RegistrationChoices,
): Registration {
  const { sticky, ...rest } = choices
  const { config } = upstream
  const cookieConfig = sticky && config.sticky?.kind === 'cookie' ? config.sticky : undefined
  return {
    gateway,
    upstream,
    ...rest,
    host: config.host,
    cookie: cookieConfig && upstream.cookie,
    learn: sticky ? upstream.learn : undefined,
    cookieStyle: cookieConfig?.style,
    ownErrorsCarryCookie: cookieConfig !== undefined && cookieConfig.style !== 'holdfast',
  }
}
