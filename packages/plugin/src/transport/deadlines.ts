import type { Clock } from '@holdfast/core'

const TICK_MS = 20
// Nearly every deadline is moved on or lifted long before it is due, so a turn may be short: what
// is due later than that goes round again.
const SLOTS = 256
// What is being looked at hangs on a list of its own, since a callback may move or cancel any other.
const VISITED = SLOTS

/**
 * A moment at which something must have happened. Moving `dueMs` later costs a field write; the
 * wheel finds out when the slot of the old moment comes round. Embedded in its owner by extension
 * or held by it; one can be scheduled on one wheel at a time.
 */
export class Deadline {
  /** On the wheel's clock. May be moved later at any time while scheduled. */
  dueMs = 0
  readonly onDue: () => void
  /** The wheel's own: neighbours in the slot. */
  next: Deadline | undefined
  previous: Deadline | undefined
  slot = -1

  constructor(onDue: () => void) {
    this.onDue = onDue
  }
}

/**
 * All deadlines of a gateway on one timer. Node's own timers cost more than a proxied request can
 * afford to set several of; these are exact to 20 ms.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #slots: Array<Deadline | undefined> = new Array(SLOTS + 1).fill(undefined)
  #scheduled = 0
  #tick = 0
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  nowMs(): number {
    return this.#clock.now()
  }

  /** Calls `deadline.onDue` at `dueMs` or up to 20 ms later, unless it is cancelled. */
  schedule(deadline: Deadline, dueMs: number): void {
    const later = dueMs >= deadline.dueMs
    deadline.dueMs = dueMs
    if (deadline.slot >= 0) {
      if (later) return
      this.cancel(deadline)
    }
    if (this.#timer === undefined) {
      this.#tick = Math.floor(this.nowMs() / TICK_MS)
      this.#timer = setInterval(() => this.#advance(), TICK_MS).unref()
    }
    this.#insert(deadline)
    this.#scheduled += 1
  }

  cancel(deadline: Deadline): void {
    if (deadline.slot < 0) return
    this.#unlink(deadline)
    this.#scheduled -= 1
  }

  /** Stops the timer; nothing that is still scheduled comes due. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const head of this.#slots) {
      for (let deadline = head; deadline !== undefined; ) {
        const { next } = deadline
        this.cancel(deadline)
        deadline = next
      }
    }
  }

  #advance(): void {
    const nowMs = this.nowMs()
    const nowTick = Math.floor(nowMs / TICK_MS)
    // After a long pause one turn visits every slot; more would visit them again.
    const first = Math.max(this.#tick + 1, nowTick - SLOTS + 1)
    this.#tick = nowTick
    for (let tick = first; tick <= nowTick; tick += 1) this.#visit(tick % SLOTS, nowMs)
    if (this.#scheduled === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #visit(slot: number, nowMs: number): void {
    const head = this.#slots[slot]
    this.#slots[slot] = undefined
    this.#slots[VISITED] = head
    for (let one = head; one !== undefined; one = one.next) one.slot = VISITED
    for (let one = head; one !== undefined; one = this.#slots[VISITED]) {
      this.#unlink(one)
      if (one.dueMs > nowMs) {
        this.#insert(one)
      } else {
        this.#scheduled -= 1
        one.onDue()
      }
    }
  }

  #insert(deadline: Deadline): void {
    // At least the next tick: the slot of this one has been visited. The timer does not fire at
    // the start of a tick, so one that comes due later in its tick than that goes to the next.
    const tick = Math.max(Math.floor(deadline.dueMs / TICK_MS), this.#tick + 1)
    const slot = Math.min(tick, this.#tick + SLOTS - 1) % SLOTS
    const head = this.#slots[slot]
    deadline.slot = slot
    deadline.previous = undefined
    deadline.next = head
    if (head !== undefined) head.previous = deadline
    this.#slots[slot] = deadline
  }

  #unlink(deadline: Deadline): void {
    const { next, previous } = deadline
    if (previous === undefined) this.#slots[deadline.slot] = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    deadline.next = undefined
    deadline.previous = undefined
    deadline.slot = -1
  }
}
