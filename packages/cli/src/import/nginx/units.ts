/** nginx's time as ours: a bare number is seconds. Undefined for what is no time. */
export function durationOf(text: string): string | undefined {
  const plain = text.trim()
  if (!/^(\d+(ms|[yMwdhms]?)\s*)+$/.test(plain)) return undefined
  return /\d$/.test(plain) ? `${plain}s` : plain
}

/** nginx's size in bytes; undefined for what is none. */
export function bytesOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  const factor = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unit?.toLowerCase() ?? ''] ?? 1
  return Number(digits) * factor
}
