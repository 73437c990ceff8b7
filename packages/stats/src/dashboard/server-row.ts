import { sparkPath } from './charts.js'
import { h, setAttributes, setText, svg } from './dom.js'
import { conditionOf, count, estimate, milliseconds, percent, rate, SHAPES } from './figures.js'
import type { Server } from './model.js'
import { hashOf } from './router.js'

const SPARK_LENGTH = 60
const UNNAMED = 'Sessions have no names here, so they cannot be counted'
const SPARK = { width: 72, height: 18 }

/** A server in the table; on a phone, a card. */
export class ServerRow {
  readonly element: HTMLTableRowElement
  readonly #state = stateChip()
  readonly #share = new ShareBar()
  readonly #cells = new Map<string, HTMLTableCellElement>()
  readonly #spark = svg('path')
  readonly #action: HTMLButtonElement | undefined
  #past: Array<number | null> = []

  constructor(upstream: string, id: string, onAct: ((server: string) => void) | undefined) {
    const cell = (name: string, look = 'number'): HTMLTableCellElement => {
      const made = h('td', { class: look, 'data-title': name })
      this.#cells.set(name, made)
      return made
    }
    const trend = svg(
      'svg',
      { class: 'spark', viewBox: `0 -1 ${SPARK.width} ${SPARK.height + 2}`, 'aria-hidden': 'true' },
      this.#spark,
    )
    this.element = h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('a', { href: hashOf(upstream, id) }, id)),
      h('td', { 'data-title': 'state' }, this.#state),
      cell('weight'),
      h('td', { class: 'share', 'data-title': 'share' }, this.#share.element),
      cell('req/s'),
      cell('err/s'),
      cell('p50 ms'),
      cell('p99 ms'),
      cell('sessions'),
      cell('active'),
      h('td', { class: 'trend', 'data-title': '5 min' }, trend),
    )
    if (onAct !== undefined) {
      this.#action = h('button', { type: 'button', class: 'row-action' })
      this.#action.addEventListener('click', () => onAct(id))
      this.element.append(h('td', { class: 'action' }, this.#action))
      this.#action.dataset.server = id
    }
  }

  /** @param isNewSlot whether the small chart moves on. */
  update(server: Server, isNewSlot: boolean): void {
    showState(this.#state, server)
    this.element.dataset.state = conditionOf(server)
    this.#share.update(server)
    this.#set('weight', weightOf(server))
    this.#set('req/s', rate(server.rate))
    this.#set('err/s', rate(server.errors))
    this.#set('p50 ms', milliseconds(server.p50))
    this.#set('p99 ms', milliseconds(server.p99))
    this.#set(
      'sessions',
      count(server.sessions),
      server.sessions === undefined ? UNNAMED : `${estimate(server.sessions)} sessions`,
    )
    const tunnels = server.tunnels > 0 ? ` + ${count(server.tunnels)}` : ''
    this.#set(
      'active',
      `${count(server.active)}${tunnels}`,
      `${count(server.active)} requests, ${count(server.tunnels)} tunnels`,
    )
    this.#cells.get('err/s')?.classList.toggle('bad', (server.errors ?? 0) > 0)
    if (isNewSlot) this.remember([...this.#past, server.rate ?? null])
    if (this.#action !== undefined) {
      const verb =
        server.override?.mode === undefined && server.state !== 'drain' && server.state !== 'down'
          ? 'Drain …'
          : 'Change …'
      setText(this.#action, verb)
      const id = this.#action.dataset.server ?? ''
      setAttributes(this.#action, { 'aria-label': verb.replace(' …', ` ${id} …`) })
    }
  }

  /** What the small chart shows, newest last. */
  remember(past: ReadonlyArray<number | null>): void {
    this.#past = past.slice(-SPARK_LENGTH)
    const gaps = new Array<null>(SPARK_LENGTH - this.#past.length).fill(null)
    const d = sparkPath([...gaps, ...this.#past], SPARK.width, SPARK.height)
    setAttributes(this.#spark, { d })
  }

  #set(name: string, text: string, title = ''): void {
    const cell = this.#cells.get(name)
    if (cell === undefined) return
    setText(cell, text)
    if (title !== '' && cell.title !== title) cell.title = title
  }
}

/** Its actual share as a length, and a mark where its weight would have it. */
class ShareBar {
  readonly #bar = svg('rect', { class: 'bar', x: 0, y: 3, height: 10, rx: 1.5 })
  readonly #mark = svg('rect', { class: 'by-weight', y: 0, width: 2, height: 16 })
  readonly #text = h('span', { class: 'percent' })
  readonly element: HTMLElement = h(
    'span',
    { class: 'share-bar' },
    svg(
      'svg',
      { viewBox: '0 0 202 16', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('rect', { class: 'track', x: 0, y: 3, width: 202, height: 10, rx: 1.5 }),
      this.#bar,
      this.#mark,
    ),
    this.#text,
  )

  update({ share, shareByWeight }: Server): void {
    setAttributes(this.#bar, { width: Math.round(200 * (share ?? 0)) })
    setAttributes(this.#mark, { x: shareByWeight > 0 ? Math.round(200 * shareByWeight) : -9 })
    setText(this.#text, percent(share))
    const title = `${percent(share, 1)} of the requests, ${percent(shareByWeight, 1)} by weight`
    if (this.element.title !== title) this.element.title = title
  }
}

export function stateChip(): HTMLElement {
  return h(
    'span',
    { class: 'state' },
    h('span', { class: 'shape', 'aria-hidden': 'true' }),
    h('span'),
  )
}

export function showState(chip: HTMLElement, server: Server): void {
  const condition = conditionOf(server)
  const [shape, word] = chip.children
  if (shape !== undefined) setText(shape, SHAPES[condition])
  const seen = Object.entries(server.states)
  const some =
    seen.length > 1
      ? ` ${server.states[server.state] ?? 0} of ${seen.reduce((sum, [, n]) => sum + n, 0)}`
      : ''
  if (word !== undefined) setText(word, `${condition}${some}`)
  if (chip.dataset.state !== condition) chip.dataset.state = condition
  const title = seen.map(([state, n]) => `${n} × ${state}`).join(', ')
  if (chip.title !== title) chip.title = title
}

function weightOf({ weight, effectiveWeight, override }: Server): string {
  const set = override?.weight === undefined ? '' : '*'
  const left = effectiveWeight < weight ? `${Math.round(effectiveWeight * 10) / 10}/` : ''
  return `${left}${weight}${set}`
}
