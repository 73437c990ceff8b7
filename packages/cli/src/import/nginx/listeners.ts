import type { Directive } from '../../nginx/syntax.js'
import type { Reading, Scope } from './scope.js'

/** What the servers of a configuration listen on, by address. */
export class Listeners {
  readonly #certificates = new Map<string, Certificate[] | undefined>()

  /** Takes the addresses of one server, and its certificate where they speak TLS. */
  add(scope: Scope, reading: Reading): void {
    const directives = scope.own('listen')
    const certificate = certificateOf(scope)
    const all = directives.length === 0 ? [undefined] : directives
    for (const directive of all) {
      const address = addressOf(directive?.args[0] ?? '80')
      const options = directive?.args.slice(1) ?? []
      if (directive !== undefined) judge(directive, options, reading)
      if (options.includes('quic')) continue
      const secure = options.includes('ssl') || scope.find('ssl')?.args[0] === 'on'
      const known = this.#certificates.get(address)
      if (secure && certificate === undefined && directive !== undefined) {
        reading.lost(directive, 'has no ssl_certificate: it is plain HTTP here')
      }
      if (!secure || certificate === undefined) {
        if (!this.#certificates.has(address)) this.#certificates.set(address, undefined)
      } else if (known?.some(({ cert }) => cert === certificate.cert) !== true) {
        this.#certificates.set(address, [...(known ?? []), certificate])
      }
    }
  }

  /** As a gateway file has it. */
  written(): unknown {
    const all = [...this.#certificates].map(([address, tls]) => {
      if (tls === undefined) return address
      const [only] = tls
      return { address, tls: tls.length === 1 ? only : tls }
    })
    const [only] = all
    return all.length === 1 ? only : all
  }
}

interface Certificate {
  readonly cert: string
  readonly key: string
}

function certificateOf(scope: Scope): Certificate | undefined {
  const cert = scope.find('ssl_certificate')?.args[0]
  const key = scope.find('ssl_certificate_key')?.args[0]
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

/** nginx takes a port, an address or both; a name of `*` is all of IPv4. */
export function addressOf(text: string): string {
  if (text.startsWith('unix:')) return text
  if (/^\d+$/.test(text)) return `0.0.0.0:${text}`
  const address = text.replace(/^\*/, '0.0.0.0')
  return /:\d+$/.test(address) && !address.endsWith(']') ? address : `${address}:80`
}

function judge(directive: Directive, options: readonly string[], reading: Reading): void {
  if (options.includes('proxy_protocol')) {
    reading.lost(
      directive,
      'the PROXY protocol is not spoken: clients would have the address of what is in front',
    )
  }
  if (options.includes('quic')) reading.lost(directive, 'HTTP/3 is not spoken')
}
