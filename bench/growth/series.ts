import type { GatewayName } from '../e2e/gateways.js'
import type { Job } from '../e2e/load.js'

/** Who is drawn: ours, what it is built beside, and the fastest there is. */
export const names = ['holdfast', 'reply-from', 'nginx'] as const satisfies readonly GatewayName[]

/** A load that grows in one respect. */
export interface Series {
  readonly id: string
  readonly title: string
  /** What grows. */
  readonly stepsTitle: string
  readonly logarithmic: boolean
  /** How often each gateway's turn comes in a set, and its seconds. */
  readonly turns: number
  readonly turnS: number
  readonly steps: readonly Step[]
}

export interface Step {
  readonly label: string
  readonly servers: number
  readonly job: Job
}

/** Bodies that the servers have at `/body-SIZE`, in bytes. */
export const bodies: readonly number[] = [0, 10_000, 100_000, 1_000_000, 10_000_000]

const usual = { path: '/items/42?from=list', connections: 64 }

export const series: readonly Series[] = [
  {
    id: 'servers',
    title: 'Cost of a request by number of servers',
    stepsTitle: 'servers of the upstream',
    logarithmic: false,
    turns: 3,
    turnS: 1,
    steps: [3, 10, 100, 300, 1_000].map((servers) => ({
      label: servers.toLocaleString('en'),
      servers,
      // Enough that nearly every server has sessions.
      job: { ...usual, sessions: 2_048 },
    })),
  },
  {
    id: 'cookies',
    title: 'Cost of a request by cookies that it carries',
    stepsTitle: "cookies before the gateway's own",
    logarithmic: false,
    turns: 3,
    turnS: 1,
    steps: [0, 10, 20, 35, 50].map((cookies) => ({
      label: String(cookies),
      servers: 3,
      job: { ...usual, cookies },
    })),
  },
  {
    id: 'body',
    title: 'Cost of a request by size of the answer',
    stepsTitle: 'size of the body',
    logarithmic: true,
    turns: 2,
    turnS: 2,
    steps: bodies.map((bytes, i) => ({
      label: ['0', '10 KB', '100 KB', '1 MB', '10 MB'][i] ?? '',
      servers: 3,
      job: { path: `/body-${bytes}`, connections: 16 },
    })),
  },
  {
    id: 'connections',
    title: 'Cost of a request by connections of clients',
    stepsTitle: 'connections, all of them busy',
    logarithmic: false,
    // Every turn begins with new connections, and those are not what is asked for.
    turns: 2,
    turnS: 2,
    steps: [1, 8, 64, 256, 1_024].map((connections) => ({
      label: connections.toLocaleString('en'),
      servers: 3,
      job: { ...usual, connections },
    })),
  },
]
