import { createHash, timingSafeEqual } from 'node:crypto'

/** What a caller may do. Who may act may read. */
export type Scope = 'read' | 'admin'

export interface TokenOptions {
  readonly read?: string | undefined
  readonly admin?: string | undefined
}

/** The tokens of both scopes, of which only digests are kept. */
export class Tokens {
  readonly #digests: ReadonlyArray<readonly [Scope, Buffer]>

  constructor({ read, admin }: TokenOptions) {
    this.#digests = [
      ...(admin === undefined ? [] : [['admin', digest(admin)] as const]),
      ...(read === undefined ? [] : [['read', digest(read)] as const]),
    ]
  }

  has(scope: Scope): boolean {
    return this.#digests.some(([known]) => known === scope)
  }

  get isEmpty(): boolean {
    return this.#digests.length === 0
  }

  /** The scope of a token. It takes the same time for every wrong one. */
  scopeOf(token: string): Scope | undefined {
    // Digests have one length, so comparing them tells nothing of the token's.
    const given = digest(token)
    let found: Scope | undefined
    for (const [scope, expected] of this.#digests) {
      if (timingSafeEqual(given, expected)) found ??= scope
    }
    return found
  }
}

/** The token of an `Authorization: Bearer` field; undefined where there is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
