// Writes from the schemas and rules: docs/options.md, docs/lint.md and packages/cli/schema.json as
// a whole, and in other pages what stands between `<!-- options:TITLE -->` and `<!-- /options -->`. With --check it only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gatewayJsonSchema } from '../packages/cli/dist/config/json-schema.js'
import { gatewayReference } from '../packages/cli/dist/config/reference.js'
import { rules } from '../packages/cli/dist/lint/index.js'
import { upstreamReference } from '../packages/core/dist/options/reference.js'
import { registrationReference } from '../packages/plugin/dist/reference.js'

const root = new URL('../', import.meta.url)
const OPTIONS_PAGE = 'docs/options.md'
const PAGES_WITH_TABLES = [
  'README.md',
  'docs/fleet.md',
  'docs/gateway-file.md',
  'packages/core/README.md',
  'packages/plugin/README.md',
]

const groups = [...registrationReference(), ...upstreamReference()]
const tables = [...groups, ...gatewayReference()]
const check = process.argv.includes('--check')
const stale = []

update(OPTIONS_PAGE, page())
update('docs/lint.md', lintPage())
update('packages/cli/schema.json', `${JSON.stringify(gatewayJsonSchema(), undefined, 2)}\n`)
for (const path of PAGES_WITH_TABLES) {
  if (existsSync(new URL(path, root))) update(path, withTables(path, read(path)))
}

if (stale.length > 0) {
  console.error(`Not what the schema says: ${stale.join(', ')}. Run \`npm run docs\`.`)
  process.exitCode = 1
}

function read(path) {
  const url = new URL(path, root)
  return existsSync(url) ? readFileSync(url, 'utf8') : ''
}

function update(path, text) {
  if (read(path) === text) return
  if (check) stale.push(path)
  else writeFileSync(fileURLToPath(new URL(path, root)), text)
}

function page() {
  const intro = [
    '# Options',
    '',
    '<!-- Generated from the schema by scripts/docs.mjs: change that, not this. -->',
    '',
    "Durations are text with a unit (`'500ms'`, `'30s'`, `'1h 30m'`); a bare number is refused, because",
    'nginx counts in seconds and Node in milliseconds. Unknown options are refused. An option that is',
    '`undefined` counts as absent.',
  ]
  const sections = groups.map((group) => `\n## ${group.title}\n\n${table(group)}`)
  return `${intro.join('\n')}\n${sections.join('\n')}\n`
}

function lintPage() {
  const intro = [
    '# What `holdfast check` warns of',
    '',
    '<!-- Generated from the rules by scripts/docs.mjs: change those, not this. -->',
    '',
    '`holdfast check gateway.yaml` first says what is wrong with the file (`config`), and of a file that is',
    'right what one may regret. `--allow RULE` silences a rule; `--strict` makes warnings count.',
    '',
    row('rule', 'why', 'what to do'),
    '|---|---|---|',
  ]
  const rows = rules.map(({ id, why, fix }) => row(`\`${id}\``, why, fix))
  return `${[...intro, ...rows].join('\n')}\n`
}

function withTables(path, text) {
  const options = posix.relative(posix.dirname(path), OPTIONS_PAGE)
  const anchors = new Set(Array.from(text.matchAll(/^#+ (.+)$/gm), ([, title]) => anchorOf(title)))
  return text.replaceAll(
    /(<!-- options:(.+?) -->\n)[\s\S]*?(<!-- \/options -->)/g,
    (_, open, title, close) => {
      const group = tables.find((candidate) => candidate.title === title)
      if (group === undefined) throw new Error(`There is no group of options called ${title}`)
      // Tables that this page does not have are on the page that has them all.
      const linked = table(group).replaceAll(/\]\(#(.+?)\)/g, (link, anchor) =>
        anchors.has(anchor) ? link : `](${options}#${anchor})`,
      )
      return `${open}\n${linked}\n\n${close}`
    },
  )
}

/** As GitHub makes it of a heading. */
function anchorOf(title) {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function table({ options }) {
  const rows = options.map(({ name, meaning, values, ...rest }) =>
    row(`\`${name}\``, meaning, values, defaultOf(rest)),
  )
  return [row('option', 'meaning', 'values', 'default'), '|---|---|---|---|', ...rows].join('\n')
}

function defaultOf({ required, fallback, unit, reason }) {
  if (required) return 'required'
  if (fallback === undefined) return ''
  return `${fallback}${unit === undefined ? '' : ` ${unit}`} (${reason})`
}

function row(...cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
