import type { Upstream } from '@holdfast/core'
import { transition } from '@holdfast/core/placement'
import type { UpstreamStatus } from '../operator/api.js'

/** Gives an upstream the health that a fleet reports. Servers that it does not know stay well. */
export function applyHealth(upstream: Upstream, live: UpstreamStatus, nowS: number): void {
  for (const server of upstream.servers) {
    const status = live.servers.find(({ id }) => id === server.config.id)
    if (status === undefined) continue
    const { state, weight } = status
    const mode = state === 'drain' || state === 'down' ? state : undefined
    if (mode !== undefined || weight !== server.weight) {
      upstream.override(server.config.id, { ...(mode && { mode }), weight })
    }
    // The gate behind a probe is as shut as that of an ejected server.
    if (state !== 'ejected' && state !== 'probing') continue
    for (let fails = server.config.maxFails; fails > 0; fails -= 1) {
      transition(server, 'fail', nowS, false)
    }
  }
}
