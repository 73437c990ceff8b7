import { arrange, byId, h, setText } from './dom.js'
import { plural, timeOf } from './figures.js'
import type { Alarm, Level, Model } from './model.js'

const SIGNS: Readonly<Record<Level, string>> = {
  good: '✔',
  warning: '▲',
  serious: '✖',
  unknown: '…',
}

/** The sentence that says whether all is right, the strip above it, and the alarms below. */
export class FleetView {
  readonly #headline = byId('headline')
  readonly #strip = byId('strip')
  readonly #alarms = byId('alarms')
  readonly #sign = h('span', { class: 'sign', 'aria-hidden': 'true' })
  readonly #sentence = h('span')
  #shownAlarms = ''

  constructor() {
    this.#headline.replaceChildren(this.#sign, this.#sentence)
  }

  update(model: Model): void {
    const { level, text } = model.headline
    this.say(level, text)
    setText(this.#strip, stripOf(model))
    document.title = level === 'good' ? 'Holdfast' : `${SIGNS[level]} Holdfast`
    const alarms = JSON.stringify(model.alarms)
    if (alarms === this.#shownAlarms) return
    this.#shownAlarms = alarms
    arrange(this.#alarms, model.alarms.map(alarmElement))
  }

  say(level: Level, text: string): void {
    this.#headline.dataset.level = level
    setText(this.#sign, SIGNS[level])
    // The live region speaks only of what changes, so it must not be written for nothing.
    setText(this.#sentence, text)
  }
}

/** Whether what is shown is news, and since when it is not. */
export class Pulse {
  readonly #element = byId('pulse')

  live(at: number): void {
    this.#show('live', `live ● ${timeOf(at)}`)
  }

  paused(at: number): void {
    this.#show('paused', `paused at ${timeOf(at)}`)
  }

  waiting(): void {
    this.#show('waiting', 'no data yet')
  }

  lost(at: number | undefined): void {
    this.#show('lost', at === undefined ? 'no connection' : `no data since ${timeOf(at)}`)
  }

  #show(state: 'live' | 'paused' | 'waiting' | 'lost', text: string): void {
    document.body.dataset.pulse = state
    setText(this.#element, text)
  }
}

function stripOf({ replicas }: Model): string {
  const all = Object.values(replicas)
  const live = all.filter(({ presence }) => presence === 'live')
  const parts = [plural(live.length, 'replica')]
  const silent = all.length - live.length
  if (silent > 0) parts.push(`${silent} silent`)
  const stores = new Set(live.map(({ store }) => store))
  if (stores.has('down')) parts.push('Redis down')
  else if (stores.has('up')) parts.push('Redis up')
  return parts.join(' · ')
}

function alarmElement({ level, message, values }: Alarm): HTMLElement {
  const rows = values.map(({ value, replicas }) =>
    h('li', {}, h('b', {}, replicas.join(', ')), ' ', value),
  )
  return h(
    'details',
    { class: 'alarm', 'data-level': level },
    h(
      'summary',
      {},
      h('span', { 'aria-hidden': 'true' }, level === 'serious' ? '✖ ' : '▲ '),
      message,
    ),
    h('ul', {}, ...rows),
  )
}
