/** What a character may be part of (RFC 9110, 5.5 and 5.6.2). */
const TOKEN = 1
const TEXT = 2

const TOKEN_CHARS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const kinds = kindsOfCharacters()

function kindsOfCharacters(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(TEXT, 0x20, 0x7f)
  table.fill(TEXT, 0x80)
  table[0x09] = TEXT
  for (const char of TOKEN_CHARS) table[char.charCodeAt(0)] = TOKEN | TEXT
  return table
}

export const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const COLON = 0x3a

/** Whether a character may stand in the name of a field. */
export function isTokenCode(code: number): boolean {
  return ((kinds[code] ?? 0) & TOKEN) !== 0
}

/** Whether a character may stand in a field's value or a reason phrase. */
export function isTextCode(code: number): boolean {
  return ((kinds[code] ?? 0) & TEXT) !== 0
}

export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (!isTokenCode(text.charCodeAt(i))) return false
  }
  return text !== ''
}

/** Whether a text can be a value on the wire: nothing in it ends the line or is cut to a byte that does. */
export function isFieldText(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (!isTextCode(text.charCodeAt(i))) return false
  }
  return true
}
