import { promisify } from 'node:util'
import { deflateRawSync, inflateRaw } from 'node:zlib'

/** A snapshot that is larger than this once unpacked is refused. */
const MOST_BYTES = 8 * 1024 * 1024

const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw)

/** A snapshot as it lies in the store: a seventh of its JSON. */
export function encodeSnapshot(snapshot: unknown): string {
  return deflateRawSync(JSON.stringify(snapshot), { level: 1 }).toString('base64')
}

/** What was packed in a text from the store, JSON or not; undefined when there is nothing. */
export async function decodeSnapshot(text: string): Promise<string | undefined> {
  try {
    const bytes = await unpack(Buffer.from(text, 'base64'), { maxOutputLength: MOST_BYTES })
    return bytes.toString('utf8')
  } catch {
    return undefined
  }
}
