import { createHash, createHmac } from 'node:crypto'
import { byteString } from '../kernel/bytes.js'
import type { Pool } from '../servers/pool.js'
import type { Server } from '../servers/server.js'
import type { Binding, MoveReason } from './binding.js'
import type { CookieFormat, CookieStyle } from './config.js'
import { boundBinding, type CookieValues } from './cookie-values.js'
import { addressWithPort } from './server-name.js'

/** The formats whose value is a function of the server alone. */
export type NginxFormat = Exclude<CookieFormat, 'sealed'>

export interface NginxValuesConfig {
  readonly format: NginxFormat
  /** Whose spellings of a server count, the one that is written first. */
  readonly styles: readonly CookieStyle[]
  /** For `hmac-*`, the newest first. */
  readonly keys: readonly string[]
  /** Whether every value is an older one that is to be re-issued. */
  readonly older: boolean
}

/** The values that nginx's modules write (nginx/semantics 1.4, 2.1): one look-up tells the server. */
export class NginxValues implements CookieValues {
  readonly #config: NginxValuesConfig
  #keys: readonly string[]
  #servers: readonly Server[] = []
  #bindings: ReadonlyMap<string, Binding> = new Map()
  #values: ReadonlyMap<Server, string> = new Map()

  constructor(config: NginxValuesConfig) {
    this.#config = config
    this.#keys = config.keys
  }

  follow(pool: Pool): void {
    this.#servers = pool.servers
    this.#build()
  }

  rekey(keys: readonly string[]): void {
    this.#keys = keys
    this.#build()
  }

  read(value: string): Binding | MoveReason {
    const { format, styles } = this.#config
    const binding = this.#bindings.get(format === 'index' ? withoutZeros(value) : value)
    if (binding !== undefined) return binding
    // A route of nginx's may be any text.
    return styles.includes('nginx') || SHAPES[format].test(value) ? 'removed' : 'bad-cookie'
  }

  write(server: Server): string | undefined {
    return this.#values.get(server)
  }

  #build(): void {
    const { format, styles, older } = this.#config
    const keys = format.startsWith('hmac-') ? this.#keys : ['']
    const bindings = new Map<string, Binding>()
    const values = new Map<Server, string>()
    keys.forEach((key, age) => {
      for (const style of styles) {
        this.#servers.forEach((server, index) => {
          const value = written(server, index, format, style, key)
          if (!values.has(server)) values.set(server, value)
          // Of two servers with one value the first counts, as in nginx.
          if (!bindings.has(value))
            bindings.set(value, boundBinding(server, undefined, older || age > 0))
        })
      }
    })
    this.#bindings = bindings
    this.#values = values
  }
}

// What a value of a server that is gone may look like; anything else was never ours.
const SHAPES: { readonly [format in NginxFormat]: RegExp } = {
  md5: /^[\da-f]{32}$/,
  'hmac-md5': /^[\da-f]{32}$/,
  sha1: /^[\da-f]{40}$/,
  'hmac-sha1': /^[\da-f]{40}$/,
  'hmac-sha256': /^[\da-f]{64}$/,
  index: /^\d{1,9}$/,
  text: /^/,
}

function written(
  server: Server,
  index: number,
  format: NginxFormat,
  style: CookieStyle,
  key: string,
): string {
  if (format === 'index') return String(index)
  const { route } = server.config
  if (style === 'nginx' && route !== undefined) return byteString(route)
  const text = style === 'nginx' ? addressWithPort(server.address) : server.address
  return digest(text, format, key)
}

function digest(text: string, format: Exclude<NginxFormat, 'index'>, key: string): string {
  switch (format) {
    case 'text':
      return byteString(text)
    case 'md5':
    case 'sha1':
      return createHash(format).update(text).digest('hex')
    case 'hmac-md5':
    case 'hmac-sha1':
    case 'hmac-sha256':
      return createHmac(format.slice('hmac-'.length), key).update(text).digest('hex')
  }
}

// nginx reads the index as a number, so that 01 is 1.
function withoutZeros(value: string): string {
  return value.startsWith('0') ? value.replace(/^0+(?=\d)/, '') : value
}
