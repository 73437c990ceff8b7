/** A Close frame that says "going away" (RFC 6455, 7.4.1), as a server sends it. */
export const goingAway: Buffer = Buffer.from([0x88, 0x02, 0x03, 0xe9])

/** The same as a client must send it, under a mask; of zeros, since it hides nothing. */
export const goingAwayMasked: Buffer = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9])

/**
 * Follows the frames of one direction of a WebSocket, so that a frame of our own can be put
 * between two of theirs. Reads a few bytes a frame and keeps nothing of them.
 */
export class FrameScanner {
  /** Bytes of the payload that are still to come. */
  #rest = 0
  /** Bytes of the frame's header so far, and in all; two say how many those are. */
  #seen = 0
  #header = 2
  #extended = 0
  #length = 0

  /** Whether what has been scanned ends with the end of a frame. */
  get between(): boolean {
    return this.#rest === 0 && this.#seen === 0
  }

  /**
   * Goes through a chunk.
   * @returns how many of its bytes, from its start, complete the frame that was under way; the
   *   length of the chunk when it ends within a frame.
   */
  scan(chunk: Buffer): number {
    let at = 0
    let boundary = this.between ? 0 : -1
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at)
        this.#rest -= taken
        at += taken
      } else {
        this.#readHeader(chunk[at] as number)
        at += 1
      }
      if (boundary < 0 && this.between) boundary = at
    }
    return boundary < 0 ? chunk.length : boundary
  }

  /** Once the whole header is there, what is left of the frame is its payload. */
  #readHeader(byte: number): void {
    if (this.#seen === 1) {
      const short = byte & 0x7f
      this.#extended = short === 126 ? 2 : short === 127 ? 8 : 0
      this.#header = 2 + this.#extended + ((byte & 0x80) === 0 ? 0 : 4)
      this.#length = this.#extended === 0 ? short : 0
    } else if (this.#seen >= 2 && this.#seen < 2 + this.#extended) {
      this.#length = this.#length * 256 + byte
    }
    this.#seen += 1
    if (this.#seen < this.#header) return
    this.#rest = this.#length
    this.#seen = 0
    this.#header = 2
  }
}
