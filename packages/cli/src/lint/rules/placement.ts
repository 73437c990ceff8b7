import type { UpstreamEntry } from '../../config/types.js'
import { eachUpstream, type Rule, upstreamPath } from '../rule.js'

function byAddressOnly({ config: { balance, hashKey } }: UpstreamEntry): boolean {
  return (
    balance.kind === 'ip-hash' || (hashKey?.keys.length === 1 && hashKey.keys[0] === '$remote_addr')
  )
}

export const addressBehindProxy: Rule = {
  id: 'ip-hash-behind-proxy',
  why: 'Behind a CDN, a balancer or a company’s proxy many clients share one address, and so one server.',
  fix: 'Use a sticky cookie; and set `trustProxy` for what is in front, so that addresses are the clients’.',
  find: eachUpstream(function* (entry, path, { config }) {
    if (!byAddressOnly(entry) || config.trustProxy !== false) return
    yield {
      path: path('balance'),
      message: 'clients go by their address, and no proxy in front is trusted to tell it',
    }
  }),
}

export const plainHash: Rule = {
  id: 'hash-without-consistent',
  why: 'When a server comes or goes nearly every key goes to another server.',
  fix: 'Set `consistent: true`; see with `holdfast plan` what that moves, once.',
  find: eachUpstream(function* ({ config: { balance } }, path) {
    if (balance.kind !== 'hash' || balance.consistent) return
    yield { path: path('balance'), message: 'the hash is not consistent' }
  }),
}

export const learnUnplaced: Rule = {
  id: 'learn-without-address-hash',
  why: 'Learned sessions reach the other replicas a moment later; until then they balance anew.',
  fix: "Set `balance: { hash: '$remote_addr' }`, so that replicas agree on what they have not heard.",
  find: eachUpstream(function* (entry, path, { config }) {
    const { balance, hashKey, sticky } = entry.config
    if (sticky?.kind !== 'learn' || config.fleet === undefined) return
    if (balance.kind === 'ip-hash' || hashKey?.keys.includes('$remote_addr') === true) return
    yield {
      path: path('sticky', 'learn'),
      message: 'a fleet learns sessions, and no address places them',
    }
  }),
}

export const limitMoves: Rule = {
  id: 'max-conns-moves-sessions',
  why: 'A session whose server is full is served, and then bound, elsewhere.',
  fix: "Leave `maxConns` out, or set `rebind: 'never'` so that such sessions return.",
  find: eachUpstream(function* ({ config: { servers, sticky, balance } }, path) {
    const kept = sticky !== undefined || balance.kind === 'hash' || balance.kind === 'ip-hash'
    if (!kept || (sticky?.kind === 'cookie' && sticky.rebind === 'never')) return
    for (const [index, { maxConns, address }] of servers.entries()) {
      if (maxConns === 0) continue
      yield {
        path: path(`servers[${index}]`, 'maxConns'),
        message: `${address} gives sessions away when it is full`,
      }
    }
  }),
}

export const idleBackup: Rule = {
  id: 'backup-takes-sessions',
  why: 'Sessions that a backup has taken stay with it when the others are back.',
  fix: "Set `rebind: 'never'`, so that they return.",
  find: eachUpstream(function* ({ config: { servers, sticky } }, path) {
    if (sticky?.kind !== 'cookie' || sticky.rebind === 'never' || !sticky.fallback) return
    const index = servers.findIndex(({ backup }) => backup)
    if (index >= 0) {
      yield { path: path(`servers[${index}]`), message: 'a backup keeps the sessions it is given' }
    }
  }),
}

export const sharedRoute: Rule = {
  id: 'shared-route',
  why: 'Of two servers with one route id the first gets the sessions of both.',
  fix: 'Give each server a `route` of its own.',
  find: eachUpstream(function* ({ config: { servers } }, path) {
    const seen = new Map<string, string>()
    for (const [index, { route, address }] of servers.entries()) {
      if (route === undefined) continue
      const first = seen.get(route)
      if (first === undefined) seen.set(route, address)
      else
        yield {
          path: path(`servers[${index}]`, 'route'),
          message: `${first} has the route ${route} too`,
        }
    }
  }),
}

export const unusedUpstream: Rule = {
  id: 'unused-upstream',
  why: 'No request ever reaches it; mostly a route is missing or has the wrong name.',
  fix: 'Add a route, or remove it.',
  *find({ config: { upstreams, routes } }) {
    for (const name of upstreams.keys()) {
      if (routes.some(({ upstream }) => upstream === name)) continue
      yield { path: upstreamPath(name), message: `no route leads to ${name}` }
    }
  },
}
