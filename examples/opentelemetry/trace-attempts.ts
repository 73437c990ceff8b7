import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AttemptMessage, channelNames, type RequestRecord } from '@holdfast/plugin'
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * A span for every attempt, and its `traceparent` to the server: so a retry shows as a second
 * child of the same request, each with the server's own spans below it.
 */
export function traceAttempts(app: FastifyInstance, tracer: Tracer): void {
  const parents = new WeakMap<FastifyRequest, Context>()
  const spans = new WeakMap<FastifyRequest, Attempt[]>()

  app.addHook('onRequest', async (request) => {
    // Later, in a retry, whatever is active belongs to the connection and not to the request.
    const active = context.active()
    const known = trace.getSpan(active) !== undefined
    parents.set(request, known ? active : propagation.extract(ROOT_CONTEXT, request.headers))
  })

  const onAttempt = (message: unknown): void => {
    const { request, upstream, address, number, setHeader } = message as AttemptMessage
    const parent = parents.get(request)
    if (parent === undefined) return
    const span = tracer.startSpan(
      request.method,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          'http.request.method': request.method,
          'server.address': address,
          'holdfast.upstream': upstream,
          ...(number > 1 ? { 'http.request.resend_count': number - 1 } : {}),
        },
      },
      parent,
    )
    propagation.inject(trace.setSpan(parent, span), undefined, {
      set: (_carrier, name, value) => setHeader(name, value),
    })
    const attempts = spans.get(request) ?? []
    // A connection that was stale is no attempt: its span ends where the next one begins.
    attempts[number - 1]?.span.end()
    attempts[number - 1] = { span, startedMs: Date.now() }
    spans.set(request, attempts)
  }

  const onRequest = (message: unknown): void => {
    const { request, upstreamStatus, upstreamTimeMs, verdict, moved } = message as Ended
    for (const [index, { span, startedMs }] of (spans.get(request) ?? []).entries()) {
      const status = upstreamStatus[index] ?? 0
      if (status > 0) span.setAttribute('http.response.status_code', status)
      if (status === 0 || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      if (verdict !== undefined) span.setAttribute('holdfast.verdict', verdict)
      if (moved !== undefined) span.setAttribute('holdfast.moved', moved)
      span.end(startedMs + (upstreamTimeMs[index] ?? 0))
    }
  }

  subscribe(channelNames.attempt, onAttempt)
  subscribe(channelNames.request, onRequest)
  app.addHook('onClose', async () => {
    unsubscribe(channelNames.attempt, onAttempt)
    unsubscribe(channelNames.request, onRequest)
  })
}

interface Attempt {
  readonly span: Span
  readonly startedMs: number
}

type Ended = RequestRecord & { readonly request: FastifyRequest }
