const table = new Uint32Array(256)
for (let byte = 0; byte < 256; byte += 1) {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  table[byte] = value
}

/**
 * CRC-32 (IEEE, as zlib) of a byte string: a string whose character codes are bytes. This is how
 * Node hands out header values, so a key is hashed as it was on the wire without a copy.
 * @param crc the result for what came before, to go on from there.
 */
export function crc32(text: string, crc = 0): number {
  let value = ~crc
  for (let i = 0; i < text.length; i += 1) {
    // The index is masked to a byte and the table has 256 entries.
    value = (value >>> 8) ^ (table[(value ^ text.charCodeAt(i)) & 0xff] as number)
  }
  return ~value >>> 0
}

/** The same, one 32-bit number further, least significant byte first. */
export function crc32LittleEndian(word: number, crc: number): number {
  let value = ~crc
  for (let shift = 0; shift < 32; shift += 8) {
    value = (value >>> 8) ^ (table[(value ^ (word >>> shift)) & 0xff] as number)
  }
  return ~value >>> 0
}
