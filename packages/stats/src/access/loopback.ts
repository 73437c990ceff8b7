import { isIP } from 'node:net'

/** Whether an address of a socket is this machine's own. No socket at all is this very process. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return true
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/**
 * Whether a Host field names this machine as only somebody on it can. A name that an attacker has
 * pointed at 127.0.0.1 (DNS rebinding) comes with that name.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true
  return isIP(name) === 4 && name.startsWith('127.')
}
