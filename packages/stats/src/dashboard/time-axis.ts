import { h, setText } from './dom.js'
import { minuteOf } from './figures.js'

/** The one axis under all charts of a page. */
export class TimeAxis {
  readonly element: HTMLElement = h('p', { class: 'axis', 'aria-hidden': 'true' })
  readonly #ticks = [0, 1, 2, 3, 4].map(() => h('span'))

  constructor() {
    this.element.append(...this.#ticks)
  }

  update(fromMs: number, toMs: number): void {
    const last = this.#ticks.length - 1
    for (const [i, tick] of this.#ticks.entries()) {
      setText(tick, minuteOf(fromMs + ((toMs - fromMs) * i) / last))
    }
  }
}
