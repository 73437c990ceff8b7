import { isIP } from 'node:net'
import { choice, group, listOf, required, text } from '@holdfast/core/options'
import * as z from 'zod'
import type { Endpoint, TrustProxy } from './types.js'

/** Where to listen. Port 0 is any that is free. */
export const endpoint: z.ZodType<Endpoint, string> = text(
  "must be 'host:port', '[v6]:port' or 'unix:/path'",
  "`'host:port'`, `'[v6]:port'`, `'unix:/path'`",
  (written) => readEndpoint(written) !== undefined,
).transform((written): Endpoint => readEndpoint(written) ?? NOWHERE)

const NOWHERE: Endpoint = { text: '', host: '', port: 0, path: undefined }

function readEndpoint(written: string): Endpoint | undefined {
  if (written.startsWith('unix:/')) {
    return { text: written, host: '', port: 0, path: written.slice('unix:'.length) }
  }
  const [, v6, name, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+|\*)):(\d{1,5})$/i.exec(written) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535 || (v6 !== undefined && isIP(v6) !== 6))
    return undefined
  const host = v6 ?? (name === '*' ? '0.0.0.0' : (name ?? ''))
  return { text: written, host, port, path: undefined }
}

export const urlPath: z.ZodType<string, string> = text(
  "must be a path that begins with '/'",
  'path',
  (value) => /^\/[^\p{Cc} ?#]*$/u.test(value),
)

/** `'shop.example.com'`, `'*.example.com'`. */
const hostName = text(
  "must be a host name such as 'shop.example.com' or '*.example.com', without a port",
  "host name, or `'*.'` and one",
  (name) => /^(\*\.)?[a-z\d_-]+(\.[a-z\d_-]+)*$/i.test(name) || /^\[[\da-f:.]+\]$/i.test(name),
).transform((name) => name.toLowerCase())

const oneHost: z.ZodType<string[], string> = hostName.transform((name) => [name])

export const hostNames: z.ZodType<readonly string[], string | readonly string[]> = choice<
  readonly string[],
  string | readonly string[]
>((value) =>
  Array.isArray(value)
    ? listOf(hostName, 'must be a host name or a list of them').min(1, 'is empty: leave it out')
    : oneHost,
).meta({ values: 'host name or list', json: { type: ['string', 'array'] } })

const NETWORKS: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal'])

function isNetwork(written: string): boolean {
  const [address = '', bits] = written.split('/')
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  return (
    NETWORKS.has(written) ||
    (version !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
  )
}

const network = text(
  "must be an address, a network such as '10.0.0.0/8', 'loopback', 'linklocal' or 'uniquelocal'",
  'address or network',
  isNetwork,
)

const oneNetwork: z.ZodType<string[], string> = network.transform((one) => [one])

export const trustProxy: z.ZodType<TrustProxy, TrustProxy | string> = choice<
  TrustProxy,
  TrustProxy | string
>((value) => {
  if (typeof value === 'boolean') return z.boolean()
  if (typeof value === 'string') return oneNetwork
  if (Array.isArray(value)) return listOf(network, 'must be a list of networks')
  return Number.isInteger(value) && Number(value) >= 0
    ? z.number()
    : "must be true, false, a number of hops, or networks such as ['10.0.0.0/8']"
}).meta({
  values: "networks: `['10.0.0.0/8']`; a number of hops; `true`, `false`",
  json: { type: ['boolean', 'number', 'string', 'array'] },
})

/** PEM, or the path of a file that holds it; the loader reads those. */
export const pem: z.ZodType<string, string> = text(
  'must be PEM, or the path of a file with it',
  'PEM, or a path',
  (value) => value !== '',
)

export const certificate: z.ZodType<{ cert: string; key: string }, { cert: string; key: string }> =
  group({
    cert: required('The certificate and its chain.', pem),
    key: required('Its private key.', pem),
  })

/** A group of options that somebody else parses again: checked here, and kept as written. */
export function asWritten<I>(schema: z.ZodType<unknown, I>): z.ZodType<I, I> {
  return z
    .custom<I>()
    .superRefine((value, ctx) => {
      const { error } = schema.safeParse(value)
      for (const issue of error?.issues ?? []) ctx.issues.push(issue as z.core.$ZodRawIssue)
    })
    .meta({ ...schema.meta(), shapes: () => [schema] })
}
