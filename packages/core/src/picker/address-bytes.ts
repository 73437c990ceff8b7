import { isIP } from 'node:net'

const DOT = 0x2e
const COLON = 0x3a
const PERCENT = 0x25

/**
 * Writes the bytes of an IP address in text form to the front of `bytes`, which has 16.
 * @returns how many they are: 4, 16, or 0 when the text is no address.
 */
export function addressBytes(text: string, bytes: Uint8Array): 0 | 4 | 16 {
  switch (isIP(text)) {
    case 4:
      readIpv4(text, 0, bytes, 0)
      return 4
    case 6:
      readIpv6(text, bytes)
      return 16
    default:
      return 0
  }
}

// From here on the text is known to be well formed.

function readIpv4(text: string, start: number, bytes: Uint8Array, offset: number): void {
  let at = offset
  let value = 0
  for (let i = start; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      bytes[at] = value
      at += 1
      value = 0
    } else {
      value = value * 10 + code - 0x30
    }
  }
  bytes[at] = value
}

function readIpv6(text: string, bytes: Uint8Array): void {
  let at = 0
  let gap = -1
  let value = 0
  let start = 0
  for (let i = 0; i <= text.length; i += 1) {
    const code = i < text.length ? text.charCodeAt(i) : PERCENT
    if (code === DOT) {
      readIpv4(text, start, bytes, at)
      at += 4
      break
    }
    if (code === COLON || code === PERCENT) {
      if (i > start) {
        bytes[at] = value >> 8
        bytes[at + 1] = value & 0xff
        at += 2
      } else if (code === COLON) {
        gap = at
      }
      // The zone after a percent sign is no part of the address.
      if (code === PERCENT) break
      value = 0
      start = i + 1
    } else {
      value = value * 16 + hexDigit(code)
    }
  }
  if (gap < 0) return
  const end = 16 - (at - gap)
  bytes.copyWithin(end, gap, at)
  bytes.fill(0, gap, end)
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57
}
