import { runTestFile } from '../lib/test-file.js'
import type { Row } from '../row.js'

export const dependencies: readonly Row[] = [
  {
    id: 'S34',
    what: 'dependencies, by the test over the lockfile',
    pass: 'at the floors of their last security fixes; no install scripts',
    async run(trial) {
      const { passed, failed, output } = await runTestFile(
        'test/dist/architecture/dependencies.test.js',
      )
      if (failed > 0) trial.tell(output)
      return [
        { name: 'rules that hold', value: passed, bound: { atLeast: 1 } },
        { name: 'broken', value: failed, bound: { exactly: 0 } },
      ]
    },
  },
]
