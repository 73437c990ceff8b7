import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** Starts a program that is ended with this process at the latest. */
export function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const child = spawn(command, args, options)
  alive.add(child)
  child.on('error', () => alive.delete(child))
  child.on('exit', () => alive.delete(child))
  return child
}

/** Ends a program that was started, and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (!alive.has(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/**
 * What a program prints until it ends.
 * @throws Error when it ends with another code than 0.
 */
export async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let complaint = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${complaint}`)
  return output
}
