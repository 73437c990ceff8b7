import { parseArgs } from 'node:util'
import { OptionError } from '@holdfast/core'
import type { Command, Flags, Invocation, Values } from './command.js'
import { commands } from './commands/index.js'
import { CommandError, type ExitCode, exit } from './exit.js'
import { commandHelp, overview } from './help.js'
import { type Io, write } from './io.js'
import { packageVersion } from './version.js'

/**
 * Runs `holdfast` with the arguments behind its name.
 * @returns the exit code: 0 well, 1 the answer is no, 2 wrong usage, 3 unreachable.
 */
export async function main(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await dispatch(args, io)
  } catch (error) {
    if (error instanceof CommandError || error instanceof OptionError) {
      await write(io.stderr, `holdfast: ${error.message}\n`)
      return error instanceof CommandError ? error.exitCode : exit.usage
    }
    throw error
  }
}

async function dispatch([name, ...rest]: readonly string[], io: Io): Promise<ExitCode> {
  if (name === undefined) {
    await write(io.stderr, overview(commands))
    return exit.usage
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const asked = commands.find((command) => command.name === rest[0])
    await write(io.stdout, asked === undefined ? overview(commands) : commandHelp(asked))
    return exit.ok
  }
  if (name === '--version' || name === '-v') {
    await write(io.stdout, `${packageVersion}\n`)
    return exit.ok
  }
  const command = commands.find((one) => one.name === name)
  if (command === undefined) {
    throw new CommandError(`there is no command ${JSON.stringify(name)}; see holdfast --help`)
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    await write(io.stdout, commandHelp(command))
    return exit.ok
  }
  return await command.run(parse(command, rest, io))
}

function parse<F extends Flags>(
  { name, flags, operands: wanted }: Command<F>,
  args: readonly string[],
  io: Io,
): Invocation<F> {
  const advice = `see holdfast ${name} --help`
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(flags).map(([flag, { type, short, multiple = false }]) => [
          flag,
          { type, multiple, ...(short === undefined ? {} : { short }) },
        ]),
      ),
    })
  } catch (cause) {
    throw new CommandError(`${(cause as Error).message}; ${advice}`, exit.usage, { cause })
  }
  const least = wanted.filter((operand) => !operand.startsWith('[')).length
  const { positionals } = parsed
  if (positionals.length < least) {
    throw new CommandError(`${name} needs ${wanted[positionals.length]}; ${advice}`)
  }
  if (positionals.length > wanted.length) {
    const extra = JSON.stringify(positionals[wanted.length])
    throw new CommandError(`${name} does not know what to do with ${extra}; ${advice}`)
  }
  return { values: complete(flags, parsed.values), operands: positionals, io }
}

function complete<F extends Flags>(flags: F, given: Readonly<Record<string, unknown>>): Values<F> {
  const absent = ({ type, multiple }: Flags[string]): unknown =>
    type === 'boolean' ? false : multiple === true ? [] : undefined
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, given[name] ?? absent(flag)]),
  ) as Values<F>
}
