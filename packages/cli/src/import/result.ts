import { stringify } from 'yaml'
import { describeNote, type Note } from './notes.js'

/** What became of a configuration of another kind. */
export interface Imported {
  /** The gateway file, as it is to be written. */
  readonly file: Readonly<Record<string, unknown>>
  readonly notes: readonly Note[]
}

/** The gateway file as text, headed by what it does not carry over. */
export function writeGatewayFile({ file, notes }: Imported, source: string): string {
  const missing = notes.filter(({ level }) => level !== 'needless')
  const heading = [
    `From ${source}, by \`holdfast import\`.`,
    ...(missing.length === 0 ? [] : ['', 'Not, or not quite, carried over:']),
    ...missing.map((note) => `  ${describeNote(note)}`),
  ]
  const comment = heading.map((line) => `# ${line}`.trimEnd()).join('\n')
  return `${comment}\n\n${stringify(file, { lineWidth: 100, singleQuote: true })}`
}
