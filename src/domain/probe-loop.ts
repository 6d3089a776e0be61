/**
 * One service's readiness probing: attempts one after the other, never two at once, until one passes or the loop is
 * cancelled. The pace decides what a wake costs: half a pause in the mean.
 */
import type { Clock, Probe, Upstream } from './ports.ts'
import type { ReadyCheck } from './service.ts'

/**
 * Milliseconds between two attempts, `elapsed` after the first: half a hundredth of the wait so far, so that probing never makes
 * a boot longer than by half a percent; 4 at least, which keeps the cost of refused attempts (0.1 to 0.2 ms of CPU each)
 * below 5 % of a core, and 250 at most.
 */
function probePause(elapsed: number): number {
  return Math.min(250, Math.max(4, Math.round(elapsed / 200)))
}

export interface ProbeLoop {
  readonly upstream: Upstream
  /** Idempotent; after it, neither callback is called. */
  cancel(): void
}

export function probeUntilReady(
  parts: { clock: Clock; probe: Probe },
  upstream: Upstream,
  check: () => ReadyCheck,
  heard: { ready(): void; notYet(why: string): void },
): ProbeLoop {
  const { clock, probe } = parts
  const aborter = new AbortController()
  const began = clock.now()
  const attempt = async (): Promise<void> => {
    const result = await probe(upstream, check(), aborter.signal)
    if (aborter.signal.aborted) return
    if (result.ready) {
      heard.ready()
      return
    }
    heard.notYet(result.why)
    timer = clock.setTimer(probePause(clock.now() - began), () => void attempt())
  }
  let timer: { cancel(): void } | null = null
  void attempt()
  return {
    upstream,
    cancel: () => {
      aborter.abort()
      timer?.cancel()
    },
  }
}
