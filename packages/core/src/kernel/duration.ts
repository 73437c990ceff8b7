const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['y', 31_536_000_000],
  ['M', 2_592_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
])

// Node's timers and 32-bit arithmetic end near 24 days, but cookies live for years.
const LONGEST_MS = 100 * 31_536_000_000

/**
 * Milliseconds of a text such as `'30s'`, `'1h 30m'` or `'500ms'`, with nginx's units from the
 * longest to the shortest: y, M (30 days), w, d, h, m, s, ms. Undefined for anything else, a bare
 * number included: nginx users mean seconds by it and Node users milliseconds.
 */
export function parseDuration(text: string): number | undefined {
  let total = 0
  let previous = Number.POSITIVE_INFINITY
  let rest = text
  while (rest !== '') {
    const part = /^(\d{1,12})(ms|[yMwdhms])\s*/.exec(rest)
    const unit = UNIT_MS.get(part?.[2] ?? '')
    if (part === null || unit === undefined || unit >= previous) return undefined
    total += Number(part[1]) * unit
    previous = unit
    rest = rest.slice(part[0].length)
  }
  return previous === Number.POSITIVE_INFINITY || total > LONGEST_MS || /\s$/.test(text)
    ? undefined
    : total
}
