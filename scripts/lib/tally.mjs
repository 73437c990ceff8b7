// @ts-check

/**
 * Everything that is checked is counted here, tests and checks alike, and told as it happens.
 */
export class Tally {
  passed = 0
  failed = 0
  skipped = 0

  /**
   * @param {string} title what was checked
   * @param {readonly import('./reporter.mjs').TestResult[]} results
   * @param {{ durationMs: number, output?: string }} told output is shown if something failed
   */
  add(title, results, { durationMs, output = '' }) {
    for (const { verdict } of results) this[verdict] += 1
    const failures = results.filter(({ verdict }) => verdict === 'failed')
    const count = results.length === 1 ? '' : `${results.length} tests, `
    const mark = failures.length === 0 ? '✓' : '✗'
    console.log(`${mark} ${title}  ${count}${Math.round(durationMs)} ms`)
    for (const failure of failures) {
      if (failure.title !== title) console.log(`\n  ✗ ${failure.title}\n${indent(failure.detail)}`)
    }
    if (failures.length > 0 && output.trim() !== '') console.log(`\n${indent(output)}\n`)
    for (const [reason, tests] of skips(results)) {
      console.log(`  SKIPPED ${tests === 1 ? '' : `${tests} tests: `}${reason}`)
    }
  }

  /**
   * Runs and counts one check that is no test file.
   *
   * @param {string} title
   * @param {() => Promise<{ ok: boolean, output: string }>} check
   */
  async check(title, check) {
    const started = performance.now()
    const { ok, output } = await check()
    this.tell(title, { ok, output, durationMs: performance.now() - started })
    return ok
  }

  /**
   * Counts a check that has been made already.
   *
   * @param {string} title
   * @param {{ ok: boolean, output: string, durationMs: number }} outcome
   */
  tell(title, { ok, output, durationMs }) {
    this.add(title, [{ verdict: ok ? 'passed' : 'failed', title }], { durationMs, output })
  }

  /** The last line of every run, which other programs read. */
  toString() {
    const skipped = this.skipped === 0 ? '' : `, ${this.skipped} skipped`
    return `${this.passed} passed, ${this.failed} failed${skipped}`
  }
}

/** @param {string} [text] */
function indent(text = '') {
  return text.trimEnd().replace(/^(?=.)/gm, '    ')
}

/** @param {readonly import('./reporter.mjs').TestResult[]} results */
function skips(results) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const { verdict, detail = '' } of results) {
    if (verdict === 'skipped') counts.set(detail, (counts.get(detail) ?? 0) + 1)
  }
  return counts
}
