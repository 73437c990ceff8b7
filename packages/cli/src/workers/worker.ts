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
    if (process.connected) process.send?.(message)
  }
  const store = new SharedStore({ send })
  const gateway = new RunningGateway({ log, store, replica: processName() })
  const follow = async (): Promise<void> => {
    try {
      for (const url of await gateway.follow(loadGateway(file, io))) log.info({ url }, 'listening')
    } catch (error) {
      log.error({ err: error }, 'the new configuration is not in force')
    }
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
    if (message.kind === 'follow') void follow()
    else if (message.kind === 'drain') void leave()
    else if (message.kind === 'snapshot') send({ ...message, value: gateway.snapshot() })
  })
  for (const url of await gateway.follow(loadGateway(file, io))) log.info({ url }, 'listening')
  send({ kind: 'ready' })
  await new Promise<void>((resolve) => process.once('disconnect', resolve))
  await gateway.close()
}
