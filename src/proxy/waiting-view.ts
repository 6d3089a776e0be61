/**
 * What the waiting page tells of a service, in figures: how far its wake is, how long it will probably take, and when to ask
 * again. Made from the same snapshot that the admin API shows, without what is only for admins.
 */
import type { ServiceSnapshot } from '../domain/gate.ts'
import type { FailureReason } from '../errors.ts'

/**
 * - needs: what it needs is being started
 * - starting: it is being started, or stopped in order to be started again
 * - waiting: it runs, and is not ready
 * - ready: requests pass
 * - failed: it could not be started, and is left alone for a while
 * - asleep: nobody is waking it; a request would
 */
export type Phase = 'needs' | 'starting' | 'waiting' | 'ready' | 'failed' | 'asleep'

export interface WaitingView {
  readonly phase: Phase
  /** Milliseconds since its wake began; 0 where none is under way. */
  readonly elapsed: number
  /** Milliseconds that a wake usually takes; null: nobody knows. */
  readonly estimate: number | null
  /** Milliseconds until whoever cannot follow the wake should ask again; at least a second. */
  readonly retryIn: number
  /** null: it has not failed. */
  readonly reason: FailureReason | null
}

/** Milliseconds. Faster would be a load, and for a person no faster. */
const SOONEST = 1_000
const LATEST = 30_000
/** Milliseconds until the first look at a wake of which nothing is known. */
const UNKNOWN = 3_000

/** `estimate`: milliseconds, or null. `now`: milliseconds since the epoch, as the times of the snapshot are. */
export function viewOf(
  snapshot: ServiceSnapshot,
  { estimate, now }: { readonly estimate: number | null; readonly now: number },
): WaitingView {
  const { state, waking, failure } = snapshot
  const phase = phaseOf(snapshot)
  // The wall clock may be set back meanwhile.
  const elapsed = waking === null ? 0 : Math.max(0, now - waking.since)
  const reason = state === 'failed' ? (failure?.reason ?? null) : null
  return { phase, elapsed, estimate, reason, retryIn: retryIn(phase, elapsed, estimate, failure, now) }
}

function phaseOf({ state, waking }: ServiceSnapshot): Phase {
  switch (state) {
    case 'asleep':
    case 'failed':
      return state
    case 'awake':
    case 'draining': // A request calls the drain off.
      return 'ready'
    case 'stopping':
      return 'starting'
    case 'waking':
      return waking?.phase === 'ready' ? 'waiting' : waking?.phase === 'needs' ? 'needs' : 'starting'
  }
}

function retryIn(
  phase: Phase,
  elapsed: number,
  estimate: number | null,
  failure: ServiceSnapshot['failure'],
  now: number,
): number {
  if (phase === 'ready' || phase === 'asleep') return SOONEST
  // Its own backoff has bounds.
  if (phase === 'failed') return Math.max(SOONEST, (failure?.retryAt ?? now) - now)
  const left = (estimate ?? UNKNOWN) - elapsed
  // Past the estimate the pace slows down with the wake itself: a backoff that nobody has to remember.
  const wait = left > 0 ? left : elapsed / 4
  return Math.min(LATEST, Math.max(SOONEST, wait))
}
