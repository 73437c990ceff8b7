import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** A snapshot that is larger than this once unpacked is refused. */
const MOST_BYTES = 8 * 1024 * 1024

/** A snapshot as it lies in the store: a seventh of its JSON. */
export function encodeSnapshot(snapshot: unknown): string {
  return deflateRawSync(JSON.stringify(snapshot), { level: 1 }).toString('base64')
}

/** The JSON value in a text from the store, still to be checked; undefined when there is none. */
export function decodeSnapshot(text: string): unknown {
  try {
    const bytes = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: MOST_BYTES })
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
