import { Chart, type Cursor } from './charts.js'
import { arrange, h, setText } from './dom.js'
import { bytes, count, milliseconds, percent, plural, rate, timeOf } from './figures.js'
import { marksOf } from './marks.js'
import type { Model, Server } from './model.js'
import { Past, type Span } from './past.js'
import { showState, stateChip } from './server-row.js'
import { ask, serverPath } from './session.js'
import { TimeAxis } from './time-axis.js'
import { TimelineView } from './timeline-view.js'

/** What the API says of a server beyond what the stream brings. */
interface Detail {
  readonly requests: number
  readonly attempts: number
  readonly retries: number
  readonly responses: Readonly<Record<string, number>>
  readonly fails: Readonly<Record<string, number>>
  readonly ejections: number
  readonly ejectionsDetected: number
  readonly maxFails?: number
  readonly failTimeoutS?: number
  readonly bytes: { readonly in: number; readonly out: number }
}

interface Drain {
  readonly state: string
  readonly sessionsLeft: number | null
  readonly sessionsError: number | null
  readonly activeRequests: number
  readonly tunnels: number
  readonly safeToStop: boolean
}

/** Everything about one server, and whether it may be stopped. */
export class ServerPage {
  readonly element: HTMLElement
  readonly #upstream: string
  readonly #id: string
  readonly #state = stateChip()
  readonly #address = h('p', { class: 'about' })
  readonly #facts = h('dl', { class: 'facts' })
  readonly #answer = h('p', { class: 'answer' })
  readonly #left = h('p', { class: 'about' })
  readonly #timeline: TimelineView
  readonly #traffic: Chart
  readonly #latency: Chart
  readonly #sessions: Chart
  readonly #axis = new TimeAxis()
  #span: Span = '1h'
  #detail: Detail | undefined

  constructor(
    upstream: string,
    id: string,
    cursor: Cursor,
    onAct: ((server: string) => void) | undefined,
  ) {
    this.#upstream = upstream
    this.#id = id
    this.#timeline = new TimelineView((event) => event.server === id && event.upstream === upstream)
    const lines = { kind: 'lines', about: id } as const
    this.#traffic = new Chart(
      { title: 'Requests a second', unit: 'req/s', format: rate, ...lines },
      cursor,
    )
    this.#latency = new Chart(
      { title: 'Time to the answer', unit: 'ms', format: milliseconds, ...lines },
      cursor,
    )
    this.#sessions = new Chart({ title: 'Sessions', unit: '', format: count, ...lines }, cursor)
    this.element = h(
      'section',
      { class: 'upstream server', 'aria-label': `Server ${id}` },
      h('nav', { 'aria-label': 'Up' }, h('a', { href: '#/' }, `← all servers`)),
      h('header', {}, h('h2', {}, id), this.#state, this.#address),
      this.#stopPanel(onAct),
      this.#facts,
      h(
        'div',
        { class: 'past' },
        h(
          'div',
          { class: 'charts' },
          this.#sessions.element,
          this.#traffic.element,
          this.#latency.element,
          this.#axis.element,
        ),
        this.#timeline.element,
      ),
    )
  }

  update(model: Model): void {
    const server = model.upstreams[this.#upstream]?.servers[this.#id]
    this.#timeline.update(model)
    if (server === undefined) {
      setText(this.#address, `${this.#upstream} has no server of this name now.`)
      return
    }
    showState(this.#state, server)
    setText(this.#address, `${server.address} · ${this.#upstream}`)
    this.#showFacts(server)
  }

  /** Asks for what the stream does not bring. */
  async refresh(model: Model, span: Span): Promise<void> {
    this.#span = span
    const path = serverPath(this.#upstream, this.#id)
    const [detail, drain, past] = await Promise.all([
      json<Detail>(path),
      json<Drain>(`${path}/drain`),
      Past.load(path, span),
    ])
    this.#detail = detail ?? this.#detail
    if (drain !== undefined) this.#showDrain(drain)
    if (past !== undefined && this.#span === span) this.#draw(past, model)
    this.update(model)
  }

  #stopPanel(onAct: ((server: string) => void) | undefined): HTMLElement {
    const panel = h(
      'div',
      { class: 'stop' },
      h('h3', {}, 'May I stop it now?'),
      this.#answer,
      this.#left,
    )
    if (onAct !== undefined) {
      const button = h('button', { type: 'button', class: 'primary' }, 'Drain or change …')
      button.addEventListener('click', () => onAct(this.#id))
      panel.append(button)
    }
    return panel
  }

  #showDrain({ state, sessionsLeft, sessionsError, ...drain }: Drain): void {
    const { activeRequests, tunnels, safeToStop } = drain
    const isClosed = state === 'drain' || state === 'down'
    this.#answer.dataset.safe = String(safeToStop)
    const why = isClosed ? 'something is left on it' : 'it takes new sessions'
    setText(this.#answer, safeToStop ? '✔ Yes' : `✖ Not yet: ${why}`)
    const sessions =
      sessionsLeft === null
        ? 'sessions that nobody can count, as they have no names here'
        : `${count(sessionsLeft)} ± ${count(sessionsError)} sessions`
    setText(
      this.#left,
      `${sessions} · ${plural(activeRequests, 'request')} in flight · ${plural(tunnels, 'tunnel')}`,
    )
  }

  #showFacts(server: Server): void {
    const detail = this.#detail
    const facts: ReadonlyArray<readonly [string, string]> = [
      ['weight', weightInWords(server)],
      ['share', `${percent(server.share)} (${percent(server.shareByWeight)} by weight)`],
      ['requests a second', rate(server.rate)],
      ['errors a second', rate(server.errors)],
      ['p50 · p99', `${milliseconds(server.p50)} · ${milliseconds(server.p99)} ms`],
      ['seen by replicas as', statesInWords(server)],
      ...(server.ejectedUntil === undefined
        ? []
        : [['ejected until', timeOf(server.ejectedUntil)] as const]),
      ...(detail === undefined ? [] : detailFacts(detail)),
    ]
    arrange(
      this.#facts,
      facts.map(([name, value], i) => {
        const known = this.#facts.children[i]
        const fact = known ?? h('div', {}, h('dt'), h('dd'))
        const [term, definition] = fact.children
        if (term !== undefined) setText(term, name)
        if (definition !== undefined) setText(definition, value)
        return fact
      }),
    )
  }

  #draw(past: Past, model: Model): void {
    const { fromMs, toMs, stepMs } = past
    const marks = marksOf(model, this.#upstream, this.#id)
    const plain = { fromMs, toMs, startMs: fromMs, stepMs, marks }
    const line = (name: string, look: string, column: string) => ({
      name,
      look,
      values: past.values(column),
    })
    this.#traffic.update({
      ...plain,
      series: [line('', 'main', 'requestsPerSecond'), line('errors', 'bad', 'errorsPerSecond')],
    })
    this.#latency.update({
      ...plain,
      series: [line('p50', 'main', 'p50'), line('p99', 'second', 'p99')],
    })
    this.#sessions.update({ ...plain, series: [line('', 'main', 'sessions')] })
    this.#axis.update(fromMs, toMs)
  }
}

function detailFacts(detail: Detail): ReadonlyArray<readonly [string, string]> {
  const { ejections, ejectionsDetected, maxFails, failTimeoutS } = detail
  const limit =
    maxFails === undefined || failTimeoutS === undefined
      ? ''
      : `, after ${plural(maxFails, 'fail')} in ${failTimeoutS}\u00a0s`
  return [
    ['requests', count(detail.requests)],
    ['attempts · retries', `${count(detail.attempts)} · ${count(detail.retries)}`],
    ['answers', counts(detail.responses)],
    ['fails', counts(detail.fails)],
    ['ejections', `${count(ejections)} of ${count(ejectionsDetected)} detected${limit}`],
    ['bytes in · out', `${bytes(detail.bytes.in)} · ${bytes(detail.bytes.out)}`],
  ]
}

function counts(by: Readonly<Record<string, number>>): string {
  const some = Object.entries(by).filter(([, n]) => n > 0)
  return some.length === 0 ? 'none' : some.map(([name, n]) => `${count(n)} ${name}`).join(', ')
}

function weightInWords({ weight, effectiveWeight, override }: Server): string {
  const effect = effectiveWeight < weight ? `, ${effectiveWeight} in effect` : ''
  return `${weight}${effect}${override?.weight === undefined ? '' : ', set by hand'}`
}

function statesInWords({ states, override }: Server): string {
  const seen = Object.entries(states).map(([state, n]) => `${n} × ${state}`)
  return `${seen.join(', ')}${override?.mode === undefined ? '' : ', set by hand'}`
}

async function json<T>(path: string): Promise<T | undefined> {
  const response = await ask(path).catch(() => undefined)
  return response?.ok === true ? ((await response.json()) as T) : undefined
}
