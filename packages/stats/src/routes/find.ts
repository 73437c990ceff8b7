import type { State } from '../feed.js'
import type { ServerView, UpstreamView } from '../view/types.js'

/** Something that was asked for by its name and is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError'
  readonly code: string
  readonly statusCode = 404

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** @throws NotFoundError */
export function findUpstream({ upstreams }: State, name: string): UpstreamView {
  const upstream = upstreams.find((each) => each.name === name)
  if (upstream !== undefined) return upstream
  const message = `There is no upstream ${JSON.stringify(name)}`
  throw new NotFoundError('HOLDFAST_UNKNOWN_UPSTREAM', message)
}

/** @throws NotFoundError */
export function findServer(state: State, name: string, id: string): ServerView {
  const server = findUpstream(state, name).servers.find((each) => each.id === id)
  if (server !== undefined) return server
  const message = `Upstream ${name} has no server ${JSON.stringify(id)}`
  throw new NotFoundError('HOLDFAST_UNKNOWN_SERVER', message)
}
