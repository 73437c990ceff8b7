import { InvalidResponseError } from './errors.js'
import { COLON, CR, isTextCode, isTokenCode, LF, SPACE, TAB } from './syntax.js'

/** A response's head, line by line. */
export interface ResponseLines {
  readonly status: number
  /** As it came, one character a byte. */
  readonly reason: string
  /** Of `HTTP/1.1` the last digit. */
  readonly minor: 0 | 1
  /** Name and value in turn, as they came; around values there is no white space left. */
  readonly fields: string[]
}

const START = 'HTTP/1.'
const STATUS_AT = 9
const REASON_AT = 13

/**
 * Reads a head as RFC 9112 writes it and nothing beside: no bare line feeds, no folded lines, no
 * space before a colon, no control characters.
 * @param head one character a byte, without the empty line that ends it.
 * @throws InvalidResponseError
 */
export function parseResponseLines(head: string): ResponseLines {
  const minor = head.charCodeAt(7) - 0x30
  if (!head.startsWith(START) || (minor !== 0 && minor !== 1) || head.charCodeAt(8) !== SPACE) {
    throw new InvalidResponseError('no HTTP/1 status line')
  }
  const status = threeDigits(head, STATUS_AT)
  const lineEnd = endOfText(head, STATUS_AT)
  if (!(status >= 100) || (lineEnd >= REASON_AT && head.charCodeAt(12) !== SPACE)) {
    throw new InvalidResponseError('no status of three digits')
  }
  const fields: string[] = []
  let at = nextLine(head, lineEnd)
  while (at < head.length) {
    let i = at
    while (i < head.length && isTokenCode(head.charCodeAt(i))) i += 1
    if (i === at || head.charCodeAt(i) !== COLON) throw new InvalidResponseError('no field line')
    const name = head.slice(at, i)
    const end = endOfText(head, i)
    fields.push(name, trimmed(head, i + 1, end))
    at = nextLine(head, end)
  }
  return { status, reason: head.slice(REASON_AT, lineEnd), minor, fields }
}

function threeDigits(text: string, at: number): number {
  let number = 0
  for (let i = at; i < at + 3; i += 1) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

/** Where the text that starts at `at` ends: before a character that no line may have. */
function endOfText(head: string, at: number): number {
  let end = at
  // Within bounds: to ask for more would take the engine off its quick path.
  while (end < head.length && isTextCode(head.charCodeAt(end))) end += 1
  return end
}

/** The start of the line after the one that ends at `end`. */
function nextLine(head: string, end: number): number {
  if (end >= head.length) return head.length
  if (head.charCodeAt(end) !== CR || head.charCodeAt(end + 1) !== LF) {
    throw new InvalidResponseError('a control character in the head')
  }
  return end + 2
}

/** The text from `start` to `end` without the white space around it. */
function trimmed(head: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(head.charCodeAt(from))) from += 1
  while (to > from && isBlank(head.charCodeAt(to - 1))) to -= 1
  return head.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
