import { createSecureContext, type SecureContext } from 'node:tls'
import { OptionError, type TlsConfig } from '@holdfast/core'

/**
 * What OpenSSL makes of an upstream's certificate, key and authorities.
 * @throws OptionError for one that it cannot read, or a key of another certificate.
 */
export function secureContextOf({ ca, cert, key }: TlsConfig): SecureContext {
  try {
    return createSecureContext({
      ca: ca as string | Buffer | Array<string | Buffer> | undefined,
      cert,
      key,
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    // The value may be a private key: it is not shown.
    throw new OptionError('upstream.tls', `has a ca, cert or key that cannot be used (${code})`)
  }
}

/** Tells at once what would else be told when a server is first dialled. */
export function checkTls(tls: TlsConfig): void {
  if ((tls.ca ?? tls.cert ?? tls.key) !== undefined) secureContextOf(tls)
}
