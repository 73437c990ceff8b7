/** Where the reader is; in the fragment, so that it holds under any path. */
export type Place =
  | { readonly page: 'fleet' }
  | { readonly page: 'server'; readonly upstream: string; readonly server: string }

export function placeOf(hash: string): Place {
  const [, upstream, server] = /^#\/([^/]+)\/([^/]+)$/.exec(hash) ?? []
  if (upstream === undefined || server === undefined) return { page: 'fleet' }
  try {
    return {
      page: 'server',
      upstream: decodeURIComponent(upstream),
      server: decodeURIComponent(server),
    }
  } catch {
    return { page: 'fleet' }
  }
}

export function hashOf(upstream: string, server: string): string {
  return `#/${encodeURIComponent(upstream)}/${encodeURIComponent(server)}`
}
