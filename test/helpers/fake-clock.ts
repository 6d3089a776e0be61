/** Time that passes only when a test says so. Timers run in the order of their due times, then of their making. */
import type { Clock, Timer } from '../../src/domain/ports.ts'

export class FakeClock implements Clock {
  #now = 0
  #timers: { at: number; callback: () => void }[] = []

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return 1_800_000_000_000 + this.#now
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
    await settled()
    for (;;) {
      const next = this.#timers.reduce<{ at: number } | null>(
        (first, timer) => (timer.at <= end && (first === null || timer.at < first.at) ? timer : first),
        null,
      )
      if (next === null) break
      this.#now = Math.max(this.#now, next.at)
      const due = this.#timers.filter((timer) => timer === next)
      this.#timers = this.#timers.filter((timer) => timer !== next)
      for (const { callback } of due) callback()
      await settled()
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
