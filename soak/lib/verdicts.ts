import type { WireResponse } from '@holdfast/test/fixtures/message.js'
import { exchange, get } from '@holdfast/test/fixtures/raw-client.js'
import { COOKIE, type Gateway } from './gateway.js'

/** How many requests the gateway has found to be what, as its own counters say. */
export interface Verdicts {
  readonly kept: number
  readonly fresh: number
  /** By reason. */
  readonly moved: Readonly<Record<string, number>>
}

export async function verdicts(gateway: Gateway): Promise<Verdicts> {
  const { affinity } = await gateway.snapshot()
  return { kept: affinity.kept, fresh: affinity.new, moved: { ...affinity.moved } }
}

/** Sends one request with this value of the sticky cookie. */
export function sendCookie(
  address: string,
  value: string | undefined,
  ...lines: readonly string[]
): Promise<WireResponse> {
  const cookie = value === undefined ? [] : [`Cookie: ${COOKIE}=${value}`]
  return exchange(address, get('/', 'Connection: close', ...cookie, ...lines))
}

/** The value of the sticky cookie that an answer sets; undefined where it sets none. */
export function cookieIn(response: WireResponse): string | undefined {
  const line = response.headers('set-cookie').find((one) => one.startsWith(`${COOKIE}=`))
  return line?.slice(COOKIE.length + 1).split(';')[0]
}

/** A value that the gateway has just sealed. */
export async function freshCookie(address: string): Promise<string> {
  const value = cookieIn(await sendCookie(address, undefined))
  if (value === undefined) throw new Error('the gateway set no cookie')
  return value
}

/** What one request with this cookie is found to be: `kept`, `new`, or the reason of its move. */
export async function verdictOn(gateway: Gateway, value: string): Promise<string> {
  const before = await verdicts(gateway)
  await sendCookie(gateway.address, value)
  const { kept, fresh, moved } = await verdicts(gateway)
  if (kept > before.kept) return 'kept'
  if (fresh > before.fresh) return 'new'
  const [reason = 'none'] =
    Object.entries(moved).find(([name, count]) => count > (before.moved[name] ?? 0)) ?? []
  return reason
}
