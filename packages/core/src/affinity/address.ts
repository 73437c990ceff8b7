const LONGEST_IPV6 = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'.length
const WORDS = 8

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
  return mappedIPv4(words) ?? formatIPv6(words.map((word, i) => word & mask(ipv6Prefix - 16 * i)))
}

function isIPv4(text: string, from = 0): boolean {
  let octets = 1
  let digits = 0
  let value = 0
  for (let i = from; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === 0x2e) {
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
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)
  const host = bracketed?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text
  const zone = host.indexOf('%')
  return zone < 0 ? host : host.slice(0, zone)
}

function parseIPv6(text: string): readonly number[] | undefined {
  if (text.length > LONGEST_IPV6) return undefined
  const halves = withoutDots(text)?.split('::').map(parseWords)
  const head = halves?.[0]
  if (halves === undefined || head === undefined) return undefined
  if (halves.length === 1) return head.length === WORDS ? head : undefined
  const tail = halves[1]
  const gap = WORDS - head.length - (tail?.length ?? WORDS)
  if (halves.length > 2 || tail === undefined || gap < 1) return undefined
  return [...head, ...new Array<number>(gap).fill(0), ...tail]
}

/** The same address with a dotted end written as two groups. */
function withoutDots(text: string): string | undefined {
  if (!text.includes('.')) return text
  const start = text.lastIndexOf(':') + 1
  const dotted = text.slice(start)
  if (start === 0 || !isIPv4(dotted)) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number)
  return `${text.slice(0, start)}${hex(a * 256 + b)}:${hex(c * 256 + d)}`
}

function parseWords(text: string): readonly number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  return groups.map((group) => Number.parseInt(group, 16))
}

function mappedIPv4(words: readonly number[]): string | undefined {
  const [high = 0, low = 0] = words.slice(6)
  if (words[5] !== 0xffff || words.slice(0, 5).some((word) => word !== 0)) return undefined
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`
}

/** The bits of one word that count when `bits` more of the whole do. */
function mask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff
}

/** RFC 5952: `::` stands for the longest run of two zero words or more, the first of equals. */
function formatIPv6(words: readonly number[]): string {
  let gapStart = -1
  let gapLength = 1
  for (let start = 0; start < WORDS; start += 1) {
    let length = 0
    while (words[start + length] === 0) length += 1
    if (length > gapLength) {
      gapStart = start
      gapLength = length
    }
  }
  const text = (from: number, to?: number): string => words.slice(from, to).map(hex).join(':')
  return gapStart < 0 ? text(0) : `${text(0, gapStart)}::${text(gapStart + gapLength)}`
}

function hex(word: number): string {
  return word.toString(16)
}
