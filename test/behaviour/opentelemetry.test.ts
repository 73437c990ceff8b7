/** The OpenTelemetry example, with the real SDK. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceAttempts } from '@holdfast/examples/opentelemetry/trace-attempts.js'
import { propagation, SpanKind } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { type Echo, startAppServer } from '#fixtures/app-server.js'
import { startGateway } from '#fixtures/gateway.js'
import { failOnLeaks } from '#fixtures/leaks.js'
import { REFUSED } from '#fixtures/ports.js'
import { until } from '#fixtures/until.js'

failOnLeaks()

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

test('every attempt is a span below the request, and its server is told which', async (t) => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  t.after(() => provider.shutdown())
  const server = await startAppServer({ name: 'a' })
  t.after(() => server.stop())
  const gateway = await startGateway(t, {
    servers: [REFUSED, server.address],
    prepare: (app) => traceAttempts(app, provider.getTracer('gateway')),
  })
  const response = await fetch(`http://${gateway.address}/echo`, {
    headers: { traceparent: `00-${TRACE}-${PARENT}-01` },
  })
  const { rawHeaders } = (await response.json()) as Echo
  await until('two spans', () => exporter.getFinishedSpans().length === 2)
  const spans = exporter
    .getFinishedSpans()
    .toSorted(
      (a, b) =>
        Number(a.attributes['http.request.resend_count'] ?? 0) -
        Number(b.attributes['http.request.resend_count'] ?? 0),
    )
  const [first, second] = spans
  for (const span of spans) {
    assert.equal(span.kind, SpanKind.CLIENT)
    assert.equal(span.spanContext().traceId, TRACE)
    assert.equal(span.parentSpanContext?.spanId, PARENT)
  }
  assert.deepEqual(
    spans.map(({ attributes }) => [
      attributes['server.address'],
      attributes['http.response.status_code'],
    ]),
    [
      [REFUSED, 502],
      [server.address, 200],
    ],
  )
  assert.notEqual(first?.spanContext().spanId, second?.spanContext().spanId)
  const told = rawHeaders[rawHeaders.findIndex((name) => /^traceparent$/i.test(name)) + 1]
  assert.equal(told, `00-${TRACE}-${second?.spanContext().spanId}-01`)
  assert.equal(rawHeaders.filter((name) => /^traceparent$/i.test(name)).length, 1)
})
