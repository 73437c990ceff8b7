import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '../kernel/random.js'
import type { MoveReason, Session } from './binding.js'
import { deriveSealedKey, type SealedKey, sealedVersion } from './sealed-key.js'

const CIPHER = 'aes-256-gcm'
const TAG_BYTES = 16
const TAG = { authTagLength: TAG_BYTES }
const PLAIN_BYTES = 28
const NONCE_AT = 2
const PLAIN_AT = 14
const TAG_AT = PLAIN_AT + PLAIN_BYTES
const BYTES = TAG_AT + TAG_BYTES
const CHARACTERS = 78

/** What a sealed cookie says. */
export interface SealedContent {
  /** The first 8 bytes of the SHA-256 of the server's address, as a byte string. */
  readonly place: string
  readonly incarnation: number
  readonly session: Session
}

/** A sealed cookie that was opened. */
export interface Opened extends SealedContent {
  /** The cookie's text, in a string of its own that keeps no header alive. */
  readonly text: string
  /** Whether a newer key than the one it was sealed with is there. */
  readonly older: boolean
}

/**
 * Seals and opens version 1 of the sealed cookie:
 *
 *     version(1) key-id(1) nonce(12) [ place(8) incarnation(4) issued(4) seen(4) session(8) ] tag(16)
 *
 * with AES-256-GCM over what stands in brackets; big-endian, base64url without padding.
 */
export class SealedCodec {
  /** The newest first. */
  readonly #keys: readonly SealedKey[]
  readonly #random: Random
  // Both directions are synchronous, so one set of buffers serves every cookie.
  readonly #bytes: Buffer = Buffer.alloc(BYTES)
  readonly #nonce: Buffer = this.#bytes.subarray(NONCE_AT, PLAIN_AT)
  readonly #cipherText: Buffer = this.#bytes.subarray(PLAIN_AT, TAG_AT)
  readonly #tag: Buffer = this.#bytes.subarray(TAG_AT)
  readonly #plain: Buffer = Buffer.alloc(PLAIN_BYTES)

  constructor(upstream: string, cookie: string, secrets: readonly string[], random: Random) {
    this.#keys = secrets.map((secret) => deriveSealedKey(secret, upstream, cookie))
    this.#random = random
  }

  get keyIds(): readonly number[] {
    return this.#keys.map((key) => key.id)
  }

  /** Seals with the newest key; undefined without one. */
  seal({ place, incarnation, session }: SealedContent): string | undefined {
    const [key] = this.#keys
    if (key === undefined) return undefined
    const plain = this.#plain
    plain.write(place, 0, 'latin1')
    plain.writeUInt32BE(incarnation, 8)
    plain.writeUInt32BE(session.issuedS, 12)
    plain.writeUInt32BE(session.seenS, 16)
    plain.write(session.id, 20, 'hex')
    this.#bytes[0] = sealedVersion
    this.#bytes[1] = key.id
    this.#random.fill(this.#nonce)
    const cipher = createCipheriv(CIPHER, key.key, this.#nonce, TAG)
    cipher.setAAD(key.additional)
    this.#cipherText.set(cipher.update(plain))
    cipher.final()
    this.#tag.set(cipher.getAuthTag())
    return this.#bytes.toString('base64url')
  }

  /** Opens a cookie's value, whichever of the keys it was sealed with. */
  open(value: string): Opened | Extract<MoveReason, 'bad-cookie' | 'unknown-key'> {
    if (value.length !== CHARACTERS) return 'bad-cookie'
    if (this.#bytes.write(value, 'base64url') !== BYTES) return 'bad-cookie'
    // Node's decoder takes several spellings of the same bytes; only one is a cookie of ours.
    const text = this.#bytes.toString('base64url')
    if (text !== value || this.#bytes[0] !== sealedVersion) return 'bad-cookie'
    const id = this.#bytes[1]
    let known = false
    for (const [age, key] of this.#keys.entries()) {
      if (key.id !== id) continue
      known = true
      const plain = this.#decipher(key)
      if (plain !== undefined) return { ...parse(plain), text, older: age > 0 }
    }
    return known ? 'bad-cookie' : 'unknown-key'
  }

  #decipher(key: SealedKey): Buffer | undefined {
    const decipher = createDecipheriv(CIPHER, key.key, this.#nonce, TAG)
    decipher.setAAD(key.additional)
    decipher.setAuthTag(this.#tag)
    const plain = decipher.update(this.#cipherText)
    try {
      decipher.final()
      return plain
    } catch {
      return undefined
    }
  }
}

function parse(plain: Buffer): SealedContent {
  return {
    place: plain.toString('latin1', 0, 8),
    incarnation: plain.readUInt32BE(8),
    session: {
      issuedS: plain.readUInt32BE(12),
      seenS: plain.readUInt32BE(16),
      id: plain.toString('hex', 20),
      countedBy: undefined,
      countedUntilS: 0,
    },
  }
}
