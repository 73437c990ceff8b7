import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Run, tablesOf } from './tables.js'

const PAGE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url))

/**
 * Writes what runs have measured into docs/performance.md, between `<!-- measured:NAME -->` and
 * `<!-- /measured -->`. A table that none of the runs is about stays as it is.
 * The plots are those of `results/growth.json`.
 * @param files results of runs; where two measured the same on one Node, the later one counts.
 * @throws RangeError when one cannot be read, or the page has no place for a table.
 */
export function fillPage(files: readonly string[]): readonly string[] {
  let page = readFileSync(PAGE, 'utf8')
  const tables = tablesOf(files.map(read))
  for (const [name, text] of tables) page = withTable(page, name, text)
  writeFileSync(PAGE, page)
  return [...tables.keys()]
}

function read(file: string): Run {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new RangeError(`${file} cannot be read: ${error instanceof Error ? error.message : ''}`)
  }
}

function withTable(page: string, name: string, text: string): string {
  const begin = `<!-- measured:${name} -->`
  const end = '<!-- /measured -->'
  const from = page.indexOf(begin)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0) throw new RangeError(`docs/performance.md has no place for ${name}`)
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`
}
