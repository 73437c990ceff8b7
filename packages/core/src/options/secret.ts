import * as z from 'zod'

/** How to get a key that is none of those refused here. */
export const KEY_ADVICE = '`openssl rand -base64 32` makes one'

/** Bytes of UTF-8 below which a key can be tried out. */
export const SHORTEST_KEY = 16

// The environment variable that should hold it is not set, or set to nothing.
const UNSET = `set the environment variable that should hold it; ${KEY_ADVICE}`

/** A secret text; its value is in no message. */
export function secret(): z.ZodType<string, string> {
  return z
    .string({
      error: ({ input }) => (input === undefined ? `is undefined: ${UNSET}` : 'must be text'),
    })
    .min(1, `is empty: ${UNSET}`)
    .meta({ values: 'text' })
}

// From guides and examples: never meant to be kept. Compared without case and separators.
const SAMPLES: ReadonlySet<string> = new Set([
  'yoursecretkeyhere',
  'a8f5f167f44f4964e6c998dee827110c',
  '1234567890123456',
  '0123456789abcdef',
  'abcdefghijklmnop',
  'pleasechangethiskey',
  'replacethissecret',
  'thisisasecretkey',
  'mysupersecretkey',
])

/** Why a key is easily guessed, or undefined when nothing speaks against it. */
export function weakness(key: string): string | undefined {
  const bytes = Buffer.byteLength(key, 'utf8')
  if (bytes < SHORTEST_KEY) return `has ${bytes} bytes, ${SHORTEST_KEY} is the least`
  if (SAMPLES.has(key.toLowerCase().replaceAll(/[_\-. ]/g, ''))) return 'is a well-known sample'
  if (/^(.{1,8})\1+$/su.test(key)) return 'only repeats itself'
  return undefined
}
