import { type Server as NetServer, Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Gateway } from './gateway.js'
import type { Deadlines } from './transport/deadlines.js'

/** Nothing has come for so long: whoever is in front has understood. */
const QUIET_MS = 1_000

/** How long a connection that was accepted last may take to send its request. */
const LAST_CALL_MS = 200

const LOOK_MS = 20

/** However slow the last answers are, closing must not wait for ever after the deadline. */
const LAST_ANSWERS_MS = 5_000

/**
 * Takes a gateway out of service without losing a request. First it serves on, and every answer
 * asks for the connection to be closed, until nothing comes any more or the deadline is there.
 * Then it takes no new connections, and answers what is still under way: closing at once would
 * reset those whose request is on the wire.
 * @returns whether every request had ended.
 */
export async function drain(
  gateway: Gateway,
  server: NetServer,
  deadlineMs: number,
): Promise<boolean> {
  const { deadlines } = gateway
  const startedMs = deadlines.nowMs()
  void gateway.sayGoodbye()
  await waitUntil(deadlines, startedMs + deadlineMs, () => gateway.quietFor(QUIET_MS))
  stopAccepting(server)
  const lastMs = deadlines.nowMs() + LAST_ANSWERS_MS
  const calledMs = deadlines.nowMs() + LAST_CALL_MS
  await waitUntil(
    deadlines,
    lastMs,
    () => deadlines.nowMs() >= calledMs && gateway.quietFor(LAST_CALL_MS),
  )
  return gateway.quietFor(0)
}

/** Only the listening ends here; `app.close()` closes the rest, as ever. */
function stopAccepting(server: NetServer): void {
  if (server.listening) Server.prototype.close.call(server)
}

async function waitUntil(
  deadlines: Deadlines,
  latestMs: number,
  done: () => boolean,
): Promise<void> {
  // A timer that holds the process: once nothing listens and the clients are gone, nothing else does.
  while (!done() && deadlines.nowMs() < latestMs) await delay(LOOK_MS)
}
