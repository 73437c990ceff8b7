import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewayName } from '../e2e/gateways.js'
import { Load } from '../e2e/load.js'
import { type Running, startServers } from '../e2e/process.js'
import { type Contender, Rounds, takeTurns, withSet } from '../e2e/turns.js'
import { type Spread, spreadOf } from '../lib/statistics.js'
import { loopbackAddresses } from '../scale/loopback.js'
import { bodies, names, type Series, type Step } from './series.js'

const SETS = 2
const WARM_UP_REQUESTS = 10_000
const STEP_WARM_UP_S = 1

/** Microseconds of processor time a request, one spread a step. */
export type Lines = Readonly<Partial<Record<GatewayName, readonly Spread[]>>>

/** Measures all gateways in turn at every step, in several sets of fresh processes. */
export async function measureSeries(
  { steps, turns, turnS }: Series,
  tell: (text: string) => void,
): Promise<Lines> {
  const rounds = steps.map(() => new Rounds<number>())
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  for (const bytes of bodies) writeFileSync(join(folder, `body-${bytes}`), Buffer.alloc(bytes, 'x'))
  const origin = await startServers(
    1,
    (port) => `server {
      listen 0.0.0.0:${port};
      location / { return 200 "hello\\n"; }
      location /body { root ${folder}; }
    }`,
  )
  const port = Number(origin.addresses[0]?.split(':').at(-1))
  try {
    for (let set = 1; set <= SETS; set += 1) {
      for (const group of groupsOf(steps)) {
        const servers = loopbackAddresses(group[0]?.servers ?? 0, port)
        await withSet(names, servers, warm, async (contenders) => {
          for (const step of group) {
            tell(`set ${set} of ${SETS}: ${step.label}`)
            const at = rounds[steps.indexOf(step)]
            await runStep(contenders, step, async (loaded) => {
              await takeTurns(turns, loaded, async ({ name, running, load }) => {
                const before = running.processorMs()
                const { requests } = await load.run(turnS)
                at?.add(name, ((running.processorMs() - before) * 1_000) / requests)
              })
            })
          }
        })
      }
    }
  } finally {
    await origin.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return Object.fromEntries(
    names
      .filter((name) => rounds.every((at) => at.of(name).length > 0))
      .map((name) => [name, rounds.map((at) => spreadOf(at.of(name)))]),
  )
}

/** Steps next to one another that the same gateways can serve. */
function groupsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const groups: Step[][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    if (last?.[0]?.servers === step.servers) last.push(step)
    else groups.push([step])
  }
  return groups
}

const warm = {
  async warm({ port }: Running): Promise<void> {
    const load = await Load.begin(port)
    for (let sent = 0; sent < WARM_UP_REQUESTS; ) sent += (await load.run(1)).requests
    load.end()
  },
  end: (): void => {},
}

/** Puts the step's load on gateways that are warm, and ends it again. */
async function runStep(
  contenders: ReadonlyArray<Contender<void>>,
  { job }: Step,
  play: (loaded: ReadonlyArray<Contender<Load>>) => Promise<void>,
): Promise<void> {
  const loaded: Array<Contender<Load>> = []
  try {
    for (const { name, running } of contenders) {
      const load = await Load.begin(running.port, job)
      loaded.push({ name, running, load })
      await load.run(STEP_WARM_UP_S)
    }
    await play(loaded)
  } finally {
    for (const { load } of loaded) load.end()
  }
}
