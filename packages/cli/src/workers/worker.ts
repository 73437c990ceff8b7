import type { FastifyBaseLogger } from 'fastify'
import { loadGateway } from '../config/load.js'
import type { Io } from '../io.js'
import { RunningGateway } from '../serve/gateway.js'
import { processName } from '../serve/process-name.js'
import type { FromWorker, ToWorker } from './messages.js'
import { SharedStore } from './shared-store.js'

/** A worker process: it serves what the primary process tells it to, until that says drain. */
export async function runWorker(
  file: string,
  deadline: string,
  io: Io,
  log: FastifyBaseLogger,
): Promise<void> {
  const send = (message: FromWorker): void => {
    // Without a callback a primary process that has just gone would be an error event.
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }
  const store = new SharedStore({ send })
  const gateway = new RunningGateway({ log, store, replica: processName() })
  const follow = async (): Promise<void> => {
    for (const url of await gateway.follow(loadGateway(file, io))) log.info({ url }, 'listening')
  }
  const starting = follow()
  let following = starting
  const followAnew = (): void => {
    following = following.then(follow).catch((error: unknown) => {
      log.error({ err: error }, 'the new configuration is not in force')
    })
  }
  const leave = async (): Promise<void> => {
    await gateway.drain(deadline)
    await gateway.close()
    process.disconnect?.()
  }
  // The signals of a terminal reach every process; only the primary one acts on them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('message', (message: ToWorker) => {
    if (store.take(message)) return
    if (message.kind === 'follow') followAnew()
    else if (message.kind === 'drain') void leave()
    else if (message.kind === 'snapshot') send({ ...message, value: gateway.snapshot() })
  })
  await starting
  send({ kind: 'ready' })
  await new Promise<void>((resolve) => process.once('disconnect', resolve))
  await gateway.close()
}
