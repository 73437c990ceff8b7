import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What a result is worth depends on what it was measured with.
 * @param packages those whose versions count
 * @param programs the same, each with the option that makes it print its version
 */
export function describeMachine(
  packages: readonly string[],
  programs: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  return {
    node: process.version,
    v8: process.versions.v8,
    commit: commit(),
    packages: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, option]) => [name, programVersion(name, option)]),
    ),
    machine: {
      platform: `${process.platform} ${process.arch} ${release()}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      load: loadavg(),
    },
  }
}

/** Where a program is, in the folders that Debian keeps servers in too; undefined if nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function versionOf(name: string): string {
  // Not every package exports its manifest, so it is found from the package's entry.
  const entry = fileURLToPath(import.meta.resolve(name))
  const folder = entry.slice(0, entry.lastIndexOf(`/${name.split('/').at(-1)}/`))
  const manifest = `${folder}/${name.split('/').at(-1)}/package.json`
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'))
  return version
}

function programVersion(name: string, option: string): string {
  const program = findProgram(name)
  if (program === undefined) return 'absent'
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' })
  return /\d+\.\d[\w.+-]*/.exec(stdout + stderr)?.[0] ?? 'unknown'
}

function commit(): string {
  try {
    const git = (...args: readonly string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'packages') !== ''
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' and changes' : '')
  } catch {
    return 'unknown'
  }
}
