import type { Figure } from '../figures.js'
import type { GatewayName } from './gateways.js'

/** What is measured end to end, with gateways in processes of their own. */
export type EndToEndSource =
  /** The cost a request of one gateway against that of another, run in turn. */
  | { readonly kind: 'cost'; readonly of: GatewayName; readonly against: GatewayName }
  /** The 99th percentile of the latency at one fixed rate, against that of another. */
  | { readonly kind: 'latency'; readonly of: GatewayName; readonly against: GatewayName }
  /** Bytes a second of one gateway against those of another, when clients download bodies. */
  | {
      readonly kind: 'transfer'
      readonly of: GatewayName
      readonly against: GatewayName
      readonly bytes: number
      readonly connections: number
    }
  /** The cost of a WebSocket message there and back, against that of another. */
  | { readonly kind: 'tunnel'; readonly of: GatewayName; readonly against: GatewayName }
  /** Commands of Redis a request, beyond those that a fleet at rest sends. */
  | { readonly kind: 'redis'; readonly of: GatewayName }
  /** From the start of a gateway's process to its first answer. */
  | { readonly kind: 'start'; readonly of: GatewayName }

const ratio = (
  id: string,
  title: string,
  [must, aim]: readonly [number, number],
  source: EndToEndSource,
): Figure => ({ id, title, unit: 'ratio', must, aim, source })

const transfer = (title: string, bytes: number, connections: number): Figure => ({
  ...ratio('P8', `${title} through, bytes a second against the floor`, [0.85, 0.95], {
    kind: 'transfer',
    of: 'holdfast',
    against: 'floor',
    bytes,
    connections,
  }),
  better: 'more',
})

const of = 'holdfast'

export const endToEndFigures: readonly Figure[] = [
  ratio('P1', 'cost a request, against bare reply-from', [0.75, 0.6], {
    kind: 'cost',
    of,
    against: 'reply-from',
  }),
  ratio('P2', 'cost a request, against the floor', [1.45, 1.2], {
    kind: 'cost',
    of,
    against: 'floor',
  }),
  ratio('P3', 'cost a request, against Caddy', [0.95, 0.6], { kind: 'cost', of, against: 'caddy' }),
  {
    id: 'P6',
    title: 'Redis commands a request, fleet sharing on',
    unit: 'commands',
    must: 0,
    aim: 0,
    source: { kind: 'redis', of },
  },
  ratio('P7', 'p99 at half of what the slower can do, against bare reply-from', [1, 0.8], {
    kind: 'latency',
    of,
    against: 'reply-from',
  }),
  transfer('100 KB', 100 * 1024, 64),
  transfer('10 MB', 10 * 1024 * 1024, 16),
  ratio('P9', 'cost a WebSocket message, against @fastify/http-proxy', [0.6, 0.4], {
    kind: 'tunnel',
    of,
    against: 'fastify-http-proxy',
  }),
  {
    id: 'P13',
    title: 'start to first proxied request',
    unit: 'ms',
    must: 500,
    aim: 250,
    source: { kind: 'start', of },
  },
]
