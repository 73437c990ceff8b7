import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

/** The version of the sealed cookie: its first byte. */
export const sealedVersion = 1

/** What one secret seals and opens with, for one upstream and one cookie name. */
export interface SealedKey {
  /** One byte that tells most keys apart; two keys may share it. */
  readonly id: number
  readonly key: KeyObject
  /** What is authenticated beside the content, so that a cookie is good for one purpose only. */
  readonly additional: Buffer
}

/** Derives what a secret stands for. Slow: once a key. */
export function deriveSealedKey(secret: string, upstream: string, cookie: string): SealedKey {
  const [id = 0] = derive(secret, 'holdfast kid v1', 1)
  return {
    id,
    key: createSecretKey(derive(secret, 'holdfast cookie v1', 32)),
    additional: Buffer.from([
      ...Buffer.from(`${upstream}\0${cookie}\0`, 'utf8'),
      sealedVersion,
      id,
    ]),
  }
}

function derive(secret: string, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', Buffer.from(secret, 'utf8'), '', purpose, length))
}
