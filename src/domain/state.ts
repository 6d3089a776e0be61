/**
 * The state of one service, and what follows from it alone. Derived, never ordered, so that it cannot be forgotten:
 * what a request meets (admission), what to probe (probeOf), where requests may go (servingOf), when to look again (dueAt).
 */
import type { ErrorCode, TargetError } from '../errors.ts'
import type { DomainEvent, SleepReason, TargetStatus, Upstream, WakeTrigger } from './ports.ts'
import type { Service } from './service.ts'

export interface Common {
  readonly since: number
  /** The provider call under way. At most one: invariant 2. */
  readonly verb: 'start' | 'stop' | null
  /** What the provider said last. */
  readonly target: TargetStatus['state'] | 'unknown'
  /** Where the present run of the target is reached; null while it does not run. */
  readonly upstream: Upstream | null
  /** Wakes that failed in a row. */
  readonly failures: number
  readonly error: TargetError | null
}

export interface Waking extends Common {
  readonly name: 'waking'
  readonly trigger: WakeTrigger
  /** When the target ran; null until then. */
  readonly startedAt: number | null
  /** When to try the start again, as the provider did not answer. */
  readonly retryAt: number | null
  /** How often the target died in this wake and was given another chance. */
  readonly deaths: number
}

export interface Stopping extends Common {
  readonly name: 'stopping'
  readonly reason: SleepReason
  /** Wake again as soon as the stop is confirmed. */
  readonly wakeNext: WakeTrigger | null
}

export type State =
  | (Common & { readonly name: 'asleep' })
  | Waking
  | (Common & { readonly name: 'awake'; readonly upstream: Upstream })
  | (Common & { readonly name: 'draining'; readonly upstream: Upstream; readonly deadline: number })
  | Stopping
  | (Common & { readonly name: 'failed'; readonly error: TargetError; readonly retryAt: number })

export type Event =
  /** A request found the service not awake. Not yet counted in facts.held: whether it waits depends on the answer. */
  | { readonly type: 'request' }
  | { readonly type: 'wake' }
  | { readonly type: 'sleep'; readonly force: boolean }
  | { readonly type: 'started'; readonly status: TargetStatus }
  | { readonly type: 'start_failed'; readonly error: TargetError }
  | { readonly type: 'stopped' }
  | { readonly type: 'stop_failed'; readonly error: TargetError }
  | { readonly type: 'ready'; readonly upstream: Upstream }
  /** What the provider reports by itself. */
  | { readonly type: 'status'; readonly status: TargetStatus }
  /** Time has passed, or the last request has ended: look whether something is due. */
  | { readonly type: 'tick' }

/** What the state does not hold because it changes with every request. */
export interface Facts {
  readonly now: number
  readonly inFlight: number
  readonly held: number
  /** End of the last request or hold; -Infinity before the first. */
  readonly lastActive: number
  /** Why the last probe did not pass. */
  readonly lastProbe: string | null
  readonly service: Service
}

export type Effect =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
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

/**
 * Before the provider has said anything: asleep, so that the first request starts the target. A url is always on: nothing
 * will ever start, probe or stop it.
 */
export function initialState({ target }: Service, now: number): State {
  const common = { since: now, verb: null, failures: 0, error: null } as const
  if (target.kind !== 'url') return { ...common, name: 'asleep', target: 'unknown', upstream: null }
  const { scheme: protocol, host, port } = target
  const upstream: Upstream = { protocol, host, port, generation: target.key, relayed: false }
  return { ...common, name: 'awake', target: 'running', upstream }
}

/**
 * What a request that the lifecycle has just heard of meets: it waits, or is refused for so many milliseconds. A service
 * that is still failed has refused it, even if the backoff has ended since: nobody would wake it for a hold.
 */
export function admission(state: State, now: number): 'hold' | { refuseFor: number } {
  return state.name === 'failed' ? { refuseFor: Math.max(0, state.retryAt - now) } : 'hold'
}

/** The run whose readiness has to be probed now, if any. */
export function probeOf(state: State): Upstream | null {
  return state.name === 'waking' && state.verb === null ? state.upstream : null
}

/**
 * The run whose connections may be kept. Not while stopping: an app that ends politely waits for its idle keep-alive
 * connections to close (Node's server.close does), so ours would make every stop last until the kill.
 */
export function servingOf(state: State): Upstream | null {
  return state.name === 'stopping' ? null : state.upstream
}

/** When a tick would change something; null: no time will. */
export function dueAt(state: State, facts: Facts): number | null {
  switch (state.name) {
    case 'waking': {
      const deadline = state.since + facts.service.startTimeout
      return state.retryAt === null ? deadline : Math.min(deadline, state.retryAt)
    }
    case 'awake':
    case 'failed':
      return idleAt(state, facts)
    case 'draining':
      return facts.inFlight === 0 ? facts.now : state.deadline
    case 'asleep':
    case 'stopping':
      return null
  }
}

/**
 * When the service has been idle for long enough; null: not while it is in use, and never with idle_timeout 0. Counted
 * from the END of the last request. A failed service whose target still runs counts too: nobody else would stop it.
 */
export function idleAt(state: State, { inFlight, held, lastActive, service }: Facts): number | null {
  const runs = state.name === 'awake' || (state.name === 'failed' && isUp(state.target))
  if (!runs || inFlight > 0 || held > 0 || service.idleTimeout === 0 || state.verb !== null) return null
  return Math.max(Math.max(lastActive, state.since) + service.idleTimeout, state.since + service.minAwake)
}

/** Whether a stop would have something to end. */
export function isUp(target: State['target']): boolean {
  return target === 'running' || target === 'unusable' || target === 'restarting'
}
