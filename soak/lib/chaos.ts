import * as does from '@holdfast/test/fixtures/behaviour.js'
import type { FaultServer } from '@holdfast/test/fixtures/fault-server.js'
import { cookieBombs, framingAttacks, say, socketNoise } from '@holdfast/test/fixtures/hostile.js'
import { type Junk, junk, junkHeads } from '@holdfast/test/fixtures/junk.js'
import { connectRaw, get, post } from '@holdfast/test/fixtures/raw-client.js'
import fc from 'fast-check'
import type { Trial } from '../trial.js'
import type { Gateway } from './gateway.js'
import { type AppProcess, spawnServer } from './site.js'
import { wait } from './wait.js'

/** Something that goes wrong for a while, and is well again when it resolves. */
export interface Trouble {
  readonly name: string
  /** The server that it befalls; undefined where it is clients that behave badly. */
  readonly server: string | undefined
  readonly befall: (forMs: number) => Promise<void>
}

/** Servers of the chaos: processes, one of which may be another by now, and a scripted one. */
export interface Victims {
  readonly processes: Map<string, AppProcess>
  readonly scripted: FaultServer
  /** What the scripted one does when it is well. */
  readonly well: does.Behaviour
  readonly retired: AppProcess[]
}

export const SCRIPTED = 'd'

export function processTroubles(trial: Trial, { processes, retired }: Victims): Trouble[] {
  return [...processes.keys()].flatMap((name) => {
    const current = (): AppProcess => {
      const server = processes.get(name)
      if (server === undefined) throw new Error(`no server ${name}`)
      return server
    }
    return [
      {
        name: 'killed',
        server: name,
        async befall(forMs: number) {
          const old = current()
          await old.kill()
          retired.push(old)
          await wait(forMs)
          processes.set(name, await spawnServer(trial, { name, delayMs: 5, port: old.port }))
        },
      },
      {
        name: 'frozen',
        server: name,
        async befall(forMs: number) {
          const server = current()
          server.freeze()
          await wait(forMs)
          server.thaw()
        },
      },
    ]
  })
}

export function scriptedTroubles(trial: Trial, { scripted, well }: Victims): Trouble[] {
  const anyJunk = (): does.Behaviour => {
    const names = Object.keys(junkHeads) as Junk[]
    return junk(names[trial.random.below(names.length)] ?? 'not HTTP')
  }
  const behaviours: Readonly<Record<string, () => does.Behaviour>> = {
    'resets requests': () => does.reset(),
    'ends its connections': () => does.end(),
    'answers junk': anyJunk,
    'answers 500': () => does.answer({ status: 500 }),
    'answers 500 now and then': () =>
      trial.random.below(3) === 0 ? does.answer({ status: 500 }) : well,
    'drips its head': () => does.drip(well, 100, 'head'),
    'is silent': () => does.hang(),
    'closes idle connections late': () => ({ ...well, ending: 'reset-on-reuse' }),
  }
  const trouble = (name: string, befall: Trouble['befall']): Trouble => ({
    name,
    server: SCRIPTED,
    befall,
  })
  return [
    ...Object.entries(behaviours).map(([name, behaviour]) =>
      trouble(name, async (forMs) => {
        scripted.behave(behaviour)
        await wait(forMs)
        scripted.behave(() => well)
      }),
    ),
    trouble('refuses connections', async (forMs) => {
      scripted.refuse()
      scripted.drop()
      await wait(forMs)
      await scripted.accept()
    }),
  ]
}

export function clientTroubles(trial: Trial, { address }: Gateway): Trouble[] {
  const repeatedly = (name: string, act: () => Promise<unknown>): Trouble => ({
    name,
    server: undefined,
    async befall(forMs) {
      const overMs = performance.now() + forMs
      while (performance.now() < overMs) {
        // They may be refused, cut off, or not answered in time: it is others who must be served.
        await act().catch(() => {})
        await wait(10)
      }
    },
  })
  return [
    repeatedly('clients leave', async () => {
      const client = await connectRaw(address)
      client.send(trial.random.below(2) === 0 ? get('/') : post('/', 'x'.repeat(10_000)))
      await wait(trial.random.below(15))
      client.abort()
    }),
    repeatedly('noise', async () => {
      const [bytes = Buffer.alloc(0)] = fc.sample(socketNoise, {
        numRuns: 1,
        seed: trial.random.below(2 ** 31),
      })
      await say(address, bytes)
    }),
    repeatedly('smuggling', async () => {
      const attack = framingAttacks[trial.random.below(framingAttacks.length)]
      if (attack !== undefined) await say(address, attack)
    }),
    repeatedly('cookie bombs', async () => {
      const bomb = cookieBombs[trial.random.below(cookieBombs.length)]
      await say(address, Buffer.from(get('/', `Cookie: ${bomb}`, 'Connection: close')))
    }),
  ]
}
