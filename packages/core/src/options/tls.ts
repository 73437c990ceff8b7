import { isIP } from 'node:net'
import * as z from 'zod'
import type { TlsConfig } from '../config.js'
import { defaults } from '../defaults.js'
import { choice, defaulted, flag, group, listOf, optional, text } from './fields.js'
import type { TlsOptions } from './types.js'

type Pem = string | Buffer

const pem = z
  .custom<Pem>((value) => (typeof value === 'string' && value !== '') || Buffer.isBuffer(value), {
    error: ({ input }) =>
      input === undefined ? 'is undefined' : 'must be PEM: text that is not empty, or a Buffer',
  })
  .meta({ values: 'PEM, as text or Buffer' })

const ca = choice<Pem | readonly Pem[], Pem | readonly Pem[]>((value) =>
  Array.isArray(value)
    ? listOf(pem, 'must be PEM').min(1, 'is empty: give an authority, or leave ca out')
    : pem,
).meta({ values: 'PEM, as text or Buffer, one or a list' })

const servername = text(
  'must be a host name, and no address: SNI takes only names',
  'host name',
  (name) => /^[\w-]+(\.[\w-]+)*$/.test(name) && isIP(name) === 0,
)

export const tlsSchema: z.ZodType<TlsConfig, TlsOptions> = group({
  ca: optional("Authorities to trust in place of Node's own, in PEM.", ca),
  cert: optional("The gateway's own certificate, in PEM; together with `key`.", pem),
  key: optional('The private key of `cert`, in PEM.', pem),
  servername: optional(
    "The name to ask for (SNI) and to verify; absent, the address's own.",
    servername,
  ),
  verify: defaulted("Whether the server's certificate must be valid.", flag(), defaults.tls.verify),
})
  .superRefine(({ cert, key }, ctx) => {
    if ((cert === undefined) === (key === undefined)) return
    const [missing, given] = cert === undefined ? ['cert', 'key'] : ['key', 'cert']
    ctx.addIssue({ code: 'custom', path: [missing], message: `is required with ${given}` })
  })
  .transform(({ ca, cert, key, servername, verify }) => ({ ca, cert, key, servername, verify }))
  .meta({ values: '[tls](#tls)' })
