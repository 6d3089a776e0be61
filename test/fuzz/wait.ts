/** Waiting, within bounds. What the fuzz waits for is on this machine and takes milliseconds; a bound is where it gives up. */
import { setImmediate as turn } from 'node:timers/promises'

/** One turn of the loop: what has been written by then has left, and what has arrived is read. */
export { turn }

/** Whether it holds within `ms`. */
export async function within(ms: number, holds: () => boolean): Promise<boolean> {
  const until = performance.now() + ms
  while (!holds()) {
    if (performance.now() > until) return false
    await turn()
  }
  return true
}
