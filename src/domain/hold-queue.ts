/**
 * The requests that wait for one service. Each ends exactly once (invariant 1): admitted, timed out, rejected or aborted;
 * whichever comes first takes it out of the set, and whatever comes later finds it gone. Bounded here for the service and,
 * through the shared HoldBudget, for all services together.
 */
import { WakeDockError } from '../errors.ts'
import type { Hold, Lease } from './gate.ts'
import { Alarm } from './alarm.ts'
import type { Clock, HoldOutcome } from './ports.ts'

/** Requests held at once by all services together. */
export class HoldBudget {
  readonly #max: () => number
  held = 0

  constructor(max: () => number) {
    this.#max = max
  }

  get full(): boolean {
    return this.held >= this.#max()
  }
}

interface Entry {
  readonly since: number
  readonly deadline: number
  readonly resolve: (lease: Lease) => void
  readonly reject: (error: WakeDockError) => void
}

/** Told once for each hold that ends. */
type HoldEnded = (outcome: HoldOutcome, heldMs: number) => void

export class HoldQueue {
  /** In order of arrival, which is the order of admission. */
  readonly #entries = new Set<Entry>()
  readonly #clock: Clock
  readonly #budget: HoldBudget
  readonly #ended: HoldEnded
  /** For the earliest deadline; a reload may have made a later hold's the earlier one. */
  readonly #alarm: Alarm

  constructor(clock: Clock, budget: HoldBudget, ended: HoldEnded) {
    this.#clock = clock
    this.#budget = budget
    this.#ended = ended
    this.#alarm = new Alarm(clock, () => this.#expire())
  }

  get size(): number {
    return this.#entries.size
  }

  /** Waits for at most `timeout` milliseconds. With `max` waiting already, or no budget, it is refused at once. */
  add(timeout: number, max: number): Hold {
    if (this.#entries.size >= max || this.#budget.full) {
      this.#ended('rejected', 0)
      return settledHold(Promise.reject(new WakeDockError('WAKEDOCK_HOLD_QUEUE_FULL', { retryAfter: 1 })))
    }
    const now = this.#clock.now()
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    promise.catch(ignore)
    const entry: Entry = { since: now, deadline: now + timeout, resolve, reject }
    this.#entries.add(entry)
    this.#budget.held++
    this.#alarm.by(entry.deadline)
    return {
      lease: promise,
      abort: (outcome = 'aborted') => this.#end(entry, outcome, new WakeDockError('WAKEDOCK_WAKE_TIMEOUT')),
    }
  }

  /** Lets everybody in, first come first. */
  admit(lease: () => Lease): void {
    for (const entry of this.#entries) {
      if (this.#take(entry, 'admitted')) entry.resolve(lease())
    }
  }

  reject(outcome: HoldOutcome, error: () => WakeDockError): void {
    for (const entry of this.#entries) this.#end(entry, outcome, error())
  }

  #end(entry: Entry, outcome: HoldOutcome, error: WakeDockError): void {
    if (this.#take(entry, outcome)) entry.reject(error)
  }

  #take(entry: Entry, outcome: HoldOutcome): boolean {
    if (!this.#entries.delete(entry)) return false
    this.#budget.held--
    if (this.#entries.size === 0) this.#alarm.clear()
    this.#ended(outcome, this.#clock.now() - entry.since)
    return true
  }

  #expire(): void {
    const now = this.#clock.now()
    let next = Infinity
    for (const entry of this.#entries) {
      if (entry.deadline <= now) {
        // The wake goes on (invariant 5): whoever comes back may find it done.
        this.#end(entry, 'timeout', new WakeDockError('WAKEDOCK_WAKE_TIMEOUT', { retryAfter: 1 }))
      } else {
        next = Math.min(next, entry.deadline)
      }
    }
    if (next < Infinity) this.#alarm.by(next)
  }
}

/** A hold that was over before it began: admitted or refused at once. */
export function settledHold(lease: Promise<Lease>): Hold {
  lease.catch(ignore)
  return { lease, abort: ignore }
}

/** The outcome has been told already; a rejection nobody waits for is no bug. */
function ignore(): void {}
