import type { RetryConfig } from '../config.js'
import type { Outcome } from '../kernel/outcome.js'

/** How far a request got, as the transport knows it: whether it may be sent once more. */
export interface RetryFacts {
  readonly method: string
  /** A byte of the request may have reached the server. */
  readonly sent: boolean
  /** A byte of a response went to the client. */
  readonly answered: boolean
  /** The body can be sent from its start: nothing of its stream was read, or it was kept. */
  readonly replayable: boolean
}

/**
 * Whether a request may go to another server (nginx/semantics 4.3). Says nothing about whether
 * there is one: each serves a request once at most, and that alone bounds `tries: 0`.
 * @param status of the response; looked at only where the outcome is a status.
 * @param triesSpent attempts of this request that sent a byte; the others cost no try.
 * @param ageMs since the request came in.
 */
export function mayRetry(
  config: RetryConfig,
  outcome: Outcome,
  status: number,
  facts: RetryFacts,
  triesSpent: number,
  ageMs: number,
): boolean {
  return (
    enabled(config, outcome, status) &&
    mayResend(config, facts) &&
    (config.tries === 0 || triesSpent < config.tries) &&
    (config.timeoutMs === 0 || ageMs < config.timeoutMs)
  )
}

/** Whether sending the request once more, to any server, can do no harm. */
export function mayResend(
  config: Pick<RetryConfig, 'nonIdempotent'>,
  { method, sent, answered, replayable }: RetryFacts,
): boolean {
  return !answered && replayable && (!sent || config.nonIdempotent || isIdempotent(method))
}

// Those three are nginx's. CONNECT is no request of its own meaning but the start of a tunnel.
const NON_IDEMPOTENT: ReadonlySet<string> = new Set(['POST', 'LOCK', 'PATCH', 'CONNECT'])

/** Whether serving a request twice has the effect of serving it once. */
export function isIdempotent(method: string): boolean {
  return !NON_IDEMPOTENT.has(method)
}

function enabled(config: RetryConfig, { condition }: Outcome, status: number): boolean {
  switch (condition) {
    case 'error':
      return config.error
    case 'timeout':
      return config.timeout
    case 'invalid-header':
      return config.invalidHeader
    case 'status':
      return config.statuses.has(status)
    case undefined:
      return false
  }
}
