import { ActionDialog } from './actions.js'
import { Cursor } from './charts.js'
import { follow } from './connection.js'
import { arrange, byId, h } from './dom.js'
import { FleetView, Pulse } from './fleet-view.js'
import type { Model } from './model.js'
import { SPAN_NAMES, SPANS, type Span } from './past.js'
import { placeOf } from './router.js'
import { ServerPage } from './server-page.js'
import { ask, session } from './session.js'
import { UpstreamView } from './upstream-view.js'

const REFRESH_MS = 5_000
const DAY_REFRESH_MS = 120_000

/** Starts the dashboard: it asks what it may do, and then follows the stream. */
export async function start(): Promise<void> {
  takeTokenFromLink()
  const rights = await ask('api/v1/whoami').catch(() => undefined)
  if (rights?.status === 401 || rights?.status === 403 || rights?.status === 429) {
    askForToken(rights)
    return
  }
  const { acts = false, mayAct = false } = rights?.ok === true ? await rights.json() : {}
  if (acts === true && mayAct !== true) offerToSignIn()
  new App(mayAct === true).run()
}

/** A link may bring the token behind `#token=`, which browsers send to nobody. */
function takeTokenFromLink(): void {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? []
  if (token === undefined) return
  session.token = decodeURIComponent(token)
  history.replaceState(null, '', '#/')
}

function offerToSignIn(): void {
  const button = h('button', { type: 'button', class: 'quiet-button' }, 'Sign in to act')
  button.addEventListener('click', () => {
    const dialog = byId('dialog') as HTMLDialogElement
    dialog.replaceChildren(tokenForm('Admin token', ''))
    dialog.showModal()
  })
  byId('pause').before(button)
}

class App {
  readonly #fleet = new FleetView()
  readonly #pulse = new Pulse()
  readonly #cursor = new Cursor()
  readonly #page = byId('page')
  readonly #pause = byId('pause')
  readonly #spans = new SpanChoice((span) => this.#lookBack(span))
  readonly #upstreams = new Map<string, UpstreamView>()
  readonly #dialog = new ActionDialog(
    () => void this.#server?.refresh(this.#known(), this.#spans.span),
  )
  readonly #mayAct: boolean
  #server: ServerPage | undefined
  #place = ''
  #model: Model | undefined
  #isPaused = false

  constructor(mayAct: boolean) {
    this.#mayAct = mayAct
  }

  run(): void {
    this.#pause.addEventListener('click', () => this.#setPaused(!this.#isPaused))
    addEventListener('hashchange', () => this.#show())
    addEventListener('keydown', (event) => this.#onKey(event))
    setInterval(() => this.#refresh(), REFRESH_MS)
    setInterval(() => {
      if (this.#spans.span === '24h') this.#lookBack('24h')
    }, DAY_REFRESH_MS)
    void follow({
      onModel: (model) => {
        this.#model = model
        if (!this.#isPaused) this.#show()
      },
      onLoss: (status) => {
        this.#pulse.lost(this.#model?.at)
        if (status === 401 || status === 403) location.reload()
        else if (this.#model === undefined)
          this.#fleet.say('unknown', 'The sidecar does not answer.')
      },
    })
  }

  #known(): Model {
    if (this.#model === undefined) throw new Error('nothing is known yet')
    return this.#model
  }

  #show(): void {
    const model = this.#model
    if (model === undefined) return
    if (this.#isPaused) this.#pulse.paused(model.at)
    else if (model.heardAt === 0) this.#pulse.waiting()
    else if (model.stale) this.#pulse.lost(model.heardAt)
    else this.#pulse.live(model.at)
    this.#fleet.update(model)
    const place = placeOf(location.hash)
    const isNew = this.#place !== location.hash
    this.#place = location.hash
    if (place.page === 'server') this.#showServer(model, place.upstream, place.server, isNew)
    else this.#showFleet(model)
    // After a change of place the reader starts at its top, not where the old one was left.
    if (isNew && document.activeElement !== document.body) byId('content').focus()
  }

  #showFleet(model: Model): void {
    this.#server = undefined
    if (model.order.length === 0) {
      arrange(this.#page, [emptyFleet()])
      return
    }
    const views = model.order.flatMap((name) => {
      const upstream = model.upstreams[name]
      if (upstream === undefined) return []
      const known = this.#upstreams.get(name)
      const view = known ?? new UpstreamView(name, this.#cursor, this.#actOn(name))
      view.update(model, upstream)
      if (known === undefined) {
        this.#upstreams.set(name, view)
        void view.look(this.#spans.span, model)
        void view.loadSparks()
      }
      return [view.element]
    })
    arrange(this.#page, [this.#spans.element, ...views])
  }

  #showServer(model: Model, upstream: string, id: string, isNew: boolean): void {
    if (isNew || this.#server === undefined) {
      this.#server = new ServerPage(upstream, id, this.#cursor, this.#actOn(upstream))
      void this.#server.refresh(model, this.#spans.span)
    }
    this.#server.update(model)
    arrange(this.#page, [this.#spans.element, this.#server.element])
  }

  #actOn(upstream: string): ((server: string) => void) | undefined {
    if (!this.#mayAct) return undefined
    return (id) => {
      const known = this.#model?.upstreams[upstream]
      if (known !== undefined) this.#dialog.open(upstream, known, id)
    }
  }

  #lookBack(span: Span): void {
    const model = this.#model
    if (model === undefined) return
    for (const view of this.#upstreams.values()) void view.look(span, model)
    void this.#server?.refresh(model, span)
  }

  #refresh(): void {
    if (this.#isPaused || this.#model === undefined || document.hidden) return
    void this.#server?.refresh(this.#model, this.#spans.span)
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#pause.setAttribute('aria-pressed', String(isPaused))
    this.#show()
  }

  #onKey({ key, ctrlKey, metaKey, altKey, target }: KeyboardEvent): void {
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement
    if (ctrlKey || metaKey || altKey || isTyping) return
    if (key === 'p') this.#setPaused(!this.#isPaused)
    const span = SPANS[Number(key) - 1]
    if (span !== undefined) this.#spans.choose(span)
  }
}

/** How far back the charts look. */
class SpanChoice {
  readonly element: HTMLElement
  readonly #buttons: ReadonlyMap<Span, HTMLButtonElement>
  readonly #onChoice: (span: Span) => void
  span: Span = '1h'

  constructor(onChoice: (span: Span) => void) {
    this.#onChoice = onChoice
    this.#buttons = new Map(
      SPANS.map((span) => {
        const button = h('button', { type: 'button', 'aria-pressed': String(span === this.span) })
        button.textContent = SPAN_NAMES[span]
        button.addEventListener('click', () => this.choose(span))
        return [span, button] as const
      }),
    )
    this.element = h(
      'div',
      { class: 'spans', role: 'group', 'aria-label': 'How far the charts look back' },
      h('span', { class: 'about' }, 'the last'),
      ...this.#buttons.values(),
    )
  }

  choose(span: Span): void {
    this.span = span
    for (const [each, button] of this.#buttons) {
      button.setAttribute('aria-pressed', String(each === span))
    }
    this.#onChoice(span)
  }
}

function emptyFleet(): HTMLElement {
  return h(
    'section',
    { class: 'upstream empty' },
    h('h2', {}, 'No replica yet'),
    h('p', {}, 'Give each gateway a route for its snapshot, and this process their addresses:'),
    h(
      'pre',
      {},
      "await app.register(holdfast, { upstream, stats: { path: '/snapshot', token } })\n" +
        'HOLDFAST_REPLICA_TOKEN=… holdfast-stats --replica http://10.0.0.5:8080/snapshot\n' +
        'or, with a fleet:  holdfast-stats --redis redis://10.0.0.9:6379',
    ),
  )
}

function askForToken(refusal: Response): void {
  new FleetView().say('unknown', 'This dashboard wants a token.')
  byId('pulse').textContent = 'not connected'
  const why = refusal.status === 429 ? 'Too many wrong tokens; wait a minute.' : ''
  const wrong = session.token !== '' && why === '' ? 'The token that was tried is wrong.' : why
  const form = tokenForm('Read or admin token', wrong)
  form.className = 'upstream token'
  arrange(byId('page'), [form])
  form.querySelector('input')?.focus()
}

function tokenForm(title: string, problem: string): HTMLFormElement {
  const input = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: '' })
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'dialog-title' }, 'Token'),
    h('p', { class: 'field' }, h('label', { for: 'token' }, title), input),
    h('p', { class: 'about' }, 'It stays in this tab and goes nowhere but to this sidecar.'),
    h('p', { class: 'error', role: 'alert' }, problem),
    h('p', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Open')),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    session.token = input.value.trim()
    location.reload()
  })
  return form
}
