import type { Command, Flag } from './command.js'

const EXIT_CODES = `Exit codes
  0  done, and all is well
  1  the answer is no: errors were found, a limit was passed, a wait was in vain
  2  the command line or the gateway file is wrong; nothing was done
  3  the other side could not be reached, or refused`

/** What `holdfast --help` prints. */
export function overview(commands: readonly Command[]): string {
  return `Sticky-session load balancing, as nginx does it and beyond.

Usage: holdfast COMMAND [options]

Commands
${columns(commands.map(({ name, summary }) => [name, summary]))}

\`holdfast COMMAND --help\` tells more.

${EXIT_CODES}
`
}

/** What `holdfast COMMAND --help` prints. */
export function commandHelp(command: Command): string {
  const { name, summary, operands, flags, details } = command
  const rows = Object.entries({ ...flags, help: HELP }).map(([flag, about]): [string, string] => [
    `${about.short === undefined ? '' : `-${about.short}, `}--${flag}${about.hint === undefined ? '' : ` ${about.hint}`}`,
    `${about.help}${about.multiple === true ? ' May be repeated.' : ''}`,
  ])
  const usage = ['holdfast', name, '[options]', ...operands].join(' ')
  const more = details === undefined ? '' : `\n${details.trim()}\n`
  return `${summary}\n\nUsage: ${usage}\n\nOptions\n${columns(rows)}\n${more}\n${EXIT_CODES}\n`
}

const HELP: Flag = { type: 'boolean', short: 'h', help: 'Print this help.' }

function columns(rows: ReadonlyArray<readonly [string, string]>): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n')
}
