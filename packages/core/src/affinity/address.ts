const WORDS = 8
const DOT = 0x2e
const COLON = 0x3a

/**
 * The one text of an IP address, whatever the spelling: IPv4 in dotted form, also where it came
 * mapped into IPv6; IPv6 as in RFC 5952. A port, brackets and a zone are dropped. Undefined for
 * what is no address.
 * @param ipv6Prefix leading bits of an IPv6 address that are kept; the others become zero.
 */
export function canonicalAddress(text: string, ipv6Prefix = 128): string | undefined {
  if (isIPv4(text)) return text
  // What a dual-stack socket says of every IPv4 client.
  if (text.startsWith('::ffff:') && isIPv4(text, '::ffff:'.length)) return text.slice(7)
  const bare = bareAddress(text)
  if (isIPv4(bare)) return bare
  const words = parseIPv6(bare)
  if (words === undefined) return undefined
  return mappedIPv4(words) ?? formatIPv6(words, ipv6Prefix)
}

function isIPv4(text: string, from = 0): boolean {
  let octets = 1
  let digits = 0
  let value = 0
  for (let i = from; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (digits === 0 || octets === 4) return false
      octets += 1
      digits = 0
      value = 0
    } else {
      // 010 is 8 to some readers and 10 to others, so it is nobody's address.
      if (code < 0x30 || code > 0x39 || (digits > 0 && value === 0)) return false
      value = value * 10 + code - 0x30
      if (value > 255) return false
      digits += 1
    }
  }
  return octets === 4 && digits > 0
}

function bareAddress(text: string): string {
  const bracketed = text.startsWith('[') ? /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] : undefined
  const host = bracketed ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text
  const zone = host.indexOf('%')
  return zone < 0 ? host : host.slice(0, zone)
}

/** The eight words of an IPv6 address in any of its spellings, or undefined. */
function parseIPv6(text: string): readonly number[] | undefined {
  const words: number[] = []
  let gap = text.startsWith('::') ? 0 : -1
  let at = gap < 0 ? 0 : 2
  while (at < text.length) {
    const start = at
    while (isHexDigit(text.charCodeAt(at))) at += 1
    if (at === start || at - start > 4 || words.length === WORDS) return undefined
    if (text.charCodeAt(at) === DOT) {
      if (!isIPv4(text, start)) return undefined
      words.push(...dottedWords(text.slice(start)))
      break
    }
    words.push(Number.parseInt(text.slice(start, at), 16))
    if (at === text.length) break
    if (text.charCodeAt(at) !== COLON || at + 1 === text.length) return undefined
    at += 1
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined
      gap = words.length
      at += 1
    }
  }
  return withGap(words, gap)
}

function withGap(words: readonly number[], gap: number): readonly number[] | undefined {
  const missing = WORDS - words.length
  if (gap < 0) return missing === 0 ? words : undefined
  if (missing < 1) return undefined
  return [...words.slice(0, gap), ...new Array<number>(missing).fill(0), ...words.slice(gap)]
}

function dottedWords(dotted: string): readonly [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

function isHexDigit(code: number): boolean {
  const lower = code | 0x20
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x66)
}

function mappedIPv4(words: readonly number[]): string | undefined {
  if (words[5] !== 0xffff || words.findIndex((word) => word !== 0) !== 5) return undefined
  const [high = 0, low = 0] = words.slice(6)
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`
}

/** RFC 5952: `::` stands for the longest run of two zero words or more, the first of equals. */
function formatIPv6(address: readonly number[], prefix: number): string {
  const words = prefix < 128 ? address.map((word, i) => word & mask(prefix - 16 * i)) : address
  let gapStart = WORDS
  let gapLength = 1
  for (let start = 0; start < WORDS; start += 1) {
    let length = 0
    while (words[start + length] === 0) length += 1
    if (length > gapLength) {
      gapStart = start
      gapLength = length
    }
  }
  const gapEnd = gapStart + gapLength
  let text = gapStart === 0 ? ':' : ''
  for (let i = 0; i < WORDS; i += 1) {
    if (i === gapStart) text += ':'
    else if (i < gapStart || i >= gapEnd)
      text += `${words[i]?.toString(16)}${i < WORDS - 1 ? ':' : ''}`
  }
  return text
}

/** The bits of one word that count when `bits` more of the whole do. */
function mask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff
}
