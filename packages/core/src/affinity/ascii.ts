/**
 * Lower case as the wire has it: A to Z only. `toLowerCase` would also change bytes above 0x7f,
 * which in a byte string are halves of UTF-8 characters.
 */
export function lowerCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text
}

/** Whether `name`, itself in lower case, stands in `text` at `at`, whatever the case there. */
export function standsAt(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const code = text.charCodeAt(at + i)
    const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code
    if (lower !== name.charCodeAt(i)) return false
  }
  return true
}
