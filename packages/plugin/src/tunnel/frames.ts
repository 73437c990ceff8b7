/** A Close frame that says "going away" (RFC 6455, 7.4.1), as a server sends it. */
export const goingAway: Buffer = Buffer.from([0x88, 0x02, 0x03, 0xe9])

/** The same as a client must send it, under a mask; of zeros, since it hides nothing. */
export const goingAwayMasked: Buffer = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9])

/**
 * Follows the frames of one direction of a WebSocket, so that a frame of our own can be put
 * between two of theirs. Reads a few bytes a frame and keeps nothing of them.
 */
export class FrameScanner {
  // Bytes of the current frame still to come; then header bytes of the next, as far as they came.
  #rest = 0
  #head: number[] = []

  /** Whether what has been scanned ends with the end of a frame. */
  get between(): boolean {
    return this.#rest === 0 && this.#head.length === 0
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
        this.#head.push(chunk[at] ?? 0)
        at += 1
        this.#startFrame()
      }
      if (boundary < 0 && this.between) boundary = at
    }
    return boundary < 0 ? chunk.length : boundary
  }

  /** Once the whole header is there, what is left of the frame is its payload. */
  #startFrame(): void {
    const [, second] = this.#head
    if (second === undefined) return
    const short = second & 0x7f
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0
    const masked = (second & 0x80) === 0 ? 0 : 4
    if (this.#head.length < 2 + extended + masked) return
    let length = extended === 0 ? short : 0
    for (let i = 2; i < 2 + extended; i += 1) length = length * 256 + (this.#head[i] ?? 0)
    this.#rest = length
    this.#head = []
  }
}
