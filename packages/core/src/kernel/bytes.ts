/**
 * The UTF-8 bytes of a text as a byte string (one character a byte), the form in which every
 * hash of this core takes its input. Pure ASCII comes back as it is.
 */
export function byteString(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1')
  }
  return text
}
