import type * as z from 'zod'
import type { AcceptedCookie, CookieConfig, CookieFormat, CookieStyle } from '../affinity/config.js'
import { defaults, type StyledDefault } from '../defaults.js'
import { contradictions } from './cookie-rules.js'
import {
  choice,
  defaulted,
  duration,
  flag,
  group,
  later,
  listOf,
  oneOf,
  optional,
  required,
  text,
} from './fields.js'
import { secret } from './secret.js'
import type { AcceptOptions, CookieOptions } from './types.js'

const name = text(
  "must be a cookie name (RFC 6265): letters, digits and !#$%&'*+-.^_`|~",
  'cookie name',
  (value) => /^[\w!#$%&'*+.^`|~-]{1,256}$/.test(value),
)

const domain = text(
  "must be a host name such as 'example.com'",
  'host name',
  (value) => /^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(value) && value.length <= 253,
)

const path = text(
  "must begin with '/' and hold no spaces, control characters, commas or ;",
  'path',
  (value) => /^\/[\x21-\x2b\x2d-\x3a\x3c-\x7e]*$/.test(value),
)

const delimiter = text(
  'must be one or more ASCII characters, without control characters and ;',
  'text',
  (value) => /^[\x20-\x3a\x3c-\x7e]+$/.test(value),
)

const format = oneOf<CookieFormat>(
  'sealed',
  'md5',
  'sha1',
  'hmac-md5',
  'hmac-sha1',
  'hmac-sha256',
  'index',
  'text',
)

const WHOLE = { min: '1s', whole: 'as cookies do' }

const expires = choice<number | 'max', string>((value) =>
  value === 'max' ? oneOf('max') : duration(WHOLE),
).meta({ values: "duration: `'1h'`, `'30d'`; `'max'`" })

type Accepted = Omit<AcceptedCookie, 'cookie'> & { readonly cookie: string | undefined }

/** `sticky.accept[]`. */
export const acceptSchema: z.ZodType<Accepted, AcceptOptions> = group({
  value: required('How it names a server.', format),
  key: optional(
    "The key it was made with: for `'sealed'` and `'hmac-…'`, where a short one will do.",
    secret(),
  ),
  cookie: optional('Its name, if that was another.', name),
})
  .superRefine(({ value, key }, ctx) => {
    if (needsKey(value) && key === undefined) {
      ctx.addIssue({
        code: 'custom',
        path: ['key'],
        message: `is undefined, and '${value}' needs it`,
      })
    } else if (!needsKey(value) && key !== undefined) {
      ctx.addIssue({
        code: 'custom',
        path: ['key'],
        message: `has no use: '${value}' takes no key`,
      })
    }
  })
  .transform(({ value, key, cookie }) => ({ format: value, key, cookie }))

const keys = listOf(secret(), 'must be a list such as [process.env.STICKY_KEY]')
  .min(1, 'is empty: give a key, or leave keys out')
  .meta({ values: 'list of text' })

/** `sticky: { cookie }`. */
export const cookieSchema: z.ZodType<CookieConfig, CookieOptions> = group({
  learn: later(),
  cookie: required("The cookie's name.", name),
  value: optional(
    "How it names a server: encrypted and authenticated, or in one of nginx's ways. Without `keys` it is `'md5'`.",
    format,
    defaults.cookie.value,
  ),
  keys: optional(
    "Secrets, newest first: the first seals, all are accepted. For `'sealed'` 16 bytes or more, the same on every replica; `openssl rand -base64 32` makes one.",
    keys,
  ),
  accept: optional(
    'Older cookies that still count and are answered with a new one: for migrations.',
    listOf(acceptSchema, "must be a list such as [{ value: 'md5' }]").meta({
      values: 'list of [accepted cookies](#sticky-accept)',
    }),
  ),
  style: defaulted(
    'Whose Set-Cookie lines and defaults are reproduced to the letter.',
    oneOf<CookieStyle>('holdfast', 'sticky-module', 'nginx'),
    defaults.cookie.style,
  ),
  expires: optional(
    "How long browsers keep it; `'max'` is nginx's 2037. Absent: until the browser closes.",
    expires,
  ),
  domain: optional('The domain it is for; absent, the host that set it.', domain),
  path: optional('The path it is for.', path, defaults.cookie.path),
  secure: optional(
    "Over HTTPS only; `'auto'` follows the request's protocol.",
    oneOf<boolean | 'auto'>(true, false, 'auto'),
    defaults.cookie.secure,
  ),
  httpOnly: optional('Out of reach of scripts.', flag(), defaults.cookie.httpOnly),
  sameSite: optional(
    'Which requests from other sites carry it; `false` leaves the attribute out.',
    oneOf<'strict' | 'lax' | 'none' | false>('strict', 'lax', 'none', false),
    defaults.cookie.sameSite,
  ),
  partitioned: defaulted(
    'One cookie for each site that embeds this one (CHIPS).',
    flag(),
    defaults.cookie.partitioned,
  ),
  idle: optional(
    "A session unused for this long has ended, whatever the browser does; `'sealed'` only.",
    duration(WHOLE),
  ),
  maxLife: optional(
    "A session as old as this has ended, whatever the browser does; `'sealed'` only.",
    duration(WHOLE),
  ),
  renew: defaulted(
    'Sends a cookie with `expires` or `idle` again in time, so that both slide.',
    flag(),
    defaults.cookie.renew,
  ),
  fallback: defaulted(
    "Whether a session whose server is away is served elsewhere; `false` (nginx's `no_fallback`) answers 502.",
    flag(),
    defaults.cookie.fallback,
  ),
  rebind: defaulted(
    "`'now'`: a moved session belongs to its new server; `'never'`: it returns when its own is back.",
    oneOf<'now' | 'never'>('now', 'never'),
    defaults.cookie.rebind,
  ),
  strip: optional(
    "Keeps it from the server, and the server's own of that name from the client.",
    flag(),
    defaults.cookie.strip,
  ),
  hide: defaulted('Routes by it and never sets it.', flag(), defaults.cookie.hide),
  transfer: defaulted(
    "The server's own cookie of that name travels behind the value.",
    flag(),
    defaults.cookie.transfer,
  ),
  delimiter: defaulted(
    'What stands between the value and what `transfer` carries.',
    delimiter,
    defaults.cookie.delimiter,
  ),
}).transform((options, ctx): CookieConfig => {
  const { value, idle, maxLife, learn, ...rest } = options
  const { style, cookie } = rest
  const keys = rest.keys ?? []
  const byStyle = <T>({ styles }: StyledDefault<T>): T => styles[style]
  const usual =
    keys.length > 0 ? byStyle(defaults.cookie.value) : defaults.cookie.valueWithoutKeys.value
  const config: CookieConfig = {
    ...rest,
    kind: 'cookie',
    format: value ?? usual,
    keys,
    accept: (rest.accept ?? []).map((one) => ({ ...one, cookie: one.cookie ?? cookie })),
    expires: rest.expires,
    domain: rest.domain,
    path: rest.path ?? byStyle<string | undefined>(defaults.cookie.path),
    secure: rest.secure ?? byStyle<boolean | 'auto'>(defaults.cookie.secure),
    httpOnly: rest.httpOnly ?? byStyle<boolean>(defaults.cookie.httpOnly),
    sameSite: rest.sameSite ?? byStyle<'lax' | false>(defaults.cookie.sameSite),
    strip: rest.strip ?? byStyle<boolean>(defaults.cookie.strip),
    idleMs: idle,
    maxLifeMs: maxLife,
  }
  for (const { at, problem } of contradictions(config)) {
    ctx.addIssue({ code: 'custom', path: [...at], message: problem })
  }
  return config
})

function needsKey(format: CookieFormat): boolean {
  return format === 'sealed' || format.startsWith('hmac-')
}
