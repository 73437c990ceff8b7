/** What can happen, as the timeline names it. */
export type HappeningType =
  | 'ejected'
  | 'probing'
  | 'returned'
  | 'drain'
  | 'down'
  | 'up'
  | 'weight'
  | 'joined'
  | 'left'
  | 'moved'
  | 'replica-started'
  | 'replica-silent'
  | 'replica-back'
  | 'replica-gone'
  | 'store-down'
  | 'store-up'
  | 'config-changed'
  | 'keys-changed'
  | 'package-changed'

/** Something that an operator wants to see on the time axis. */
export interface Happening {
  readonly type: HappeningType
  readonly upstream?: string | undefined
  readonly server?: string | undefined
  readonly replica?: string | undefined
  /** Who did it, where somebody did. */
  readonly by?: string | undefined
  /** How, in a few words. */
  readonly detail?: string | undefined
}

/** An entry of the timeline. */
export interface TimelineEvent {
  /** Grows by one an event. */
  readonly id: number
  /** Wall milliseconds. */
  readonly at: number
  readonly type: HappeningType
  readonly upstream: string | null
  readonly server: string | null
  /** The replicas that saw it. */
  readonly replicas: readonly string[]
  readonly by: string | null
  readonly detail: string
}

// Replicas see one ejection at different times, and are asked at different times.
const SAME_MS = 10_000
const MOST_EVENTS = 500

type Part = Omit<TimelineEvent, 'id' | 'at' | 'replicas' | 'by'> & Pick<Happening, 'replica'>

/** The latest events, oldest first. What several replicas see is one event. */
export class Timeline {
  #events: TimelineEvent[] = []
  #lastId = 0
  #changes = 0

  get events(): readonly TimelineEvent[] {
    return this.#events
  }

  /** Grows whenever an event is added or seen by one more replica. */
  get changes(): number {
    return this.#changes
  }

  /** @returns the event that it is, or is a part of. */
  add(happening: Happening, atMs: number): number {
    this.#changes += 1
    const { type, upstream = null, server = null, replica, by = null, detail = '' } = happening
    const same = this.#sameAs({ ...happening, upstream, server, detail }, atMs)
    const known = this.#events[same]
    if (known !== undefined) {
      const isNews = replica !== undefined && !known.replicas.includes(replica)
      this.#events[same] = {
        ...known,
        replicas: isNews ? [...known.replicas, replica] : known.replicas,
        by: known.by ?? by,
        detail: known.detail === '' ? detail : known.detail,
      }
      return known.id
    }
    this.#lastId += 1
    const replicas = replica === undefined ? [] : [replica]
    const id = this.#lastId
    this.#events.push({ id, at: atMs, type, upstream, server, replicas, by, detail })
    if (this.#events.length > MOST_EVENTS) this.#events = this.#events.slice(-MOST_EVENTS)
    return id
  }

  /**
   * The event that this is a part of; -1 where it is one of its own. Of servers it is one whatever
   * replicas say of the causes, of the replicas themselves only where they say the same.
   */
  #sameAs({ type, upstream, server, replica, detail }: Part, atMs: number): number {
    if (server === null && replica === undefined) return -1
    const isOfServer = (event: TimelineEvent): boolean =>
      event.upstream === upstream && event.server === server
    // One after the other until it is back: together they are news once.
    if (type === 'probing') {
      const latest = this.#events.findLastIndex(isOfServer)
      return this.#events[latest]?.type === 'probing' ? latest : -1
    }
    return this.#events.findLastIndex(
      (event) =>
        event.type === type &&
        isOfServer(event) &&
        atMs - event.at < SAME_MS &&
        (server !== null || event.detail === detail) &&
        (replica === undefined || !event.replicas.includes(replica)),
    )
  }

  /** What happened went on: its detail is another now. */
  revise(id: number, detail: string): void {
    this.#changes += 1
    this.#events = this.#events.map((event) => (event.id === id ? { ...event, detail } : event))
  }
}
