import { arrange, h, setText } from './dom.js'
import { plural, SHAPES, timeOf } from './figures.js'
import type { Model, TimelineEvent } from './model.js'
import { hashOf } from './router.js'

const SHOWN = 40

/** What happened, the latest first. */
export class TimelineView {
  readonly element: HTMLElement
  readonly #list = h('ol')
  readonly #none = h('p', { class: 'none' }, 'Nothing has happened yet.')
  readonly #items = new Map<string, HTMLLIElement>()
  readonly #filter: (event: TimelineEvent) => boolean

  constructor(filter: (event: TimelineEvent) => boolean = () => true) {
    this.#filter = filter
    this.element = h(
      'section',
      { class: 'timeline', 'aria-label': 'Events' },
      h('h3', {}, 'Events'),
      this.#none,
      this.#list,
    )
  }

  update({ events }: Model): void {
    const shown = Object.entries(events)
      .filter(([, event]) => this.#filter(event))
      .sort(([a], [b]) => Number(b) - Number(a))
      .slice(0, SHOWN)
    this.#none.hidden = shown.length > 0
    arrange(
      this.#list,
      shown.map(([id, event]) => this.#item(id, event)),
    )
    const ids = new Set(shown.map(([id]) => id))
    for (const id of this.#items.keys()) if (!ids.has(id)) this.#items.delete(id)
  }

  #item(id: string, event: TimelineEvent): HTMLLIElement {
    const known = this.#items.get(id)
    const { upstream, server } = event
    const text = tailOf(event)
    if (known !== undefined) {
      const what = known.lastElementChild
      if (what?.lastElementChild) setText(what.lastElementChild, text)
      if (what?.firstElementChild) setText(what.firstElementChild, subjectOf(event))
      return known
    }
    const subject =
      server === undefined || upstream === undefined
        ? h('b', {}, subjectOf(event))
        : h('a', { href: hashOf(upstream, server) }, subjectOf(event))
    const item = h(
      'li',
      { 'data-event': event.type },
      h('time', { datetime: new Date(event.at).toISOString() }, timeOf(event.at)),
      h('span', { class: 'shape', 'aria-hidden': 'true' }, shapeOf(event.type)),
      h('span', { class: 'what' }, subject, ' ', h('span', {}, text)),
    )
    this.#items.set(id, item)
    return item
  }
}

/** An event in a few words. */
export function sentenceOf(event: TimelineEvent): string {
  return `${timeOf(event.at)} ${subjectOf(event)} ${tailOf(event)}`
}

const MOST_NAMED = 2

function subjectOf({ server, upstream, replicas }: TimelineEvent): string {
  const named = server ?? upstream
  if (named !== undefined) return named
  return replicas.length > MOST_NAMED ? plural(replicas.length, 'replica') : replicas.join(', ')
}

const WORDS: Readonly<Record<string, string>> = {
  ejected: 'ejected',
  probing: 'is probed',
  returned: 'is back',
  drain: 'drained',
  down: 'taken down',
  up: 'up',
  weight: 'weight',
  joined: 'joined the servers',
  left: 'left the servers',
  moved: 'sessions moved',
  'replica-started': 'started',
  'replica-silent': 'fell silent',
  'replica-back': 'came back',
  'replica-gone': 'went away',
  'store-down': 'lost Redis',
  'store-up': 'found Redis again',
  'config-changed': 'got another configuration',
  'keys-changed': 'got other cookie keys',
  'package-changed': 'changed version',
}

function tailOf({ type, detail, by, replicas, server }: TimelineEvent): string {
  const words = [WORDS[type] ?? type]
  if (detail !== '') words.push(type === 'weight' ? detail : `(${detail})`)
  if (by !== undefined) words.push(`by ${by}`)
  if (server !== undefined && replicas.length > 1)
    words.push(`on ${plural(replicas.length, 'replica')}`)
  return words.join(' ')
}

function shapeOf(type: string): string {
  if (type === 'returned') return SHAPES.up
  const known = Object.entries(SHAPES).find(([state]) => state === type)
  return known?.[1] ?? '·'
}
