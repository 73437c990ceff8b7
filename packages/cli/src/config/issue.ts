import { OptionError } from '@holdfast/core'

/** A place in a file; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Something wrong with a gateway file. */
export interface Issue {
  /** As a reader would write it: `upstreams.shop.servers[1].weight`; empty for the file itself. */
  readonly path: string
  /** What is wrong, what stood there, and what to do. */
  readonly problem: string
  readonly position: Position
}

/** The issues that an OptionError tells of: itself, then the others. */
export function issuesOf(
  error: OptionError,
  locate: (path: readonly PropertyKey[]) => Position,
): readonly Issue[] {
  return [error, ...error.others].map(({ path, message }) => {
    const [first = ''] = message.split('\n', 1)
    const bare = withoutRoot(path)
    return {
      path: bare,
      problem: first.startsWith(`${path}: `) ? first.slice(path.length + 2) : first,
      position: locate(splitPath(bare)),
    }
  })
}

/** What the schema calls the whole file; a reader knows that the file is meant. */
export const ROOT = 'gateway'

function withoutRoot(path: string): string {
  return path === ROOT ? '' : path.replace(/^gateway\.?/, '')
}

/** `a.b[1]["c d"]` as `['a', 'b', 1, 'c d']`. */
export function splitPath(path: string): readonly PropertyKey[] {
  return Array.from(
    path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g),
    ([, index, quoted, name]) =>
      index !== undefined
        ? Number(index)
        : quoted !== undefined
          ? (JSON.parse(quoted) as string)
          : (name ?? ''),
  )
}

/** Runs `parse`; an OptionError becomes issues, and the result is undefined. */
export function collecting<T>(
  issues: Issue[],
  locate: (path: readonly PropertyKey[]) => Position,
  parse: () => T,
): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    issues.push(...issuesOf(error, locate))
    return undefined
  }
}
