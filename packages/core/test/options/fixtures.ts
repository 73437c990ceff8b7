import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CookieConfig } from '#core/affinity/config.js'
import { OptionError } from '#core/kernel/errors.js'
import { parseUpstreamOptions } from '#core/options/options.js'
import type { CookieOptions, UpstreamOptions } from '#core/options/types.js'

export const KEY = 'p0ZxyX3K4nqOTxfr1FvPbzkRV9aXw0vDgSk6mWcE1mA='

/** Options that nobody objects to, with `more` on top. */
export function shop(more: object = {}): UpstreamOptions {
  return { name: 'shop', servers: ['10.0.0.11:8080', '10.0.0.12:8080'], ...more }
}

export function parseCookie(sticky: Partial<CookieOptions>): CookieConfig {
  const config = parseUpstreamOptions(shop({ sticky: { cookie: 'srv_id', ...sticky } })).sticky
  if (config?.kind !== 'cookie') throw new Error('not a cookie')
  return config
}

/** What parsing `input` throws; undefined when it is accepted. */
export function refusal(input: unknown): OptionError | undefined {
  try {
    parseUpstreamOptions(input)
    return undefined
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
}

/** A wrong input: why it is wrong, itself, and the path and some of the words of its error. */
export type Wrong = readonly [why: string, input: unknown, path: string, says: string]

export function refuses(title: string, wrongs: readonly Wrong[]): void {
  describe(title, () => {
    for (const [why, input, path, says] of wrongs) {
      it(`${why}: ${path} ${says}`, () => {
        const error = refusal(input)
        assert.ok(error, 'it was accepted')
        assert.equal(error.path, path)
        assert.ok(error.message.startsWith(`${path}: `), error.message)
        assert.ok(error.message.includes(says), error.message)
      })
    }
  })
}
