import type { UpstreamOptions } from '@holdfast/plugin'
import { type AppServer, spawnAppServer } from '@holdfast/test/fixtures/app-server.js'
import type { Daemon } from '@holdfast/test/fixtures/daemon.js'
import { type Load, type LoadOptions, startLoad } from '@holdfast/test/fixtures/load.js'
import type { Trial } from '../trial.js'
import { type Gateway, type GatewayOptions, spawnGateway } from './gateway.js'

export type AppProcess = AppServer & Daemon

/** Servers as processes and a gateway in front of them, all stopped after the row. */
export interface Site {
  readonly servers: readonly AppProcess[]
  readonly gateway: Gateway
}

export interface SiteOptions extends Omit<GatewayOptions, 'upstream'> {
  /** How long each server works on a request; one entry a server. Default: three, 5 ms. */
  readonly delaysMs?: readonly number[]
  readonly upstream?: Omit<UpstreamOptions, 'name' | 'servers'>
}

const NAMES = ['a', 'b', 'c', 'd', 'e']

export async function startSite(
  trial: Trial,
  { delaysMs = [5, 5, 5], upstream, ...options }: SiteOptions = {},
): Promise<Site> {
  const servers = await Promise.all(
    delaysMs.map((delayMs, i) => spawnServer(trial, { name: NAMES[i] ?? `${i}`, delayMs })),
  )
  const gateway = await spawnGateway(trial, {
    ...options,
    upstream: { servers: servers.map(({ address }) => address), ...upstream },
  })
  return { servers, gateway }
}

/** One server process, to be killed after the row. */
export async function spawnServer(
  trial: Trial,
  options: { readonly name: string; readonly delayMs: number; readonly port?: number },
): Promise<AppProcess> {
  const server = await spawnAppServer(options)
  trial.after(() => server.kill())
  return server
}

/** The load of the method: 200 sessions and 30 % without a cookie, 300 requests a second. */
export function startUsualLoad(
  { address }: Pick<Gateway, 'address'>,
  options: Partial<LoadOptions>,
): Load {
  return startLoad({ address, sessions: 200, cookieless: 0.3, ratePerS: 300, ...options })
}
