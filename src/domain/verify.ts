/**
 * After a connection to an awake service was refused or reset: does its target still run? An engine needs a moment to
 * notice that a process has died, and an app may restart inside its container, so one look is not enough.
 */
import type { Clock, Probe, Upstream } from './ports.ts'
import type { ReadyCheck } from './service.ts'

/** Milliseconds between the looks. After them the client gets its honest error. */
const PAUSES = [0, 50, 100, 200, 400]
/** Looks until the run is known to be over (`current` says no) or to take requests. */
export async function verifyRun(
  { clock, probe }: { clock: Clock; probe: Probe },
  run: {
    readonly upstream: Upstream
    readonly check: ReadyCheck
    /** Asks the provider and brings the state up to date. */
    readonly inspect: () => Promise<void>
    readonly current: () => boolean
  },
): Promise<void> {
  // An attempt ends by its own timeout. One signal for ever would keep a trace of every attempt.
  const never = new AbortController().signal
  for (const pause of PAUSES) {
    if (pause > 0) await new Promise<void>((resolve) => void clock.setTimer(pause, resolve))
    await run.inspect()
    if (!run.current()) return
    const { ready } = await probe(run.upstream, run.check, never)
    if (ready || !run.current()) return
  }
}
