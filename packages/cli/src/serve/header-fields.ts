import { canonicalAddress, type RequestFacts } from '@holdfast/core'
import { byteString, compileKey } from '@holdfast/core/placement'
import type { HeaderFields } from '@holdfast/plugin'
import type { FastifyRequest } from 'fastify'

/** Sets and removes header fields; `request` is what the values' variables are read from. */
export type FieldEditor = (
  fields: HeaderFields,
  request: FastifyRequest | undefined,
) => HeaderFields

/**
 * Compiles the fields of a route; undefined where there are none.
 * @throws OptionError for a variable that there is not.
 */
export function createFieldEditor(
  wanted: Readonly<Record<string, string | false>>,
): FieldEditor | undefined {
  const edits = Object.entries(wanted).map(([name, value]) => ({
    name: name.toLowerCase(),
    read: value === false ? undefined : readerOf(value),
  }))
  if (edits.length === 0) return undefined
  return (fields, request) => {
    const edited = { ...fields }
    const facts = request && factsOf(request)
    for (const { name, read } of edits) {
      const value = facts && read?.(facts)
      // As nginx: a value that comes out empty leaves the field out.
      if (value === undefined || value === '') delete edited[name]
      else edited[name] = value
    }
    return edited
  }
}

function readerOf(value: string): (facts: RequestFacts) => string {
  if (value.includes('$')) return compileKey(value)
  const text = byteString(value)
  return () => text
}

function factsOf(request: FastifyRequest): RequestFacts {
  const { raw } = request
  const socketAddress = raw.socket?.remoteAddress ?? ''
  return {
    method: raw.method ?? '',
    target: raw.url ?? '',
    scheme: request.protocol ?? 'http',
    host: request.host ?? '',
    remoteAddress: canonicalAddress(request.ip ?? '') ?? canonicalAddress(socketAddress) ?? '',
    socketAddress,
    cookies: raw.headers.cookie ?? '',
    header(name) {
      const value = raw.headers[name]
      return typeof value === 'string' ? value : (value?.join(', ') ?? '')
    },
    request,
  }
}
