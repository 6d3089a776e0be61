/** A wait on the clock of the core that an AbortSignal ends early. */
import type { Clock } from '../domain/ports.ts'

/** Resolves after `ms` milliseconds, or as soon as the signal aborts; 0: at once. Never rejects. */
export function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, done)
    function done(): void {
      timer.cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
