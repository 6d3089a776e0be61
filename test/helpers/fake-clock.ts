/** Time that passes only when a test says so. Timers run in the order of their due times, then of their making. */
import type { Clock, Timer } from '../../src/domain/ports.ts'

/** Timers in one advance. */
const MOST = 20_000

export class FakeClock implements Clock {
  #now = 0
  #jumped = 0
  #timers: { at: number; callback: () => void }[] = []
  readonly #settle: () => Promise<void>

  /** `settle`: what has to be waited for after each timer; drained() where nothing but promises follows from them. */
  constructor(settle: () => Promise<void> = settled) {
    this.#settle = settle
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return 1_800_000_000_000 + this.#now + this.#jumped
  }

  /** Somebody, or NTP, sets the wall clock: forwards, or back. */
  jump(ms: number): void {
    this.#jumped += ms
  }

  setTimer(delay: number, callback: () => void): Timer {
    const timer = { at: this.#now + delay, callback }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  get pending(): number {
    return this.#timers.length
  }

  /** Lets `ms` pass, stopping at every timer on the way so that what it set off can run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await this.#settle()
    for (let rung = 0; ; rung++) {
      if (rung > MOST)
        throw new Error(`more than ${MOST} timers rang in ${ms} ms: something goes round in circles`)
      const next = this.#timers.reduce<{ at: number } | null>(
        (first, timer) => (timer.at <= end && (first === null || timer.at < first.at) ? timer : first),
        null,
      )
      if (next === null) break
      this.#now = Math.max(this.#now, next.at)
      const due = this.#timers.filter((timer) => timer === next)
      this.#timers = this.#timers.filter((timer) => timer !== next)
      for (const { callback } of due) callback()
      await this.#settle()
    }
    this.#now = end
  }
}

/** Lets every promise that can settle without time passing do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/**
 * The same for a world in which nothing waits for anything but promises, at a quarter of the cost: Node runs its next ticks
 * only when no microtask is left (task_queues.js, processTicksAndRejections).
 */
export function drained(): Promise<void> {
  return new Promise((resolve) => {
    queueMicrotask(() => {
      process.nextTick(resolve)
    })
  })
}
