/** A server that let a request wait until its time was over. */
export interface Timeout {
  readonly address: string
  /** Wall milliseconds since 1970. */
  readonly atMs: number
}

interface MovedLine {
  readonly time: number
  readonly upstreamAddr?: readonly string[]
  readonly upstreamStatus?: readonly number[]
}

/** The timeouts of requests that moved, as a gateway with `log: 'moved'` tells of them. */
export function timeoutsIn(output: string): readonly Timeout[] {
  const lines = output.split('\n').slice(0, -1)
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as MovedLine)
    .flatMap(({ time, upstreamAddr = [], upstreamStatus = [] }) =>
      upstreamAddr
        .filter((_, attempt) => upstreamStatus[attempt] === 504)
        .map((address) => ({ address, atMs: time })),
    )
}
