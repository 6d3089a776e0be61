/**
 * One timer for something that is due at a time that keeps changing. Ringing too early is harmless, since whoever hears it
 * looks at the clock; re-arming for every change is not cheap. So an earlier alarm that is set already is kept.
 */
import type { Clock, Timer } from './ports.ts'

export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #timer: Timer | null = null
  #at = Infinity

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** When it rings; Infinity: it is not set. */
  get at(): number {
    return this.#at
  }

  /** Rings at `at` on the clock's now(), or before; at once when that has passed. */
  by(at: number): void {
    if (at >= this.#at) return
    this.clear()
    this.#at = at
    this.#timer = this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => {
      this.clear()
      this.#ring()
    })
  }

  clear(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#at = Infinity
  }
}
