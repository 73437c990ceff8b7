import { byId, h, setText } from './dom.js'
import { count, percent, plural } from './figures.js'
import type { Server, Upstream } from './model.js'
import { ask, serverPath, session } from './session.js'

type Wish = 'up' | 'drain' | 'down' | 'configured'

const WISHES: ReadonlyArray<readonly [Wish, string, string]> = [
  ['up', 'Up', 'takes new sessions'],
  ['drain', 'Drain', 'keeps its sessions, takes no new ones'],
  ['down', 'Down', 'gets nothing any more'],
  ['configured', 'As configured', 'takes back what was said here'],
]

const LIMITS: ReadonlyArray<readonly [string, string]> = [
  ['', 'until it is changed'],
  ['10m', '10 minutes'],
  ['1h', '1 hour'],
  ['8h', '8 hours'],
]

/** The one dialog: it says what will happen before anything does. */
export class ActionDialog {
  readonly #dialog = byId('dialog') as HTMLDialogElement
  readonly #onDone: () => void

  constructor(onDone: () => void) {
    this.#onDone = onDone
  }

  open(upstreamName: string, upstream: Upstream, id: string): void {
    const server = upstream.servers[id]
    if (server === undefined) return
    const isOpen = server.state !== 'drain' && server.state !== 'down'
    const preset: Wish = isOpen ? 'drain' : server.override === undefined ? 'up' : 'configured'
    const form = new ActionForm(id, server, upstream, preset)
    form.onCancel = () => this.#dialog.close()
    form.onSubmit = async (wish, weight, ttl, force) => {
      const path = serverPath(upstreamName, id)
      const by = session.name === '' ? undefined : session.name
      const response =
        wish === 'configured'
          ? await ask(by === undefined ? path : `${path}?by=${encodeURIComponent(by)}`, {
              method: 'DELETE',
            })
          : await ask(path, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ state: wish, weight, ttl, force, by }),
            })
      if (!response.ok) return problemOf(response)
      this.#dialog.close()
      this.#onDone()
      return undefined
    }
    this.#dialog.replaceChildren(form.element)
    this.#dialog.showModal()
  }
}

class ActionForm {
  readonly element: HTMLFormElement
  onCancel: () => void = () => {}
  onSubmit: (
    wish: Wish,
    weight: number | undefined,
    ttl: string | undefined,
    force: boolean | undefined,
  ) => Promise<string | undefined> = async () => undefined

  readonly #id: string
  readonly #server: Server
  readonly #upstream: Upstream
  readonly #wishes: ReadonlyMap<Wish, HTMLInputElement>
  readonly #weight: HTMLInputElement
  readonly #ttl: HTMLSelectElement
  readonly #name: HTMLInputElement
  readonly #force = h('input', { type: 'checkbox', id: 'act-force' })
  readonly #forceLine: HTMLElement
  readonly #consequence = h('p', {
    class: 'consequence',
    id: 'act-consequence',
    'aria-live': 'polite',
  })
  readonly #error = h('p', { class: 'error', role: 'alert' })
  readonly #submit = h('button', { type: 'submit', class: 'primary' })

  constructor(id: string, server: Server, upstream: Upstream, preset: Wish) {
    this.#id = id
    this.#server = server
    this.#upstream = upstream
    this.#wishes = new Map(
      WISHES.map(([wish]) => {
        const input = h('input', { type: 'radio', name: 'wish', value: wish, id: `act-${wish}` })
        input.checked = wish === preset
        input.disabled = wish === 'configured' && server.override === undefined
        return [wish, input] as const
      }),
    )
    this.#weight = h('input', {
      type: 'number',
      id: 'act-weight',
      min: '1',
      max: '65535',
      step: '1',
      value: String(server.weight),
    })
    this.#ttl = h(
      'select',
      { id: 'act-ttl' },
      ...LIMITS.map(([value, title]) => h('option', { value }, title)),
    )
    this.#name = h('input', {
      type: 'text',
      id: 'act-name',
      maxlength: '64',
      autocomplete: 'nickname',
      value: session.name,
    })
    this.#forceLine = h(
      'p',
      { class: 'force' },
      this.#force,
      h('label', { for: 'act-force' }, 'I know that nobody is left, do it all the same'),
    )
    this.element = this.#build()
    this.element.addEventListener('input', () => this.#explain())
    this.element.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#send()
    })
    this.#explain()
  }

  get #wish(): Wish {
    for (const [wish, { checked }] of this.#wishes) if (checked) return wish
    return 'configured'
  }

  #build(): HTMLFormElement {
    const cancel = h('button', { type: 'button' }, 'Cancel')
    cancel.addEventListener('click', () => this.onCancel())
    const choices = WISHES.map(([wish, title, hint]) => {
      const input = this.#wishes.get(wish)
      const label = h('label', { for: `act-${wish}` }, h('b', {}, title), ` ${hint}`)
      return h('p', { class: 'choice' }, ...(input === undefined ? [] : [input]), label)
    })
    const field = (input: HTMLElement, title: string): HTMLElement =>
      h('p', { class: 'field' }, h('label', { for: input.id }, title), input)
    return h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'dialog-title' }, this.#id),
      h('p', { class: 'about' }, this.#server.address),
      h('fieldset', {}, h('legend', {}, 'From now on'), ...choices),
      h(
        'div',
        { class: 'fields' },
        field(this.#weight, 'Weight'),
        field(this.#ttl, 'For'),
        field(this.#name, 'Your name, for the log'),
      ),
      this.#consequence,
      this.#forceLine,
      this.#error,
      h('p', { class: 'buttons' }, cancel, this.#submit),
    )
  }

  #explain(): void {
    const wish = this.#wish
    const isBack = wish === 'configured'
    this.#weight.disabled = isBack
    this.#ttl.disabled = isBack
    setText(
      this.#consequence,
      consequenceOf(wish, this.#id, this.#server, this.#upstream, this.#weight.valueAsNumber),
    )
    const isLast = wish !== 'up' && !isBack && othersOf(this.#id, this.#upstream).length === 0
    this.#forceLine.hidden = !isLast
    setText(
      this.#submit,
      { up: 'Take up', drain: 'Drain', down: 'Take down', configured: 'Give back' }[wish],
    )
    this.#submit.append(` ${this.#id}`)
  }

  async #send(): Promise<void> {
    session.name = this.#name.value.trim()
    const weight = this.#weight.valueAsNumber
    const isChanged = Number.isInteger(weight) && weight !== this.#server.weight
    this.#submit.disabled = true
    setText(this.#error, '')
    const ttl = this.#ttl.value === '' ? undefined : this.#ttl.value
    const force = this.#force.checked ? true : undefined
    const problem = await this.onSubmit(
      this.#wish,
      isChanged ? weight : undefined,
      ttl,
      force,
    ).catch(() => 'The sidecar does not answer')
    this.#submit.disabled = false
    if (problem !== undefined) setText(this.#error, problem)
  }
}

/** What will happen, in the numbers of this moment. */
function consequenceOf(
  wish: Wish,
  id: string,
  server: Server,
  upstream: Upstream,
  weight: number,
): string {
  const others = othersOf(id, upstream)
  const where = others.length === 0 ? 'nowhere: no other server is up' : `to ${listed(others)}`
  const have =
    server.sessions === undefined
      ? 'Sessions that it has'
      : `About ${plural(server.sessions, 'session')}`
  switch (wish) {
    case 'drain':
      return `${have} stay until they end; new ones go ${where}.`
    case 'down':
      return `${have} move with their next request; they and new ones go ${where}. ${plural(server.active, 'request')} in flight may finish.`
    case 'configured':
      return 'What was said here is forgotten: its configuration holds again.'
    case 'up': {
      const total = others.reduce((sum, other) => sum + (upstream.servers[other]?.weight ?? 0), 0)
      const own = Number.isInteger(weight) && weight > 0 ? weight : server.weight
      return `It takes new sessions, about ${percent(own / (own + total))} of them by its weight of ${count(own)}. Nobody is moved.`
    }
  }
}

/** Where its new sessions go: backups only take them where no other is left. */
function othersOf(id: string, { order, servers }: Upstream): readonly string[] {
  const others = order.filter((other) => other !== id && servers[other]?.state === 'up')
  const primaries = others.filter((other) => servers[other]?.backup !== true)
  return primaries.length > 0 ? primaries : others
}

function listed(names: readonly string[]): string {
  const [first = '', second, ...more] = names
  if (second === undefined) return first
  if (more.length > 1) return `${first}, ${second} and ${more.length} more`
  return [first, second, ...more].join(', ').replace(/, ([^,]*)$/, ' and $1')
}

async function problemOf(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined)
  const isProblem = typeof body === 'object' && body !== null && 'message' in body
  return isProblem ? String(body.message) : `The sidecar answered ${response.status}`
}
