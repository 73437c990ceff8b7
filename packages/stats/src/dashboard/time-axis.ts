import { arrange, setAttributes, setText, svg } from './dom.js'
import { minuteOf } from './figures.js'

const MINUTE_MS = 60_000
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360].map((minutes) => minutes * MINUTE_MS)
const MOST_TICKS = 6
/** So close to an end a label would be cut off: its line stands without it. */
const END_SHARE = 0.04

/** Round times of the reader's own clock, few enough to be read on a phone. */
export function ticksOf(fromMs: number, toMs: number): readonly number[] {
  const stepMs = STEPS_MS.find((ms) => (toMs - fromMs) / ms <= MOST_TICKS) ?? toMs - fromMs
  const zoneMs = new Date(toMs).getTimezoneOffset() * MINUTE_MS
  const first = Math.ceil((fromMs - zoneMs) / stepMs) * stepMs + zoneMs
  const count = Math.max(0, Math.floor((toMs - first) / stepMs) + 1)
  return Array.from({ length: count }, (_, i) => first + i * stepMs)
}

/** The one axis under all charts of a page. */
export class TimeAxis {
  readonly element: SVGElement = svg('svg', { class: 'axis', 'aria-hidden': 'true' })

  update(fromMs: number, toMs: number): void {
    const marginMs = END_SHARE * (toMs - fromMs)
    const shown = ticksOf(fromMs, toMs).filter(
      (at) => at - fromMs >= marginMs && toMs - at >= marginMs,
    )
    const labels = shown.map((at, i) => {
      const share = (at - fromMs) / (toMs - fromMs)
      const label = this.element.children[i] ?? svg('text', { y: 11, 'text-anchor': 'middle' })
      setAttributes(label, { x: `${(100 * share).toFixed(2)}%` })
      setText(label, minuteOf(at))
      return label
    })
    arrange(this.element, labels)
  }
}
