// @ts-check

const PARENT_CHECK_MS = 500

/**
 * Whoever ends npm wants its script ended, but npm tells only the shell between the two, which
 * tells nobody. A process that is left without its parent therefore asks itself to stop.
 */
export function endWithParent() {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_CHECK_MS)
  timer.unref()
}

/** Turns a signal into an exit, so that what was started for this process can be ended on exit. */
export function exitOnSignals() {
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
}
