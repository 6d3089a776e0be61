/** The real Clock. Everything that waits does so through it, and tests pass one of their own. */
import type { Clock } from './domain/ports.ts'

/** setTimeout takes no more, and fires at once when given it (Node: lib/internal/timers.js, TIMEOUT_MAX). */
const LONGEST = 2 ** 31 - 1

export const clock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer(delay, callback) {
    const due = performance.now() + delay
    const wait = (): NodeJS.Timeout => {
      const left = Math.ceil(Math.max(0, due - performance.now()))
      return setTimeout(look, Math.min(LONGEST, left)).unref()
    }
    // Node's timers count whole milliseconds of the loop's own time and may be a little early by now(): look again.
    const look = (): void => {
      if (performance.now() < due) timer = wait()
      else callback()
    }
    let timer = wait()
    return { cancel: () => clearTimeout(timer) }
  },
}
