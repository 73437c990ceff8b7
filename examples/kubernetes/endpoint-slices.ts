import { setTimeout as delay } from 'node:timers/promises'
import type { DiscoverFunction, ServerOptions } from '@holdfast/plugin'
import { ApiError, type ClusterApi, getJson, streamJson } from './api.js'

/** What this needs of a discovery.k8s.io/v1 EndpointSlice. */
interface EndpointSlice {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
  readonly endpoints?: readonly Endpoint[] | null
  readonly ports?: ReadonlyArray<{ readonly name?: string; readonly port?: number }> | null
}

interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions?: {
    readonly ready?: boolean | null
    readonly serving?: boolean | null
    readonly terminating?: boolean | null
  }
  readonly targetRef?: { readonly name?: string; readonly uid?: string }
}

interface SliceList {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly EndpointSlice[]
}

type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: EndpointSlice }
  | { readonly type: 'BOOKMARK'; readonly object: Pick<EndpointSlice, 'metadata'> }
  | { readonly type: 'ERROR'; readonly object: { readonly code: number; readonly message: string } }

export interface EndpointSlicesOptions {
  readonly api: ClusterApi
  /** The Service whose pods are the servers; a headless one will do. */
  readonly service: string
  /** The name of its port, where it has several. */
  readonly port?: string
}

const GONE = 410
const WATCH_S = 300
const PAUSE_MS = 200

/**
 * A `discover` that follows a Service's pods: reads its EndpointSlices once and watches them from
 * there on. The pod's uid is the incarnation, so a recycled address inherits no session; a pod
 * that is being terminated and still serves drains.
 */
export function endpointSlices({ api, service, port }: EndpointSlicesOptions): DiscoverFunction {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`)
  const path = `/apis/discovery.k8s.io/v1/namespaces/${api.namespace}/endpointslices?labelSelector=${selector}`
  return async function* discover(signal) {
    for (;;) {
      const list = (await getJson(api, path, signal)) as SliceList
      const slices = new Map(list.items.map((slice) => [slice.metadata.name, slice]))
      yield serversOf(slices.values(), port)
      try {
        yield* watch(slices, list.metadata.resourceVersion, signal)
      } catch (error) {
        // The server has forgotten where we were: begin again from the whole list.
        if (!(error instanceof ApiError) || error.status !== GONE) throw error
        await delay(PAUSE_MS, undefined, { signal })
      }
    }
  }

  async function* watch(
    slices: Map<string, EndpointSlice>,
    from: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ServerOptions[]> {
    let version = from
    // The API server ends every watch after a while; the next one goes on from there.
    while (!signal.aborted) {
      const query = `&watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_S}&resourceVersion=${version}`
      for await (const event of streamJson(api, path + query, signal)) {
        const { type, object } = event as WatchEvent
        if (type === 'ERROR') throw new ApiError(object.code, object.message)
        version = object.metadata.resourceVersion
        if (type === 'BOOKMARK') continue
        if (type === 'DELETED') slices.delete(object.metadata.name)
        else slices.set(object.metadata.name, object)
        yield serversOf(slices.values(), port)
      }
      // One that ends at once must not be asked in a circle.
      await delay(PAUSE_MS, undefined, { signal })
    }
  }
}

function serversOf(slices: Iterable<EndpointSlice>, portName: string | undefined): ServerOptions[] {
  // A pod may stand in two slices while the controller moves it from one to the other.
  const servers = new Map<string, ServerOptions>()
  for (const { endpoints, ports } of slices) {
    const port = ports?.find(({ name }) => portName === undefined || name === portName)?.port
    if (port === undefined) continue
    for (const endpoint of endpoints ?? []) {
      const server = serverOf(endpoint, port)
      if (server !== undefined) servers.set(server.address, server)
    }
  }
  return [...servers.values()]
}

function serverOf(
  { addresses: [ip], conditions = {}, targetRef }: Endpoint,
  port: number,
): ServerOptions | undefined {
  // Unknown counts as ready, and serving is what ready says unless the pod terminates.
  const ready = conditions.ready ?? true
  const serving = conditions.serving ?? ready
  if (ip === undefined || !serving) return undefined
  return {
    address: `${ip.includes(':') ? `[${ip}]` : ip}:${port}`,
    id: targetRef?.name,
    incarnation: targetRef?.uid,
    drain: conditions.terminating ?? false,
  }
}
