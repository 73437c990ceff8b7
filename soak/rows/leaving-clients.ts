import * as does from '@holdfast/test/fixtures/behaviour.js'
import { startFaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { connectRaw, exchange, get, type RawClient } from '@holdfast/test/fixtures/raw-client.js'
import { until } from '@holdfast/test/fixtures/until.js'
import type { Figure } from '../figure.js'
import { spawnGateway } from '../lib/gateway.js'
import type { Row } from '../row.js'

interface Moment {
  readonly name: string
  readonly send: string
  readonly server: does.Behaviour
  /** What the client waits for before it leaves. */
  readonly reached: (client: RawClient, requestBytes: number) => boolean
}

const moments: readonly Moment[] = [
  {
    name: 'before the head',
    send: get('/'),
    server: does.hang(),
    reached: () => true,
  },
  {
    name: 'mid-download',
    send: get('/'),
    server: does.cut(does.answer({ body: 'x'.repeat(1_000) }), 500, 'hang'),
    reached: (client) => client.received.includes('xxx'),
  },
  {
    name: 'mid-upload',
    send: 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nhello',
    server: does.hang(),
    reached: (_, requestBytes) => requestBytes >= 5,
  },
]

export const leavingClients: readonly Row[] = [
  {
    id: 'R20',
    what: 'client aborts: before the head, mid-download, mid-upload',
    pass: 'server side closed within 100 ms; 0 sockets leaked; no fail is charged to the server',
    async run(trial) {
      const rounds = trial.count(200)
      const server = await startFaultServer()
      trial.after(() => server.close())
      const gateway = await spawnGateway(trial, { upstream: { servers: [server.address] } })
      await exchange(gateway.address, get('/'))
      server.drop()
      await until('quiet', () => server.connections === 0)
      const before = gateway.sockets()
      const figures: Figure[] = []
      for (const { name, send, server: behaviour, reached } of moments) {
        server.behave(() => behaviour)
        const tookMs: number[] = []
        for (let i = 0; i < rounds; i += 1) {
          const asked = server.requests.length
          const client = await connectRaw(gateway.address)
          client.send(send)
          await until(
            name,
            () => {
              const request = server.requests[asked]
              return request !== undefined && reached(client, request.bodyBytes)
            },
            { everyMs: 1 },
          )
          const leftMs = performance.now()
          if (i % 2 === 0) client.abort()
          else await client.close()
          await until('closed', () => server.connections === 0, { everyMs: 1 })
          tookMs.push(performance.now() - leftMs)
        }
        figures.push({
          name: `slowest of ${rounds} ${name}`,
          value: Math.max(...tookMs),
          unit: 'ms',
          bound: { atMost: 100 },
        })
      }
      await until('all are closed', () => gateway.sockets() <= before).catch(() => undefined)
      const { servers } = await gateway.snapshot()
      const fails = servers.flatMap((one) => Object.values(one.fails))
      return [
        ...figures,
        { name: 'sockets leaked', value: gateway.sockets() - before, bound: { exactly: 0 } },
        { name: 'fails', value: fails.reduce((a, b) => a + b, 0), bound: { exactly: 0 } },
      ]
    },
  },
]
