import type { Steps } from '../turns.js'
import { SnapshotFormatError } from './reader.js'

/** A snapshot's JSON whose servers are still text, so that they can be parsed one by one. */
export interface CutSnapshot {
  /** All the rest; where a server was stands its number. */
  readonly frame: unknown
  /** What stood where `item` stands now. */
  readonly open: (item: unknown) => unknown
}

const SERVER_DEPTH = 4
const MOST_PIECES = 100_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const [LIST, LIST_END] = [0x5b, 0x5d]
const [OBJECT, OBJECT_END] = [0x7b, 0x7d]

/**
 * Cuts the objects out that are elements of a list at the depth of `upstreams[].servers[]`. Parsed
 * whole, a thousand servers would hold up the event loop, and be copied by the collector besides.
 * @throws SnapshotFormatError
 */
export function* cutSnapshot(text: string): Steps<CutSnapshot> {
  const pieces: string[] = []
  const isList: boolean[] = []
  let frame = ''
  let [depth, from, start] = [0, 0, 0]
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      i = endOfString(text, i)
    } else if (code === LIST || code === OBJECT) {
      if (depth === SERVER_DEPTH) start = i
      depth += 1
      isList[depth] = code === LIST
    } else if (code === LIST_END || code === OBJECT_END) {
      depth -= 1
      if (depth !== SERVER_DEPTH || code !== OBJECT_END || isList[depth] !== true) continue
      frame += `${text.slice(from, start)}${pieces.length}`
      from = i + 1
      if (pieces.push(text.slice(start, from)) > MOST_PIECES) {
        throw new SnapshotFormatError('snapshot', 'has too many servers')
      }
      yield
    }
  }
  return {
    frame: parseJson(frame + text.slice(from)),
    open: (item) => {
      const piece = typeof item === 'number' ? pieces[item] : undefined
      return piece === undefined ? item : parseJson(piece)
    },
  }
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return end
  }
  return text.length
}

/** @throws SnapshotFormatError that shows nothing of the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SnapshotFormatError('snapshot', 'is no JSON')
  }
}
