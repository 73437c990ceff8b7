const TOKEN = 'holdfast-token'
const NAME = 'holdfast-name'

/** What the page remembers until its tab is closed. */
export const session = {
  get token(): string {
    return sessionStorage.getItem(TOKEN) ?? ''
  },
  set token(token: string) {
    sessionStorage.setItem(TOKEN, token)
  },
  /** Who the operator says they are. */
  get name(): string {
    return sessionStorage.getItem(NAME) ?? ''
  },
  set name(name: string) {
    sessionStorage.setItem(NAME, name)
  },
}

/** Asks the sidecar, with the token where there is one; the path is relative to the page. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (session.token !== '') headers.set('authorization', `Bearer ${session.token}`)
  return fetch(path, { ...init, headers, credentials: 'omit', cache: 'no-store' })
}

export function serverPath(upstream: string, server: string): string {
  return `api/v1/upstreams/${encodeURIComponent(upstream)}/servers/${encodeURIComponent(server)}`
}
