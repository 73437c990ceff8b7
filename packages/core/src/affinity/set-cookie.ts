import type { CookieConfig, CookieStyle } from './config.js'

/** Writes a Set-Cookie line around a value. */
export type SetCookieWriter = (value: string, secure: boolean, nowS: number) => string

/** Compiles what is constant of the lines that `config` asks for. */
export function createSetCookieWriter(config: CookieConfig): SetCookieWriter {
  const layout = LAYOUTS[config.style]
  const plain = layout.attributes(config, false)
  const secured = layout.attributes(config, true)
  const lifetime = createLifetime(config.expires, layout.lifetime)
  return (value, secure, nowS) => {
    const [before, after] = secure ? secured : plain
    return `${config.cookie}=${value}${before}${lifetime(nowS)}${after}`
  }
}

/** One style of Set-Cookie lines. */
interface Layout {
  /** The constant attributes before and after those with dates. */
  attributes(config: CookieConfig, secure: boolean): readonly [before: string, after: string]
  lifetime(seconds: number, until: Date): string
}

const LAYOUTS: { readonly [style in CookieStyle]: Layout } = {
  holdfast: {
    attributes: (config, secure) => [
      attribute('Path', config.path),
      attribute('Domain', config.domain) +
        flag('Secure', secure) +
        flag('HttpOnly', config.httpOnly) +
        attribute('SameSite', capital(config.sameSite)) +
        flag('Partitioned', config.partitioned),
    ],
    lifetime: (seconds, until) => `; Max-Age=${seconds}; Expires=${until.toUTCString()}`,
  },
  // nginx/semantics 1.7; what the module does not know comes last.
  'sticky-module': {
    attributes: (config, secure) => [
      attribute('Domain', config.domain),
      attribute('Path', config.path ?? '/') +
        flag('Secure', secure) +
        flag('HttpOnly', config.httpOnly) +
        attribute('SameSite', capital(config.sameSite)) +
        flag('Partitioned', config.partitioned),
    ],
    lifetime: (_seconds, until) => `; Expires=${dashedDate(until, 4)}`,
  },
  // nginx/semantics 2.4.
  nginx: {
    attributes: (config, secure) => [
      '',
      attribute('domain', config.domain) +
        flag('httponly', config.httpOnly) +
        flag('secure', secure) +
        attribute('samesite', config.sameSite) +
        attribute('path', config.path) +
        flag('partitioned', config.partitioned),
    ],
    lifetime: (seconds, until) =>
      `; expires=${dashedDate(until, until.getUTCFullYear() > 2037 ? 4 : 2)}; max-age=${seconds}`,
  },
}

// What nginx writes for `max`.
const MAX_SECONDS = 315_360_000
const MAX_DATE = new Date('2037-12-31T23:55:55Z')

function createLifetime(
  expires: CookieConfig['expires'],
  write: Layout['lifetime'],
): (nowS: number) => string {
  if (expires === undefined) return () => ''
  if (expires === 'max') {
    const text = write(MAX_SECONDS, MAX_DATE)
    return () => text
  }
  const seconds = Math.floor(expires / 1000)
  let second = Number.NaN
  let text = ''
  return (nowS) => {
    if (nowS !== second) {
      second = nowS
      text = write(seconds, new Date((nowS + seconds) * 1000))
    }
    return text
  }
}

function attribute(name: string, value: string | false | undefined): string {
  return value === undefined || value === false ? '' : `; ${name}=${value}`
}

function flag(name: string, on: boolean): string {
  return on ? `; ${name}` : ''
}

function capital(sameSite: CookieConfig['sameSite']): string | false {
  return sameSite && `${sameSite.charAt(0).toUpperCase()}${sameSite.slice(1)}`
}

/** `Mon, 23-Nov-2026 17:22:05 GMT`, the date of the first cookies, which nginx still writes. */
function dashedDate(date: Date, yearDigits: 2 | 4): string {
  const text = date.toUTCString()
  const [weekday = '', day = '', month = '', year = '', time = ''] = text.split(' ')
  return `${weekday} ${day}-${month}-${year.slice(-yearDigits)} ${time} GMT`
}
