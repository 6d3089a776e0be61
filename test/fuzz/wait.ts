/** Waiting, within bounds. What the fuzz waits for is on this machine and takes milliseconds; a bound is where it gives up. */
import { setImmediate as immediate } from 'node:timers/promises'

/** A whole turn of the loop, in which what was written before it is read. One setImmediate alone may come before that. */
export async function turn(): Promise<void> {
  await immediate()
  await immediate()
}

/** Whether it holds within `ms`. */
export async function within(ms: number, holds: () => boolean): Promise<boolean> {
  const until = performance.now() + ms
  while (!holds()) {
    if (performance.now() > until) return false
    await immediate()
  }
  return true
}
