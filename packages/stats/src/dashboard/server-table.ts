import { arrange, h } from './dom.js'
import type { Server, Upstream } from './model.js'
import { ServerRow } from './server-row.js'

interface Column {
  readonly title: string
  readonly hint?: string
  readonly look?: string
  /** What rows are sorted by; the configuration's order where there is none. */
  readonly sortBy?: (server: Server, id: string) => number | string
}

const GRAVITY = ['ejected', 'probing', 'down', 'drain', 'up']

const COLUMNS: readonly Column[] = [
  { title: 'server', sortBy: (_server, id) => id },
  { title: 'state', sortBy: ({ state }) => -GRAVITY.indexOf(state) },
  { title: 'weight', look: 'number', sortBy: ({ weight }) => weight },
  {
    title: 'share',
    hint: 'Of the last minute’s requests; the mark is the share by weight',
    sortBy: ({ share }) => share ?? -1,
  },
  { title: 'req/s', hint: 'Over the last 10 s', look: 'number', sortBy: ({ rate }) => rate ?? -1 },
  {
    title: 'err/s',
    hint: 'Fails and 5xx, over the last 10 s',
    look: 'number',
    sortBy: ({ errors }) => errors ?? -1,
  },
  { title: 'p50 ms', hint: 'Over the last minute', look: 'number', sortBy: ({ p50 }) => p50 ?? -1 },
  { title: 'p99 ms', hint: 'Over the last minute', look: 'number', sortBy: ({ p99 }) => p99 ?? -1 },
  {
    title: 'sessions',
    hint: 'About; those that came in the last 15 minutes or the cookie’s idle time',
    look: 'number',
    sortBy: ({ sessions }) => sessions ?? -1,
  },
  {
    title: 'active',
    hint: 'Requests in flight, and tunnels',
    look: 'number',
    sortBy: ({ active, tunnels }) => active + tunnels,
  },
  { title: '5 min', hint: 'Requests a second over the last five minutes', look: 'trend' },
]

type Order = 'none' | 'descending' | 'ascending'

const NEXT: Readonly<Record<Order, Order>> = {
  none: 'descending',
  descending: 'ascending',
  ascending: 'none',
}

/** The servers of an upstream, in the configuration's order until the reader sorts them. */
export class ServerTable {
  readonly element: HTMLElement
  readonly #upstream: string
  readonly #onAct: ((server: string) => void) | undefined
  readonly #body = h('tbody')
  readonly #rows = new Map<string, ServerRow>()
  readonly #heads = new Map<Column, HTMLTableCellElement>()
  #sorted: Column | undefined
  #order: Order = 'none'
  #shown: Upstream | undefined

  constructor(upstream: string, onAct: ((server: string) => void) | undefined) {
    this.#upstream = upstream
    this.#onAct = onAct
    const caption = h('caption', { class: 'hidden' }, `Servers of ${upstream}`)
    this.element = h('div', { class: 'scroll' }, h('table', {}, caption, this.#head(), this.#body))
  }

  /** @param isNewSlot whether the small charts move on. */
  update(upstream: Upstream, isNewSlot: boolean): void {
    const { order, servers } = upstream
    this.#shown = upstream
    for (const id of order) {
      const server = servers[id]
      if (server === undefined) continue
      const row = this.#rows.get(id) ?? new ServerRow(this.#upstream, id, this.#onAct)
      this.#rows.set(id, row)
      row.update(server, isNewSlot)
    }
    for (const id of this.#rows.keys()) if (servers[id] === undefined) this.#rows.delete(id)
    this.#arrange()
  }

  /** What the small charts show, by server. */
  remember(sparks: Readonly<Record<string, ReadonlyArray<number | null>>>): void {
    for (const [id, row] of this.#rows) row.remember(sparks[id] ?? [])
  }

  #arrange(): void {
    const { order = [], servers = {} } = this.#shown ?? {}
    const ids = order.filter((id) => this.#rows.has(id))
    const sortBy = this.#sorted?.sortBy
    if (sortBy !== undefined && this.#order !== 'none') {
      const sign = this.#order === 'ascending' ? 1 : -1
      const keys = new Map(ids.map((id) => [id, sortBy(servers[id] as Server, id)]))
      ids.sort((a, b) => sign * compare(keys.get(a), keys.get(b)))
    }
    arrange(
      this.#body,
      ids.flatMap((id) => this.#rows.get(id)?.element ?? []),
    )
  }

  #head(): HTMLElement {
    const cells = COLUMNS.map((column) => {
      const { title, hint = '', look = '', sortBy } = column
      const cell = h('th', { scope: 'col', class: look, title: hint })
      if (sortBy === undefined) cell.textContent = title
      else {
        const button = h('button', { type: 'button' }, title)
        button.addEventListener('click', () => this.#sort(column))
        cell.append(button)
        this.#heads.set(column, cell)
      }
      return cell
    })
    if (this.#onAct !== undefined) {
      cells.push(h('th', { scope: 'col' }, h('span', { class: 'hidden' }, 'actions')))
    }
    return h('thead', {}, h('tr', {}, ...cells))
  }

  #sort(column: Column): void {
    this.#order = this.#sorted === column ? NEXT[this.#order] : 'descending'
    this.#sorted = column
    for (const [each, cell] of this.#heads) {
      if (each === column && this.#order !== 'none') cell.setAttribute('aria-sort', this.#order)
      else cell.removeAttribute('aria-sort')
    }
    this.#arrange()
  }
}

function compare(a: number | string = '', b: number | string = ''): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  // Descending is what the first click asks for; names are wanted from A.
  return String(b).localeCompare(String(a), undefined, { numeric: true })
}
