import type { Endpoint } from '../../config/types.js'
import type { Rule } from '../rule.js'
import { hasPassword } from './keys.js'

export const trustEveryone: Rule = {
  id: 'trust-everyone',
  why: 'Every client can say that it is another: in logs, in `$remote_addr`, in what servers are told.',
  fix: "Name the proxies in front: `trustProxy: ['10.0.0.0/8']`.",
  *find({ config: { trustProxy } }) {
    if (trustProxy === true)
      yield { path: 'trustProxy', message: 'anybody’s X-Forwarded-For is believed' }
  },
}

export const openStats: Rule = {
  id: 'open-stats',
  why: 'Whoever reaches it reads addresses, loads and versions.',
  fix: 'Listen on loopback or on a network of operators only; give `stats` a `readToken`.',
  *find({ config: { stats, admin } }) {
    if (stats !== undefined && stats.readToken === undefined && !isLocal(stats.listen)) {
      yield { path: 'stats', message: `statistics for everybody at ${stats.listen.text}` }
    }
    if (admin !== undefined && isEverywhere(admin)) {
      yield { path: 'admin', message: `the snapshot and metrics for everybody at ${admin.text}` }
    }
  },
}

export const exposedRedis: Rule = {
  id: 'redis-exposed',
  why: 'What replicas tell each other, and the password, pass the network in the clear.',
  fix: 'Use `rediss://`, with a password in the URL.',
  *find({ config: { fleet } }) {
    if (fleet === undefined || !URL.canParse(fleet.redis)) return
    const { hostname, protocol } = new URL(fleet.redis)
    if (isLoopback(hostname.replace(/^\[|\]$/g, ''))) return
    if (protocol !== 'rediss:') {
      yield { path: 'fleet.redis', message: `no TLS to Redis at ${hostname}` }
    }
    if (!hasPassword(fleet.redis)) {
      yield { path: 'fleet.redis', message: `no password for Redis at ${hostname}` }
    }
  },
}

function isLocal({ host, path }: Endpoint): boolean {
  return path !== undefined || isLoopback(host)
}

function isEverywhere({ host, path }: Endpoint): boolean {
  return path === undefined && (host === '0.0.0.0' || /^[0:]+$/.test(host))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}
