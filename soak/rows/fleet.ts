import { redisMissing } from '@holdfast/test/fixtures/redis.js'
import type { Figure } from '../figure.js'
import { runTestFile, type TestCounts } from '../lib/test-file.js'
import type { Row } from '../row.js'
import type { Trial } from '../trial.js'

const SIMULATION = 'packages/core/dist-test/fleet/simulation.test.js'
const REDIS_FAULTS = 'test/dist/behaviour/fleet/redis-faults.alone.test.js'
const REDIS_PARTS = 'test/dist/behaviour/fleet/operators.test.js'
const FAILOVER = 'test/dist/behaviour/fleet/failover.soak.js'

/** Replicas that share a Redis, simulated and real. */
export const fleet: readonly Row[] = [
  {
    id: 'F1',
    what: 'simulated fleets: servers that die, replicas that are poisoned, a store that fails',
    pass: 'every promise kept at every step, from every seed',
    async run(trial) {
      const seeds = trial.count(20_000)
      const env = { HOLDFAST_FIRST_SEED: String(trial.seed), HOLDFAST_SEEDS: String(seeds) }
      const counts = await runTestFile(SIMULATION, env)
      return [{ name: 'seeds', value: seeds }, ...verdict(trial, counts)]
    },
  },
  real(
    'R22',
    'Redis down, or frozen, at boot',
    'ready within 2 s, 0 errors',
    REDIS_FAULTS,
    'starts',
  ),
  real(
    'R23',
    'Redis killed mid-run',
    '0 errors; p99 at most + 5 ms; in step within 3 s; at most 10 log lines',
    REDIS_FAULTS,
    'killed',
  ),
  real(
    'R24',
    'Redis frozen, cut off, or 200 ms slow',
    'as R23',
    REDIS_FAULTS,
    'frozen for|cut off|slow',
  ),
  real(
    'R25',
    'READONLY, NOAUTH, OOM, LOADING, WRONGTYPE, SCRIPT FLUSH, FLUSHALL',
    '0 errors, 0 re-pins',
    REDIS_FAULTS,
    'costs no client',
  ),
  real(
    'R26',
    'Sentinel failover; Cluster slot move',
    '0 errors; views agree within 5 s',
    FAILOVER,
    'R26',
  ),
  real(
    'R27',
    'partition of one replica, a clock 10 minutes off, SIGKILL of a replica',
    '0 errors, 0 sessions of reachable servers moved, views agree within 3 s',
    FAILOVER,
    'R27',
  ),
  real('S31', 'Redis as attacker', 'no new server, clamped, no stall', REDIS_PARTS, 'an attacker'),
]

/** A row that a test file over a real Redis makes; `pattern` names its tests. */
function real(id: string, what: string, pass: string, file: string, pattern: string): Row {
  return {
    id,
    what,
    pass,
    missing: redisMissing,
    async run(trial) {
      return verdict(trial, await runTestFile(file, {}, [`--test-name-pattern=${pattern}`]))
    },
  }
}

function verdict(trial: Trial, { passed, failed, output }: TestCounts): Figure[] {
  const told = output.split('\n').filter((line) => /^\s*# (?!Subtest|tests|suites)\S/.test(line))
  for (const line of told) {
    if (!/^# (pass|fail|cancelled|skipped|todo|duration_ms) /.test(line)) trial.tell(line.trim())
  }
  if (failed > 0) trial.tell(output)
  return [
    { name: 'tests that pass', value: passed, bound: { atLeast: 1 } },
    { name: 'that fail', value: failed, bound: { exactly: 0 } },
  ]
}
