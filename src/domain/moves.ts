/** The moves between states that several events share, and the words in which observers hear of them. */
import { TargetError } from '../errors.ts'
import type { DomainEvent, Health, SleepReason, Upstream, WakeTrigger } from './ports.ts'
import type { Service } from './service.ts'
import { isLasting, type Asleep, type Awake, type Common } from './state.ts'
import type { Effect, Facts, Failed, State, Step, Stopping, Waking } from './state.ts'

/** A failed wake is retried, when a request asks for it, no sooner than this; doubled for each further failure. */
export const BACKOFF_BASE = 1_000
const BACKOFF_CAP = 60_000
/** A target that ends by its own fault sooner than this after it was ready counts as a failed wake. */
export const HEALTHY_AFTER = 30_000

/** The start itself follows as soon as what it needs is there: advance() in lifecycle.ts. */
export function wake(from: Common, trigger: WakeTrigger, facts: Facts): Step {
  const next: Waking = {
    ...common(from),
    name: 'waking',
    since: facts.now,
    // A start that an earlier wake gave up waiting for may still be under way: it serves this one.
    upstream: null,
    health: null,
    error: null,
    wokenAt: facts.now,
    // What put off its last sleep is over.
    stayUntil: -Infinity,
    excused: null,
    trigger,
    // One that an earlier wake began is not begun again.
    beganAt: from.verb === 'start' ? facts.now : null,
    startedAt: null,
    retryAt: null,
    deaths: 0,
  }
  return [next, [tell({ type: 'wake_started', service: facts.service.name, trigger })]]
}

/** Somebody else started it: probe it as if we had. A null run: its provider is about to start it. */
export function follow(
  from: Common,
  run: { readonly upstream: Upstream; readonly health: Health } | null,
  facts: Facts,
  effects: Effect[],
): Step {
  const next: Waking = {
    ...common(from),
    name: 'waking',
    since: facts.now,
    target: run === null ? 'restarting' : 'running',
    upstream: run?.upstream ?? null,
    health: run?.health ?? null,
    error: null,
    wokenAt: facts.now,
    stayUntil: -Infinity,
    excused: null,
    trigger: 'external',
    beganAt: facts.now,
    startedAt: facts.now,
    retryAt: null,
    deaths: 0,
  }
  return [
    next,
    [...effects, tell({ type: 'wake_started', service: facts.service.name, trigger: 'external' })],
  ]
}

/** Requests may pass. */
export function awake(from: Common, upstream: Upstream, awakeSince: number, facts: Facts): Awake {
  return {
    ...common(from),
    name: 'awake',
    since: facts.now,
    upstream,
    awakeSince,
    measuring: false,
    quietAt: -Infinity,
  }
}

/** After a period of health the failures before it are forgotten, whatever comes next. */
export function forgive(state: State, facts: Facts): State {
  const runs = state.name === 'awake' || state.name === 'draining'
  const healthy = runs && facts.now - state.awakeSince >= HEALTHY_AFTER
  return healthy && state.failures > 0 ? { ...state, failures: 0 } : state
}

/** Ends every hold: an operator wants the service asleep all the same. */
export const REJECT_HOLDS: Effect = {
  type: 'reject',
  code: 'WAKEDOCK_WAKE_FAILED',
  status: 503,
  retryIn: BACKOFF_BASE,
  outcome: 'rejected',
}

/** Idle is decided and `stopping` entered in the same step: no request can come in between (invariant 3). */
export function sleep(from: State, reason: SleepReason, facts: Facts): Step {
  const told = tell({
    type: 'sleep_started',
    service: facts.service.name,
    reason,
    idleMs: facts.now - Math.max(facts.lastActive, from.since),
  })
  const next: Stopping = {
    ...common(from),
    name: 'stopping',
    since: facts.now,
    excused: reason === 'operator' ? 'operator' : null,
    reason,
    wakeNext: null,
  }
  // With a start still under way the stop is issued when that has settled (invariant 2).
  return next.verb === null ? [{ ...next, verb: 'stop' }, [told, { type: 'stop' }]] : [next, [told]]
}

export function failWake(
  state: Waking,
  error: TargetError,
  outcome: 'failed' | 'timeout',
  facts: Facts,
): Step {
  // A missing container or port is not cured by waiting, nor made worse by asking: the provider answers at once.
  const free = isLasting(error)
  const failures = free ? state.failures : state.failures + 1
  const retryIn = free ? 0 : backoff(failures)
  const code = outcome === 'timeout' ? 'WAKEDOCK_WAKE_TIMEOUT' : 'WAKEDOCK_WAKE_FAILED'
  return [
    { ...failed(state, error, facts.now + retryIn, facts), failures },
    [tell(wakeFinished(state, outcome, error, retryIn, facts)), { type: 'reject', code, retryIn, outcome }],
  ]
}

/** `excused`: why it stays asleep although something keeps it. */
export function asleep(from: Common, excused: Common['excused'], facts: Facts): Asleep {
  const down = { upstream: null, health: null, error: null }
  return { ...common(from), ...down, name: 'asleep', since: facts.now, excused }
}

export function failed(from: Common, error: TargetError, retryAt: number, facts: Facts): Failed {
  return { ...common(from), name: 'failed', since: facts.now, error, retryAt }
}

/** The part every state has, without what belongs only to the state it is taken from. */
export function common(state: Common): Common {
  const { since, verb, target, upstream, health, failures, error, wokenAt, stayUntil, excused } = state
  return { since, verb, target, upstream, health, failures, error, wokenAt, stayUntil, excused }
}

/** Milliseconds before the next attempt after so many failures in a row. */
export function backoff(failures: number): number {
  return Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** (Math.max(1, failures) - 1))
}

export function describeExit(exitCode: number | null): string {
  return exitCode === null ? 'ended' : `ended with exit code ${exitCode}`
}

export function exited(exit: { exitCode: number | null; oom: boolean }, facts: Facts): TargetError {
  const name = targetName(facts.service)
  return exit.oom
    ? new TargetError('oom', `${name} was killed by the kernel for memory`, 'Raise its memory limit.')
    : new TargetError('exited', `${name} ${describeExit(exit.exitCode)}`, 'Its own log says why.')
}

/** What the target is called in sentences: "container ghost". */
export function targetName({ target }: Service): string {
  if (target.kind === 'url') return target.key
  return target.kind === 'group' ? target.name : `${target.kind} ${target.name}`
}

export function wakeFinished(
  state: Waking,
  outcome: 'ready' | 'failed' | 'timeout',
  error: TargetError | null,
  retryIn: number,
  facts: Facts,
): DomainEvent {
  const started = state.startedAt ?? facts.now
  return {
    type: 'wake_finished',
    service: facts.service.name,
    trigger: state.trigger,
    outcome,
    startMs: started - state.since,
    readyMs: facts.now - started,
    held: facts.held,
    error,
    retryIn,
  }
}

export function changed(what: string, facts: Facts): Effect {
  return tell({ type: 'target_changed', service: facts.service.name, what, inFlight: facts.inFlight })
}

export function tell(event: DomainEvent): Effect {
  return { type: 'tell', event }
}
