/**
 * How many of the requests that were held for an upstream go to it at once. 5,000 holds released together are through sooner 32
 * to 512 at a time than all at once (measured), and the app is not stampeded at its weakest moment.
 *
 * Only these are paced. A limit on every request would be a limit on event streams and long polls too, and the 513th would
 * wait for one of the others to end, which may be never; so an attempt makes room as soon as its answer begins.
 */
import type { Clock, Timer, Upstream } from '../domain/ports.ts'

/** Attempts without an answer. */
const AT_ONCE = 512
/** Milliseconds in which none of them is answered: then they wait for something else than the start of the app (a long poll). */
const PATIENCE = 1000

export class Pace {
  readonly #clock: Clock
  readonly #waiting: (() => void)[] = []
  #running = 0
  #limit = AT_ONCE
  #starting = false
  #moved = false
  #timer: Timer | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `start` when there is room, which may be at once. Each start is followed by one leave(). */
  enter(start: () => void): void {
    this.#waiting.push(start)
    this.#startMore()
  }

  /** The attempt has got an answer, or is over. */
  leave(): void {
    this.#running--
    this.#moved = true
    this.#startMore()
  }

  #startMore(): void {
    // A start whose client has gone leaves at once: the loop goes on, and does not nest.
    if (this.#starting) return
    this.#starting = true
    while (this.#running < this.#limit) {
      const start = this.#waiting.shift()
      if (start === undefined) break
      this.#running++
      start()
    }
    this.#starting = false
    if (this.#waiting.length > 0) {
      this.#timer ??= this.#clock.setTimer(PATIENCE, this.#look)
      return
    }
    this.#limit = AT_ONCE
    this.#timer?.cancel()
    this.#timer = null
  }

  readonly #look = (): void => {
    this.#timer = null
    if (!this.#moved) this.#limit += AT_ONCE
    this.#moved = false
    this.#startMore()
  }
}

/** The paces of all upstreams, by identity: a new run begins anew. */
export function createPaces(clock: Clock): { of(upstream: Upstream): Pace } {
  const paces = new WeakMap<Upstream, Pace>()
  return {
    of(upstream) {
      const known = paces.get(upstream)
      if (known !== undefined) return known
      const made = new Pace(clock)
      paces.set(upstream, made)
      return made
    },
  }
}
