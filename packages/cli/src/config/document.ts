import type { Document, Node, Scalar } from 'yaml'
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Issue, Position } from './issue.js'

type Environment = Readonly<Record<string, string | undefined>>

/** A gateway file, read: its value, and where in the text each part of it stands. */
export interface GatewayDocument {
  /** The name of the file, for messages. */
  readonly file: string
  readonly value: unknown
  readonly issues: readonly Issue[]
  /** Where the value at a path stands, or as much of the path as there is. */
  locate(path: readonly PropertyKey[]): Position
  /** Whether a value was written out, and not taken from the environment. */
  isLiteral(path: readonly PropertyKey[]): boolean
}

/** Reads YAML or JSON; `${UPPER_CASE}` in a value is the environment, `$${` a literal `${`. */
export function readDocument(file: string, text: string, env: Environment): GatewayDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const issues: Issue[] = document.errors.map((error) => ({
    path: '',
    problem: error.message,
    position: at(error.pos[0]),
  }))
  const { substituted, unset } = substitute(document, env)
  for (const { node, name } of unset) {
    issues.push({
      path: '',
      problem: `the environment variable ${name} is not set; set it, or write $\${${name}} for the text itself`,
      position: at(node.range?.[0] ?? 0),
    })
  }
  const { value, problem } = issues.length === 0 ? plainValue(document) : {}
  if (problem !== undefined) issues.push({ path: '', problem, position: at(0) })
  return {
    file,
    value,
    issues,
    locate: (path) => at(offsetOf(document, path)),
    isLiteral(path) {
      const node = document.getIn([...path], true)
      return isScalar(node) && !substituted.has(node)
    },
  }
}

// Unlimited aliases are a way to blow a few lines up into gigabytes: yaml itself counts them.
function plainValue(document: Document): { readonly value?: unknown; readonly problem?: string } {
  try {
    return { value: document.toJS() }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

interface Substitution {
  readonly substituted: ReadonlySet<Scalar>
  readonly unset: ReadonlyArray<{ readonly node: Scalar; readonly name: string }>
}

function substitute(document: Document, env: Environment): Substitution {
  const substituted = new Set<Scalar>()
  const unset: Array<{ node: Scalar; name: string }> = []
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return
      node.value = node.value.replaceAll(
        /\$\$\{|\$\{([A-Z_][A-Z0-9_]*)\}/g,
        (found: string, name: string | undefined) => {
          if (found === '$${') return '${'
          if (name === undefined) return found
          const value = env[name]
          if (value === undefined) unset.push({ node, name })
          else substituted.add(node)
          return value ?? ''
        },
      )
    },
  })
  return { substituted, unset }
}

/** The offset of the value at `path`, or of its key where it is absent or has parts of its own. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (!isPair(pair)) return offset
      offset = startOf(pair.key) ?? offset
      node = pair.value
      if (isScalar(node)) offset = startOf(node) ?? offset
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key]
      offset = startOf(node) ?? offset
    } else {
      return offset
    }
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}
