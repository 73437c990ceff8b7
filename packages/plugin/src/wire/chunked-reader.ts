import { InvalidResponseError } from './errors.js'
import { CR, isTextCode, LF } from './syntax.js'

/** The longest line of a size and its extensions, and the longest trailer section, in bytes. */
const LINES_MOST = 16_384

/** More digits are more bytes than a number can count. */
const DIGITS_MOST = 13

type Place =
  | 'size'
  | 'extension'
  | 'size-end'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-lf'
  | 'last-lf'
  | 'done'

/**
 * Takes a chunked body apart (RFC 9112, 7.1), however its bytes are cut. Extensions and trailers
 * are read over: nobody here knows what they mean.
 */
export class ChunkedReader {
  #place: Place = 'size'
  #digits = 0
  #left = 0
  #overhead = 0

  get done(): boolean {
    return this.#place === 'done'
  }

  /**
   * Reads from `at` until the body or the bytes end.
   * @param onData takes the data of a chunk, or a part of it; false stops the reading for good.
   * @returns how far it has read.
   * @throws InvalidResponseError
   */
  read(bytes: Buffer, at: number, onData: (part: Buffer) => boolean): number {
    let i = at
    while (i < bytes.length && this.#place !== 'done') {
      if (this.#place !== 'data') {
        this.#step(bytes[i] as number)
        i += 1
        continue
      }
      const end = Math.min(i + this.#left, bytes.length)
      this.#left -= end - i
      if (this.#left === 0) this.#place = 'data-cr'
      if (!onData(bytes.subarray(i, end))) return end
      i = end
    }
    return i
  }

  #step(code: number): void {
    switch (this.#place) {
      case 'size':
        this.#size(code)
        break
      case 'extension':
        if (code === CR) this.#place = 'size-end'
        else this.#skip(code)
        break
      case 'size-end':
        this.#expect(code, LF)
        this.#place = this.#left === 0 ? 'trailer-start' : 'data'
        this.#digits = 0
        break
      case 'data-cr':
        this.#expect(code, CR)
        this.#place = 'data-lf'
        break
      case 'data-lf':
        this.#expect(code, LF)
        this.#place = 'size'
        this.#overhead = 0
        break
      case 'trailer-start':
        if (code === CR) this.#place = 'last-lf'
        else {
          this.#skip(code)
          this.#place = 'trailer'
        }
        break
      case 'trailer':
        if (code === CR) this.#place = 'trailer-lf'
        else this.#skip(code)
        break
      case 'trailer-lf':
        this.#expect(code, LF)
        this.#place = 'trailer-start'
        break
      case 'last-lf':
        this.#expect(code, LF)
        this.#place = 'done'
        break
      default:
    }
  }

  #size(code: number): void {
    const digit = hexDigit(code)
    if (digit >= 0) {
      this.#digits += 1
      if (this.#digits > DIGITS_MOST) throw new InvalidResponseError('a chunk without bounds')
      this.#left = this.#left * 16 + digit
      return
    }
    if (this.#digits === 0) throw new InvalidResponseError('a chunk without a size')
    if (code === CR) this.#place = 'size-end'
    else if (code === SEMICOLON) this.#place = 'extension'
    else throw new InvalidResponseError('a size that is no number')
  }

  /** Reads over a character of what nobody needs. */
  #skip(code: number): void {
    this.#overhead += 1
    if (!isTextCode(code)) throw new InvalidResponseError('a control character between chunks')
    if (this.#overhead > LINES_MOST) throw new InvalidResponseError('too much between chunks')
  }

  #expect(code: number, wanted: number): void {
    if (code !== wanted) throw new InvalidResponseError('a chunk of another size than it says')
  }
}

const SEMICOLON = 0x3b

/** -1 for what is none. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
