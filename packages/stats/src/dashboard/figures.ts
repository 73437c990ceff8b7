import type { ServerState } from './model.js'

const NONE = '–'

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const tenth = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})

export function count(value: number | undefined | null): string {
  return value === undefined || value === null ? NONE : whole.format(value)
}

/** A rate a second: whole where that says enough. */
export function rate(value: number | undefined | null): string {
  if (value === undefined || value === null) return NONE
  if (value === 0) return '0'
  return value >= 10 ? whole.format(value) : tenth.format(value)
}

export function milliseconds(value: number | undefined | null): string {
  if (value === undefined || value === null) return NONE
  return value >= 10 ? whole.format(value) : tenth.format(value)
}

export function percent(share: number | undefined | null, digits = 0): string {
  if (share === undefined || share === null) return NONE
  const text = (100 * share).toFixed(digits)
  const least = 10 ** -digits
  // 99.996 % is not 100 %, nor is 0.3 % nothing.
  if (share < 1 && Number(text) === 100) return `>${(100 - least).toFixed(digits)}\u00a0%`
  if (share > 0 && Number(text) === 0) return `<${least}\u00a0%`
  return `${text}\u00a0%`
}

/** How many sessions, which is an estimate: ± two standard errors. */
export function estimate(value: number | undefined | null): string {
  if (value === undefined || value === null) return NONE
  const error = Math.ceil(value * 0.0325)
  return error === 0 ? count(value) : `${count(value)} ± ${count(error)}`
}

export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let [amount, unit] = [value, 0]
  while (amount >= 1000 && unit < units.length - 1) [amount, unit] = [amount / 1000, unit + 1]
  return `${unit === 0 ? amount : tenth.format(amount)} ${units[unit]}`
}

export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`
}

export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

const clockSeconds = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const clockMinutes = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })

export function timeOf(ms: number): string {
  return clockSeconds.format(ms)
}

export function minuteOf(ms: number): string {
  return clockMinutes.format(ms)
}

/** A state is a shape, a word and a colour. */
export const SHAPES: Readonly<Record<ServerState | 'backup', string>> = {
  up: '●',
  drain: '◐',
  probing: '◔',
  ejected: '✖',
  down: '■',
  backup: '○',
}

/** What the dashboard calls it: a backup that is well waits. */
export function conditionOf(server: {
  readonly state: ServerState
  readonly backup?: boolean
}): ServerState | 'backup' {
  return server.backup === true && server.state === 'up' ? 'backup' : server.state
}
