/**
 * The state of one service, and what follows from it alone. Derived, never ordered, so that it cannot be forgotten:
 * what a request meets (admission), what to probe (probeOf), where requests may go (servingOf), whether what it needs has to
 * be awake (claims), when to look again (dueAt).
 */
import type { ErrorCode, TargetError } from '../errors.ts'
import type { DomainEvent, Health, Keep, SleepReason, TargetStatus, Upstream, WakeTrigger } from './ports.ts'
import type { Service } from './service.ts'

export interface Common {
  readonly since: number
  /** The provider call under way. At most one: invariant 2. A pause is a stop, as far as the states go. */
  readonly verb: 'start' | 'stop' | null
  /** What the provider said last. */
  readonly target: TargetStatus['state'] | 'unknown'
  /** Where the present run of the target is reached; null while it does not run. */
  readonly upstream: Upstream | null
  readonly health: Health
  /** Wakes that failed in a row. */
  readonly failures: number
  readonly error: TargetError | null
  /** When the last wake began, or its target was found running: whoever used it before that has used another run. */
  readonly wokenAt: number
  /** Until then it does not sleep by itself: its target works, or the last stop failed. */
  readonly stayUntil: number
  /**
   * Why it may sleep although something keeps it (Facts.keep); null: it may not. A person has stopped it, and WakeDock does not
   * fight a hand; an operator ordered it; it is a job, and done. Ends with the next wake, or when nothing keeps it.
   */
  readonly excused: 'hand' | 'operator' | 'completed' | null
}

export interface Waking extends Common {
  readonly name: 'waking'
  readonly trigger: WakeTrigger
  /**
   * When its own start was asked for, which is what start_timeout counts from; null while it waits for what it needs, whose own
   * timeouts bound that.
   */
  readonly beganAt: number | null
  /** When the target ran; null until then. */
  readonly startedAt: number | null
  /** When to try the start again, as the provider did not answer. */
  readonly retryAt: number | null
  /** How often the target died in this wake and was given another chance. */
  readonly deaths: number
}

export interface Awake extends Common {
  readonly name: 'awake'
  readonly upstream: Upstream
  /** Since it was ready; a drain that was called off does not change it. */
  readonly awakeSince: number
  /** Whether its target works is being measured. */
  readonly measuring: boolean
  /** When it was last measured and did not work. */
  readonly quietAt: number
}

export interface Draining extends Common {
  readonly name: 'draining'
  readonly upstream: Upstream
  readonly awakeSince: number
  readonly deadline: number
  /** Requests are not waited for, only the services that need it. */
  readonly force: boolean
}

export interface Stopping extends Common {
  readonly name: 'stopping'
  readonly reason: SleepReason
  /** Wake again as soon as the stop is confirmed. */
  readonly wakeNext: WakeTrigger | null
}

export type Asleep = Common & { readonly name: 'asleep' }
export type Failed = Common & {
  readonly name: 'failed'
  readonly error: TargetError
  readonly retryAt: number
}
export type State = Asleep | Waking | Awake | Draining | Stopping | Failed

export type Event =
  /** A request found the service not awake. Not yet counted in facts.held: whether it waits depends on the answer. */
  | { readonly type: 'request' }
  | { readonly type: 'wake' }
  | { readonly type: 'sleep'; readonly force: boolean }
  /** One more service needs it. */
  | { readonly type: 'claimed' }
  | { readonly type: 'started'; readonly status: TargetStatus }
  | { readonly type: 'start_failed'; readonly error: TargetError }
  | { readonly type: 'stopped'; readonly as: 'stopped' | 'paused' }
  | { readonly type: 'stop_failed'; readonly error: TargetError }
  | { readonly type: 'ready'; readonly upstream: Upstream }
  /** How much the target does; or why that cannot be told. */
  | { readonly type: 'measured'; readonly upstream: Upstream; readonly load: Load | TargetError }
  /** What the provider reports by itself. */
  | { readonly type: 'status'; readonly status: TargetStatus }
  /** Time has passed, the last request has ended, or what it needs or what keeps it has changed: look whether something is due. */
  | { readonly type: 'tick' }

/** Rates, in the units of Busy. */
export interface Load {
  readonly cpu: number
  /** null: not known. */
  readonly network: number | null
}

/** Whether everything that a start waits for is there. */
export type Needs = 'met' | { readonly waitingFor: readonly string[] } | TargetError

/** What the state does not hold because it changes with every request, or belongs to other services. */
export interface Facts {
  readonly now: number
  readonly inFlight: number
  readonly held: number
  /** End of the last request or hold; -Infinity before the first. */
  readonly lastActive: number
  /** Services that need it now. */
  readonly claims: number
  /** When the last of them let go; -Infinity before the first. */
  readonly lastClaim: number
  readonly needs: Needs
  readonly keep: Keep | null
  /** When time alone may change that, after now; null: never. */
  readonly keepChangesAt: number | null
  /** The provider was away, and this is the first news of the target since: nobody can tell what ended it. */
  readonly afterOutage: boolean
  /** Why the last probe did not pass. */
  readonly lastProbe: string | null
  readonly service: Service
}

export type Effect =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'measure'; readonly upstream: Upstream }
  /** Ends every hold with this error. */
  | {
      readonly type: 'reject'
      readonly code: ErrorCode
      readonly status?: number
      /** Milliseconds. */
      readonly retryIn: number
      readonly outcome: 'failed' | 'timeout' | 'rejected'
    }
  | { readonly type: 'tell'; readonly event: DomainEvent }

export type Step = readonly [State, readonly Effect[]]

/** How long a target is watched before an idle stop, where `busy` asks for that. */
export const MEASURE_WINDOW = 5_000

/**
 * Before the provider has said anything: asleep, so that the first request starts the target. A url is always on: nothing
 * will ever start, probe or stop it.
 */
export function initialState({ target }: Service, now: number): State {
  const common = {
    since: now,
    verb: null,
    health: null,
    failures: 0,
    error: null,
    wokenAt: now,
    stayUntil: -Infinity,
    excused: null,
  } as const
  if (target.kind !== 'url') return { ...common, name: 'asleep', target: 'unknown', upstream: null }
  const { scheme: protocol, tls, host, port } = target
  const upstream: Upstream = {
    protocol,
    ...(tls && { tls }),
    host,
    port,
    generation: target.key,
    relayed: false,
    healthcheck: false,
  }
  const awake = { awakeSince: now, measuring: false, quietAt: -Infinity }
  return { ...common, ...awake, name: 'awake', target: 'running', upstream }
}

/**
 * What a request that the lifecycle has just heard of meets: it waits, or is refused for so many milliseconds. A service
 * that is still failed has refused it, even if the backoff has ended since: nobody would wake it for a hold.
 */
export function admission(state: State, now: number): 'hold' | { refuseFor: number } {
  return state.name === 'failed' ? { refuseFor: Math.max(0, state.retryAt - now) } : 'hold'
}

/** Names the attempt that a wake is at; null: it is none. A second chance within a wake is another attempt: it claims anew what somebody has stopped meanwhile. */
export function attemptOf(state: State): string | null {
  return state.name === 'waking' ? `${state.wokenAt} ${state.deaths}` : null
}

/** A wake whose target has not been asked to start: it waits for what it needs. */
export function isPending(state: State): state is Waking {
  return state.name === 'waking' && state.verb === null && state.startedAt === null && state.retryAt === null
}

/** The run whose readiness has to be probed now, if any. A job is not ready before it has ended. */
export function probeOf(state: State, { ready }: Service): Upstream | null {
  return state.name === 'waking' && state.verb === null && ready.kind !== 'completed' ? state.upstream : null
}

/**
 * The run whose connections may be kept. Not while stopping: an app that ends politely waits for its idle keep-alive
 * connections to close (Node's server.close does), so ours would make every stop last until the kill.
 */
export function servingOf(state: State): Upstream | null {
  return state.name === 'stopping' ? null : state.upstream
}

/**
 * Whether what it needs has to be awake. Until its stop is confirmed: what it needs outlives it. The stop of a group is
 * nothing but letting its parts go.
 */
export function claims(state: State, { target }: Service): boolean {
  switch (state.name) {
    case 'waking':
    case 'awake':
    case 'draining':
      return true
    case 'stopping':
      return target.kind !== 'group'
    case 'failed':
    case 'asleep':
      return state.verb !== null || isUp(state.target)
  }
}

/** When a tick would change something; null: no time will. A time that has passed must never be one at which nothing does. */
export function dueAt(state: State, facts: Facts): number | null {
  switch (state.name) {
    case 'waking': {
      const deadline = state.beganAt === null ? null : state.beganAt + facts.service.startTimeout
      return isUnneeded(state, facts) ? facts.now : earlier(deadline, state.retryAt)
    }
    case 'awake':
      return earlier(lookAt(state, facts), facts.keepChangesAt)
    case 'failed':
      return earlier(earlier(idleAt(state, facts), keptAgainAt(state, facts)), facts.keepChangesAt)
    case 'draining': {
      const over = (facts.inFlight === 0 || state.force) && facts.claims === 0
      return over ? facts.now : state.deadline
    }
    case 'asleep':
      return keptAgainAt(state, facts) ?? facts.keepChangesAt
    case 'stopping':
      return null
  }
}

/**
 * When the service has been idle for long enough; null: not while it is in use or kept, and never with idle_timeout 0. Counted
 * from the END of the last request. A failed service whose target still runs counts too: nobody else would stop it.
 */
export function idleAt(state: State, facts: Facts): number | null {
  const { inFlight, held, keep, lastActive, lastClaim, service } = facts
  const runs = state.name === 'awake' || (state.name === 'failed' && isUp(state.target))
  if (!runs || inFlight > 0 || held > 0 || keep !== null || state.verb !== null) return null
  const from = state.name === 'awake' ? state.awakeSince : state.since
  const soonest = Math.max(from + service.minAwake, state.stayUntil)
  if (isUnneeded(state, facts) && (service.part || service.idleTimeout > 0))
    return Math.max(lastClaim, soonest)
  return service.idleTimeout === 0
    ? null
    : Math.max(Math.max(lastActive, from) + service.idleTimeout, soonest)
}

/** It was woken, or kept, for other services only, and the last of them has let go. */
export function isUnneeded(
  state: State,
  { claims, lastClaim, lastActive, inFlight, held, keep, service }: Facts,
): boolean {
  // A part has had requests of its own only if it was a service before it became one: they give it no idle time.
  const forOthers = lastClaim >= state.wokenAt && (service.part || lastActive < state.wokenAt)
  // A wake belongs to the service and goes on; a part is nothing without those that need it.
  if (state.name === 'waking' && (!service.part || held > 0 || inFlight > 0)) return false
  return claims === 0 && keep === null && forOthers
}

/** When to measure or, if that has been done, to sleep. */
function lookAt(state: Awake, facts: Facts): number | null {
  const at = idleAt(state, facts)
  if (at === null || facts.service.busy === null) return at
  if (state.measuring) return null
  return isKnownQuiet(state, at) ? at : Math.max(at - MEASURE_WINDOW, state.stayUntil)
}

/** It was measured for this sleep, not for one that a request has called off since. */
export function isKnownQuiet(state: Awake, idle: number): boolean {
  return state.quietAt >= idle - MEASURE_WINDOW
}

/** When what keeps it wakes it again; null: it does not. At once, but for the backoff of a failed wake. */
export function keptAgainAt(state: Asleep | Failed, { keep, now }: Facts): number | null {
  // Before the first word of its provider it may well be running: then it is adopted instead.
  if (keep === null || state.excused !== null || state.target === 'unknown') return null
  if (state.name === 'asleep') return now
  return isLasting(state.error) ? null : state.retryAt
}

/** Not cured by trying again: its provider will say when it is. */
export function isLasting({ reason }: TargetError): boolean {
  return reason === 'missing' || reason === 'no_address'
}

/** Whether a stop would have something to end. */
export function isUp(target: State['target']): boolean {
  return target === 'running' || target === 'unusable' || target === 'restarting'
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
