import cluster from 'node:cluster'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { parseDuration, systemClock } from '@holdfast/core'
import { MemoryStore } from '@holdfast/core/fleet'
import type { FastifyBaseLogger } from 'fastify'
import { type Command, defineCommand } from '../command.js'
import { loadGateway } from '../config/load.js'
import { CommandError, type ExitCode, exit } from '../exit.js'
import type { Io } from '../io.js'
import { OperatorListeners } from '../serve/admin.js'
import { RunningGateway } from '../serve/gateway.js'
import { createLogger } from '../serve/logger.js'
import { processName } from '../serve/process-name.js'
import { watchFolderOf } from '../serve/watch.js'
import { Workers } from '../workers/primary.js'
import { runWorker } from '../workers/worker.js'

const DEADLINE = '30s'
const MOST_WORKERS = 256

export const serve: Command = defineCommand({
  name: 'serve',
  summary: 'Run a gateway file.',
  operands: ['CONFIG'],
  flags: {
    watch: { type: 'boolean', help: 'Take over changes of the file, and of what lies beside it.' },
    workers: { type: 'string', hint: 'N', help: 'Processes that serve; one unless given.' },
    drain: {
      type: 'string',
      hint: 'TIME',
      help: `How long requests may take to end at the end; ${DEADLINE} unless given.`,
    },
  },
  details: `
SIGHUP reads the file, its certificates and its keys anew. A new list of servers or keys is taken
over as it is; other changes get a gateway of their own, while the one before answers what it has
begun. A file that is wrong is told in the log and changes nothing.

SIGTERM and SIGINT drain: /readyz says 503, answers ask for their connection to be closed, and when
nothing comes any more, or after --drain, the process ends. A second one ends it at once.

Workers share the listeners and what they know of the servers' health.`,
  async run({ values, operands: [file = ''], io }) {
    const { drain = DEADLINE } = values
    if (parseDuration(drain) === undefined) {
      throw new CommandError(`--drain must be a duration such as 30s (got ${drain})`)
    }
    const count = Number(values.workers ?? 1)
    if (!Number.isInteger(count) || count < 1 || count > MOST_WORKERS) {
      throw new CommandError(`--workers must be 1 to ${MOST_WORKERS} (got ${values.workers})`)
    }
    if (cluster.isWorker) {
      await runWorker(file, drain, io, createLogger(io.stdout, String(process.pid)))
      return exit.ok
    }
    const log = createLogger(io.stdout)
    const server = count === 1 ? new Alone(file, drain, io, log) : new Primary(file, count, io, log)
    return await attend(server, values.watch ? resolve(io.cwd, file) : undefined, log)
  },
})

/** A gateway in operation, however many processes it takes. */
interface Served {
  start(): Promise<void>
  /** Reads the configuration anew. @throws what is wrong with it; nothing has changed then. */
  follow(): Promise<void>
  /** @returns whether every request had its answer. */
  stop(): Promise<boolean>
}

/** Serves until a signal says otherwise. */
async function attend(
  served: Served,
  watched: string | undefined,
  log: FastifyBaseLogger,
): Promise<ExitCode> {
  const starting = started(served)
  let following = starting
  const follow = (): void => {
    // One after the other: two at once would not know which is the last.
    following = following.then(() =>
      served.follow().then(
        () => log.info('configuration read anew'),
        (error: unknown) => log.error({ err: error }, 'the new configuration is not in force'),
      ),
    )
  }
  // Before the start is over, or a signal that comes early would end the process.
  process.on('SIGHUP', follow)
  const unwatch = watched === undefined ? () => {} : watchFolderOf(watched, follow)
  try {
    await starting
  } catch (error) {
    process.off('SIGHUP', follow)
    unwatch()
    throw error
  }
  const [signal] = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  log.info({ signal }, 'draining')
  const impatient = (): void => process.exit(exit.no)
  process.once('SIGTERM', impatient).once('SIGINT', impatient)
  unwatch()
  process.off('SIGHUP', follow)
  const ended = await served.stop()
  process.off('SIGTERM', impatient).off('SIGINT', impatient)
  log.info(ended ? 'every request has ended' : 'some requests had to be cut off')
  return ended ? exit.ok : exit.no
}

async function started(served: Served): Promise<void> {
  try {
    await served.start()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new CommandError((error as Error).message, exit.usage, { cause: error })
    }
    throw error
  }
}

/** The gateway in this very process. */
class Alone implements Served {
  readonly #load: () => ReturnType<typeof loadGateway>
  readonly #deadline: string
  readonly #log: FastifyBaseLogger
  readonly #gateway: RunningGateway
  readonly #operators: OperatorListeners

  constructor(file: string, deadline: string, io: Io, log: FastifyBaseLogger) {
    const gateway = new RunningGateway({
      log,
      store: new MemoryStore(systemClock),
      replica: processName(),
    })
    this.#load = () => loadGateway(file, io)
    this.#deadline = deadline
    this.#log = log
    this.#gateway = gateway
    this.#operators = new OperatorListeners(
      {
        get draining() {
          return gateway.draining
        },
        snapshots: async () => [gateway.snapshot()],
        handle: {
          snapshot: () => gateway.snapshot(),
          get: (name) => gateway.holdfast.get(name) as never,
        },
      },
      log,
    )
  }

  async start(): Promise<void> {
    await this.follow()
  }

  async follow(): Promise<void> {
    const config = this.#load()
    for (const url of await this.#gateway.follow(config)) this.#log.info({ url }, 'listening')
    for (const [what, url] of await this.#operators.follow(config)) {
      this.#log.info({ url, for: what }, 'listening')
    }
  }

  async stop(): Promise<boolean> {
    const ended = await this.#gateway.drain(this.#deadline)
    await this.#gateway.close()
    await this.#operators.close()
    return ended
  }
}

/** The process that looks after the workers, and serves operators only. */
class Primary implements Served {
  readonly #load: () => ReturnType<typeof loadGateway>
  readonly #count: number
  readonly #log: FastifyBaseLogger
  readonly #workers: Workers
  readonly #operators: OperatorListeners

  constructor(file: string, count: number, io: Io, log: FastifyBaseLogger) {
    const workers = new Workers(log)
    this.#load = () => loadGateway(file, io)
    this.#count = count
    this.#log = log
    this.#workers = workers
    this.#operators = new OperatorListeners(
      {
        get draining() {
          return workers.draining
        },
        snapshots: () => workers.snapshots(),
        handle: undefined,
      },
      log,
    )
  }

  async start(): Promise<void> {
    const config = this.#load()
    await this.#workers.start(this.#count)
    await this.#listen(config)
  }

  async follow(): Promise<void> {
    const config = this.#load()
    this.#workers.follow()
    await this.#listen(config)
  }

  async stop(): Promise<boolean> {
    await this.#workers.drain()
    await this.#operators.close()
    return true
  }

  async #listen(config: ReturnType<typeof loadGateway>): Promise<void> {
    for (const [what, url] of await this.#operators.follow(config)) {
      this.#log.info({ url, for: what }, 'listening')
    }
  }
}
