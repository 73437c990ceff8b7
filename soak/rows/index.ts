import type { Row } from '../row.js'
import { brownouts } from './brownouts.js'
import { chaos } from './chaos.js'
import { cookies } from './cookies.js'
import { dependencies } from './dependencies.js'
import { dyingServers } from './dying-servers.js'
import { faultyAnswers } from './faulty-answers.js'
import { fleet } from './fleet.js'
import { forwarding } from './forwarding.js'
import { framing } from './framing.js'
import { fuzz } from './fuzz.js'
import { leavingClients } from './leaving-clients.js'
import { memory } from './memory.js'
import { restarts } from './restarts.js'
import { secrets } from './secrets.js'
import { sidecar } from './sidecar.js'
import { streams } from './streams.js'

/**
 * Every row of the scorecards, in the order of their ids. A list of rows that is added here is
 * run, printed and written down with the others.
 */
export const rows: readonly Row[] = inOrder([
  ...dyingServers,
  ...faultyAnswers,
  ...brownouts,
  ...leavingClients,
  ...memory,
  ...chaos,
  ...framing,
  ...cookies,
  ...secrets,
  ...forwarding,
  ...fuzz,
  ...dependencies,
  ...streams,
  ...restarts,
  ...fleet,
  ...sidecar,
])

/** R1, R2, R10, S1: by letters, and then by number. */
function inOrder(list: readonly Row[]): Row[] {
  const kinds = ['R', 'S']
  const place = (id: string): number => {
    const [, letters = '', number = '0'] = /^([A-Z]+)(\d*)$/.exec(id) ?? []
    const kind = kinds.indexOf(letters)
    return (kind < 0 ? kinds.length : kind) * 1_000 + (kind < 0 ? 0 : Number(number))
  }
  return list.toSorted((a, b) => place(a.id) - place(b.id))
}
