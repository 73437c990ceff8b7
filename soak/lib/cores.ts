import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { Trial } from '../trial.js'

/**
 * Gives a process a core of its own and keeps this one off it until the trial ends, so that what a
 * row measures there is not the load that it makes here. What else runs on the machine stays.
 * @returns how that went, for those who read the figures.
 */
export function separate(trial: Trial, pid: number): string {
  const last = availableParallelism() - 1
  if (last < 1) return 'one core for both'
  if (!pin(pid, `${last}`)) return 'cores shared, as there is no taskset'
  pin(process.pid, `0-${last - 1}`)
  trial.after(() => pin(process.pid, `0-${last}`))
  return 'a core of its own'
}

function pin(pid: number, cores: string): boolean {
  return spawnSync('taskset', ['-acp', cores, `${pid}`]).status === 0
}
