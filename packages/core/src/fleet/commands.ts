import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RedisClient } from './redis-client.js'

/** A Lua file of the folder beside this one. */
export interface Command {
  run(client: RedisClient, keys: readonly string[], args: readonly string[]): Promise<unknown>
}

export function loadCommand(name: 'exchange' | 'lease' | 'post' | 'read'): Command {
  const script = readFileSync(new URL(`./commands/${name}.lua`, import.meta.url), 'utf8')
  const sha = createHash('sha1').update(script).digest('hex')
  return {
    async run(client, keys, args) {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        // A restart, a failover or SCRIPT FLUSH: the server no longer knows it.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return await client.eval(script, keys.length, ...keys, ...args)
      }
    },
  }
}
