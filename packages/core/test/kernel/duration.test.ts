import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from '#core/kernel/duration.js'

const DAY_MS = 86_400_000

for (const [text, ms] of [
  ['0s', 0],
  ['1ms', 1],
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['1h 30m', 5_400_000],
  ['1h30m', 5_400_000],
  ['1d', DAY_MS],
  ['2w', 14 * DAY_MS],
  ['1M', 30 * DAY_MS],
  ['1y', 365 * DAY_MS],
  ['1y 1M 1w 1d 1h 1m 1s 1ms', (365 + 30 + 7 + 1) * DAY_MS + 3_661_001],
  ['100y', 36_500 * DAY_MS],
] as const) {
  test(`'${text}' is ${ms} ms`, () => assert.equal(parseDuration(text), ms))
}

for (const [text, why] of [
  ['', 'it says nothing'],
  ['30', 'its unit could be seconds or milliseconds'],
  ['s', 'it has no figure'],
  ['30m 1h', 'a longer unit follows a shorter one'],
  ['1h 1h', 'a unit comes twice'],
  ['1.5h', 'it is no whole number'],
  ['-1s', 'it is negative'],
  ['1H', 'there is no such unit'],
  ['1h ', 'it ends in a space'],
  [' 1h', 'it starts with a space'],
  ['101y', 'it is longer than a century'],
  ['9999999999999s', 'its figure is too long'],
] as const) {
  test(`'${text}' is no duration: ${why}`, () => assert.equal(parseDuration(text), undefined))
}

test('a minute and a month differ by their case', () => {
  assert.equal(parseDuration('1m'), 60_000)
  assert.equal(parseDuration('1M'), 30 * DAY_MS)
})
