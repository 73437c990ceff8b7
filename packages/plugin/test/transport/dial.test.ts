import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Server, TlsConfig } from '@holdfast/core'
import { Dialer } from '#plugin/transport/dial.js'

const NO_TLS: TlsConfig = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  servername: undefined,
  verify: true,
}

test('certificates are checked against the name of the server, or the one it is given', () => {
  const nameOf = (address: string, tls: boolean, servername?: string): string | undefined =>
    new Dialer({ address, config: { tls } } as Server, { ...NO_TLS, servername }).serverName
  assert.equal(nameOf('app.example:443', false), undefined)
  assert.equal(nameOf('app.example:443', true), 'app.example')
  assert.equal(nameOf('[::1]:443', true), '::1')
  assert.equal(nameOf('unix:/run/app.sock', true), 'localhost')
  assert.equal(nameOf('10.0.0.1:443', true, 'app.example'), 'app.example')
})
