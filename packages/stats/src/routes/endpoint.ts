import type { FastifyInstance, onRequestAsyncHookHandler, RouteHandlerMethod } from 'fastify'
import type { Schema } from '../schemas/schema.js'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly description: string
  readonly schema: Schema
}

/** A route and what the API's description says of it. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As Fastify writes it, from the plugin's prefix. */
  readonly url: string
  readonly summary: string
  readonly scope: 'none' | 'read' | 'admin'
  readonly parameters?: readonly Parameter[]
  readonly body?: Schema
  /** Of the answer 200. */
  readonly answer: { readonly type: string; readonly schema: Schema }
  readonly handler: RouteHandlerMethod
}

/** Of JSON that was written by hand. */
export const JSON_TYPE = 'application/json; charset=utf-8'

export function json(schema: Schema): Endpoint['answer'] {
  return { type: 'application/json', schema }
}

export const upstreamParameter: Parameter = {
  name: 'name',
  in: 'path',
  description: 'The upstream’s name.',
  schema: { type: 'string' },
}

export const serverParameter: Parameter = {
  name: 'id',
  in: 'path',
  description: 'The server’s id, percent-encoded.',
  schema: { type: 'string' },
}

/** Serves the endpoints, each behind the hook of its scope. */
export function serve(
  app: FastifyInstance,
  endpoints: readonly Endpoint[],
  hooks: Readonly<Record<'read' | 'admin', onRequestAsyncHookHandler>>,
): void {
  for (const { method, url, scope, answer, handler } of endpoints) {
    const onRequest = scope === 'none' ? [] : [hooks[scope]]
    // The head of a stream would be followed by nothing, for ever.
    const exposeHeadRoute = answer.type !== 'text/event-stream'
    app.route({ method, url, onRequest, handler, ...(method === 'GET' && { exposeHeadRoute }) })
  }
}
