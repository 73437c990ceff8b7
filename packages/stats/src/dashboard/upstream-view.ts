import { Chart, type ChartData, type Cursor, type Mark } from './charts.js'
import { arrange, h, setText } from './dom.js'
import { count, milliseconds, percent, rate } from './figures.js'
import { marksOf } from './marks.js'
import type { Model, Upstream } from './model.js'
import { Past, type Span } from './past.js'
import { ServerTable } from './server-table.js'
import { ask } from './session.js'
import { TimeAxis } from './time-axis.js'
import { TimelineView } from './timeline-view.js'

const MINUTE_MS = 60_000

/** One upstream: its servers now, and what became of its sessions over time. */
export class UpstreamView {
  readonly element: HTMLElement
  readonly #name: string
  readonly #title = h('h2')
  readonly #about = h('p', { class: 'about' })
  readonly #sums = h('p', { class: 'sums' })
  readonly #table: ServerTable
  readonly #traffic: Chart
  readonly #latency: Chart
  readonly #moved: Chart
  readonly #axis = new TimeAxis()
  readonly #timeline: TimelineView
  readonly #legend = h('p', { class: 'legend' })
  #past: Past | undefined
  #span: Span = '1h'
  #slotAt = 0

  constructor(name: string, cursor: Cursor, onAct: ((server: string) => void) | undefined) {
    this.#name = name
    this.#table = new ServerTable(name, onAct)
    setText(this.#title, name)
    const lines = { kind: 'lines', about: name } as const
    this.#traffic = new Chart(
      { title: 'Requests a second', unit: 'req/s', format: rate, ...lines },
      cursor,
    )
    this.#latency = new Chart(
      { title: 'Time to the answer', unit: 'ms', format: milliseconds, ...lines },
      cursor,
    )
    this.#moved = new Chart(
      { title: 'Sessions moved', kind: 'bars', unit: '/ min', format: count, about: name },
      cursor,
    )
    this.#timeline = new TimelineView(
      ({ upstream, server }) =>
        upstream === name || (upstream === undefined && server === undefined),
    )
    this.element = h(
      'section',
      { class: 'upstream', 'aria-label': `Upstream ${name}` },
      h('header', {}, this.#title, this.#about, this.#sums),
      this.#table.element,
      h(
        'div',
        { class: 'past' },
        h(
          'div',
          { class: 'charts' },
          this.#moved.element,
          this.#legend,
          this.#traffic.element,
          this.#latency.element,
          this.#axis.element,
        ),
        this.#timeline.element,
      ),
    )
  }

  update(model: Model, upstream: Upstream): void {
    const { balance, sticky, rate: requests, p99, kept, errors } = upstream
    setText(this.#about, [words(balance), stickyInWords(sticky)].join(' · '))
    const sums = [`${rate(requests)} req/s`, `p99 ${milliseconds(p99)} ms`]
    if (errors) sums.push(`${rate(errors)} err/s`)
    if (sticky !== undefined) sums.push(`kept ${percent(kept, 2)}`)
    setText(this.#sums, sums.join(' · '))
    const { slot } = upstream
    this.#table.update(upstream, slot !== undefined && slot.at > this.#slotAt)
    this.#timeline.update(model)
    if (slot !== undefined && slot.at > this.#slotAt) {
      this.#slotAt = slot.at
      if (this.#span !== '24h') this.#past?.append(slot)
      this.draw(model)
    }
  }

  /** Looks back as far as that. */
  async look(span: Span, model: Model): Promise<void> {
    this.#span = span
    const path = `api/v1/upstreams/${encodeURIComponent(this.#name)}`
    const past = await Past.load(path, span)
    if (this.#span !== span || past === undefined) return
    this.#past = past
    this.draw(model)
  }

  /** Fetches what the rows' small charts show. */
  async loadSparks(): Promise<void> {
    const path = `api/v1/upstreams/${encodeURIComponent(this.#name)}/sparks`
    const response = await ask(path).catch(() => undefined)
    if (response?.ok !== true) return
    const { servers } = (await response.json()) as { servers: Record<string, Array<number | null>> }
    this.#table.remember(servers)
  }

  draw(model: Model): void {
    const past = this.#past
    if (past === undefined) return
    const { fromMs, toMs, stepMs } = past
    const marks = marksOf(model, this.#name)
    const line = (name: string, look: string, column: string) => ({
      name,
      look,
      values: past.values(column),
    })
    const plain = { fromMs, toMs, startMs: fromMs, stepMs, marks }
    this.#traffic.update({
      ...plain,
      series: [line('', 'main', 'requestsPerSecond'), line('errors', 'bad', 'errorsPerSecond')],
    })
    this.#latency.update({
      ...plain,
      series: [line('p50', 'main', 'p50'), line('p99', 'second', 'p99')],
    })
    this.#drawMoved(past, marks)
    this.#axis.update(fromMs, toMs)
  }

  #drawMoved(past: Past, marks: readonly Mark[]): void {
    const { fromMs, toMs } = past
    const widthMs = this.#span === '24h' ? 10 * MINUTE_MS : MINUTE_MS
    const perMinute = widthMs / MINUTE_MS
    const series = past
      .names('moved:')
      .map((column) => {
        const reason = column.slice('moved:'.length)
        const values = past
          .sums(column, widthMs)
          .map((sum) => (sum === null ? null : sum / perMinute))
        return { name: reason, look: `reason-${reason}`, values }
      })
      .filter(({ values }) => values.some((value) => value !== null && value > 0))
    const startMs = past.sumsFromMs(widthMs)
    // A chart without a series has no time: an empty one stands for "none moved".
    const shown =
      series.length > 0
        ? series
        : [{ name: 'none', look: '', values: past.sums('moved:failed', widthMs) }]
    const data: ChartData = { fromMs, toMs, startMs, stepMs: widthMs, series: shown, marks }
    this.#moved.update(data)
    const total = (values: ReadonlyArray<number | null>): number =>
      values.reduce<number>((sum, value) => sum + (value ?? 0) * perMinute, 0)
    arrange(
      this.#legend,
      series.map(({ name, look, values }) =>
        h('span', { class: `key ${look}` }, `${words(name)} ${count(total(values))}`),
      ),
    )
    this.#legend.hidden = series.length === 0
  }
}

function stickyInWords(sticky: string | undefined): string {
  if (sticky === undefined) return 'not sticky'
  return sticky === 'learn' ? 'sticky by learning' : `sticky by ${sticky}`
}

function words(name: string): string {
  return name.replaceAll('-', ' ')
}
