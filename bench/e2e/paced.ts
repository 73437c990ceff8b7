import { LOAD_CORE, type NodeProcess, startNode } from './process.js'

/** What came of requests at a fixed rate; latencies are from when each was due. */
export interface PacedResult {
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** How late the load was with its requests, while it had a connection for them. */
  readonly lateP99Ms: number
}

/** Later than this the load shows what else goes on in the machine, and not what the gateway does. */
const LATE_MS = 1
const TRIES = 2

/** A process that sends requests at a fixed rate, whether answers come or not. */
export class PacedLoad {
  readonly #process: NodeProcess

  private constructor(process: NodeProcess) {
    this.#process = process
  }

  /** @param file the requests, as a list in JSON; they are sent one after the other, over and over */
  static async start(file: string, port: number, connections: number): Promise<PacedLoad> {
    const args = [file, String(port), String(connections)]
    return new PacedLoad(await startNode(LOAD_CORE, 'e2e/paced-load.js', args))
  }

  /**
   * Where the load itself was late, it is run again.
   * @param rate requests a second
   * @param tries how often at most
   * @throws Error when a single answer was missing or not as it should be
   */
  async run(rate: number, seconds: number, tries = TRIES): Promise<PacedResult> {
    for (let turn = 1; ; turn += 1) {
      const answer = await this.#process.ask({ rate, seconds })
      const { errors, ...result } = answer as PacedResult & { readonly errors: number }
      if (errors > 0) throw new Error(`${errors} of ${result.requests} requests failed`)
      if (result.lateP99Ms <= LATE_MS || turn === tries) return result
    }
  }

  end(): Promise<void> {
    return this.#process.stop()
  }
}
