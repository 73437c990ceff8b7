// @ts-check
import { inspect } from 'node:util'

/**
 * @typedef {object} TestResult
 * @property {'passed' | 'failed' | 'skipped'} verdict
 * @property {string} title the suites' names and the test's own
 * @property {string} [detail] the error with its stack, or why the test was skipped
 */

/**
 * A reporter for node:test that writes one TestResult a line; run-files.mjs reads them back.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 * @returns {AsyncGenerator<string>}
 */
// biome-ignore lint/style/noDefaultExport: it is what Node asks a reporter for
export default async function* reporter(events) {
  /** @type {string[]} */
  const path = []
  for await (const { type, data } of events) {
    // What no test can be blamed for, such as an error thrown after the last of them.
    if (type === 'test:diagnostic' && /^(Error|Warning): /.test(data.message)) {
      process.stderr.write(`${data.message}\n`)
    }
    if (type === 'test:start') path.splice(data.nesting, Infinity, data.name)
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const title = [...path.slice(0, data.nesting), data.name].join(' > ')
    const result = type === 'test:pass' ? passed(data, title) : failed(data, title)
    if (result !== undefined) yield `${JSON.stringify(result)}\n`
  }
}

/**
 * @param {import('node:test').EventData.TestPass} data
 * @param {string} title
 * @returns {TestResult | undefined}
 */
function passed(data, title) {
  const unfinished = data.skip ?? data.todo
  if (unfinished !== undefined) return { verdict: 'skipped', title, detail: reason(unfinished) }
  return data.details.type === 'suite' ? undefined : { verdict: 'passed', title }
}

/**
 * @param {import('node:test').EventData.TestFail} data
 * @param {string} title
 * @returns {TestResult | undefined}
 */
function failed(data, title) {
  const { error } = data.details
  // The subtests that failed have been told already.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return undefined
  if (data.todo !== undefined) return { verdict: 'skipped', title, detail: reason(data.todo) }
  return { verdict: 'failed', title, detail: explain(error.cause ?? error) }
}

/**
 * The runner's own frames say nothing about the fault.
 *
 * @param {unknown} error
 */
function explain(error) {
  const frame = /\n +at (?:[^\n]*\((?:node:[^)]*|index \d+|<anonymous>)\)|node:[^\s{]*)/g
  return inspect(error).replaceAll(frame, '')
}

/** @param {string | boolean} given */
function reason(given) {
  return typeof given === 'string' && given !== '' ? given : 'no reason given'
}
