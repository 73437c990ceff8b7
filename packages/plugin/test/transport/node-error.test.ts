import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outcome, outcomes } from '@holdfast/core'
import { outcomeOf } from '#plugin/transport/node-error.js'
import {
  ConnectionClosedError,
  InvalidRequestError,
  InvalidResponseError,
} from '#plugin/wire/errors.js'

const withCode = (code: string): Error => Object.assign(new Error(code), { code })

const CASES: ReadonlyArray<readonly [unknown, Outcome, Outcome]> = [
  // the error, the outcome when nothing was sent, and when something was
  [withCode('ECONNREFUSED'), outcomes.refused, outcomes.reset],
  [withCode('ECONNRESET'), outcomes.refused, outcomes.reset],
  [withCode('EPIPE'), outcomes.refused, outcomes.reset],
  [withCode('EHOSTUNREACH'), outcomes.refused, outcomes.reset],
  [withCode('ENOTFOUND'), outcomes.refused, outcomes.reset],
  [withCode('ENOENT'), outcomes.refused, outcomes.reset],
  [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), outcomes.refused, outcomes.reset],
  [withCode('ERR_TLS_CERT_ALTNAME_INVALID'), outcomes.refused, outcomes.reset],
  [withCode('ETIMEDOUT'), outcomes.connectTimeout, outcomes.headTimeout],
  [new ConnectionClosedError(), outcomes.refused, outcomes.reset],
  [new InvalidResponseError('no HTTP'), outcomes.invalid, outcomes.invalid],
  [new InvalidRequestError('path'), outcomes.proxy, outcomes.proxy],
  [new Error('without a code'), outcomes.refused, outcomes.reset],
  [undefined, outcomes.refused, outcomes.reset],
  ['a string', outcomes.refused, outcomes.reset],
]

test('every error has its outcome, by whether something was sent', () => {
  for (const [error, unsent, sent] of CASES) {
    assert.equal(outcomeOf(error, false), unsent, `${error}, nothing sent`)
    assert.equal(outcomeOf(error, true), sent, `${error}, something sent`)
  }
})
