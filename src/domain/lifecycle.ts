/**
 * The lifecycle of one service as a pure function: step(state, event, facts) → [state, effects]. No clock, no I/O, no
 * promise: that is why its races can be tested by the thousand. Effects are only what cannot be derived from the state
 * (state.ts has the rest); that holds are admitted whenever the service is awake goes without saying, too. The activator
 * carries it all out.
 */
import { TargetError } from '../errors.ts'
import {
  asleep,
  common,
  failed,
  failWake,
  forgive,
  REJECT_HOLDS,
  sleep,
  targetName,
  tell,
  wake,
  wakeFinished,
} from './moves.ts'
import type { DomainEvent, TargetStatus, Upstream } from './ports.ts'
import {
  dueAt,
  isUp,
  probeOf,
  type Effect,
  type Event,
  type Facts,
  type State,
  type Step,
  type Stopping,
  type Waking,
  type Common,
} from './state.ts'
import { onStatus } from './status.ts'

/** How often a start is tried again while the provider itself does not answer. */
const UNREACHABLE_RETRY = 1_000

export function step(from: State, event: Event, facts: Facts): Step {
  const state = forgive(from, facts)
  switch (event.type) {
    case 'request':
      return onRequest(state, facts)
    case 'wake':
      return onWakeOrder(state, facts)
    case 'sleep':
      return onSleepOrder(state, event.force, facts)
    case 'started':
      return onStarted(state, event.status, facts)
    case 'start_failed':
      return onStartFailed(state, event.error, facts)
    case 'stopped':
      return onStopped(state, facts)
    case 'stop_failed':
      return onStopFailed(state, event.error, facts)
    case 'ready':
      return onReady(state, event.upstream, facts)
    case 'status':
      // The provider promises none while a verb is under way (ports.ts); an adapter's slip must not end a wake.
      return state.verb === null ? onStatus(state, event.status, facts) : [state, []]
    case 'tick':
      return onTick(state, facts)
  }
}

function onRequest(state: State, facts: Facts): Step {
  switch (state.name) {
    case 'asleep':
      return wake(state, 'request', facts)
    case 'failed':
      return facts.now < state.retryAt ? [state, []] : wake(state, 'request', facts)
    case 'stopping':
      return [{ ...state, wakeNext: state.wakeNext ?? 'request' }, []]
    case 'draining':
      return endDrain(state, facts)
    case 'waking':
    case 'awake':
      return [state, []]
  }
}

function onWakeOrder(state: State, facts: Facts): Step {
  switch (state.name) {
    case 'asleep':
    case 'failed':
      return wake(state, 'operator', facts)
    case 'stopping':
      return [{ ...state, wakeNext: state.wakeNext ?? 'operator' }, []]
    case 'draining':
      return endDrain(state, facts)
    case 'waking':
    case 'awake':
      return [state, []]
  }
}

function onSleepOrder(state: State, force: boolean, facts: Facts): Step {
  switch (state.name) {
    case 'awake':
      if (facts.inFlight === 0 || force) return sleep(state, 'operator', facts)
      return [
        {
          ...state,
          name: 'draining',
          since: facts.now,
          // That of an earlier stop would be taken for the reason why this one was called off.
          error: null,
          deadline: facts.now + facts.service.drainTimeout,
        },
        [],
      ]
    case 'draining':
      return force ? sleep(state, 'operator', facts) : [state, []]
    case 'waking':
      // Requests of the run before may still be under way (invariant 3).
      if ((facts.held > 0 || facts.inFlight > 0) && !force) return [state, []]
      return giveUpWake(state, facts)
    case 'stopping':
      if (facts.held > 0 && !force) return [state, []]
      return [{ ...state, wakeNext: null }, facts.held > 0 ? [REJECT_HOLDS] : []]
    case 'failed':
      if (!isUp(state.target) && state.verb === null) return [asleep(state, facts), []]
      return facts.inFlight > 0 && !force ? [state, []] : sleep(state, 'operator', facts)
    case 'asleep':
      return [state, []]
  }
}

function onStarted(state: State, status: TargetStatus, facts: Facts): Step {
  const settled: State = { ...state, verb: null }
  switch (settled.name) {
    case 'stopping': // Ordered while the start was under way: invariant 2 made the stop wait for it.
      return [{ ...settled, verb: 'stop', target: status.state }, [{ type: 'stop' }]]
    case 'waking':
      return onStatus({ ...settled, startedAt: facts.now, retryAt: null, error: null }, status, facts)
    default: // The wake was given up meanwhile; what its start has brought about is news like any other.
      return onStatus(settled, status, facts)
  }
}

function onStartFailed(state: State, error: TargetError, facts: Facts): Step {
  const settled: State = { ...state, verb: null }
  switch (settled.name) {
    case 'stopping': // The target may run all the same: a start call that timed out can still have its effect.
      return [{ ...settled, verb: 'stop' }, [{ type: 'stop' }]]
    case 'waking':
      // A provider that does not answer is often one that restarts: the requests may as well wait for it.
      if (error.reason === 'unreachable') {
        return [{ ...settled, error, retryAt: facts.now + UNREACHABLE_RETRY }, []]
      }
      return failWake(settled, error, 'failed', facts)
    default:
      return [settled, []]
  }
}

function onStopped(state: State, facts: Facts): Step {
  if (state.name !== 'stopping') return [{ ...state, verb: null }, []]
  const down = { ...common(state), verb: null, target: 'stopped', upstream: null } as const
  return wakeAgain(state, down, asleep(down, facts), tell(sleepFinished(state, null, facts)), facts)
}

function onStopFailed(state: State, error: TargetError, facts: Facts): Step {
  if (state.name !== 'stopping') return [{ ...state, verb: null }, []]
  const base = { ...common(state), verb: null, since: facts.now, error }
  // It runs on for all we know; a fresh idle window is the pause before the next attempt.
  const { upstream } = base
  const rest: State =
    upstream === null ? failed(base, error, facts.now, facts) : { ...base, name: 'awake', upstream }
  return wakeAgain(state, base, rest, tell(sleepFinished(state, error, facts)), facts)
}

/** Requests that came during the stop, or an order, start the target again; otherwise `rest` stands. */
function wakeAgain(was: Stopping, from: Common, rest: State, told: Effect, facts: Facts): Step {
  const trigger = was.wakeNext ?? (facts.held > 0 ? 'request' : null)
  if (trigger === null) return [rest, [told]]
  const [next, effects] = wake(from, trigger, facts)
  return [next, [told, ...effects]]
}

function sleepFinished(state: Stopping, error: TargetError | null, facts: Facts): DomainEvent {
  return {
    type: 'sleep_finished',
    service: facts.service.name,
    reason: state.reason,
    outcome: error === null ? 'stopped' : 'failed',
    tookMs: facts.now - state.since,
    error,
  }
}

function onReady(state: State, upstream: Upstream, facts: Facts): Step {
  // A probe that passed against an earlier run says nothing about this one.
  if (probeOf(state) !== upstream || state.name !== 'waking') return [state, []]
  const told = tell(wakeFinished(state, 'ready', null, 0, facts))
  return [{ ...common(state), name: 'awake', since: facts.now, upstream, error: null }, [told]]
}

function onTick(state: State, facts: Facts): Step {
  const due = dueAt(state, facts)
  if (due === null || facts.now < due) return [state, []]
  switch (state.name) {
    case 'awake':
    case 'failed':
      return sleep(state, 'idle', facts)
    case 'draining':
      return sleep(state, 'operator', facts)
    case 'waking':
      if (facts.now >= state.since + facts.service.startTimeout) {
        return failWake(state, notReady(state, facts), 'timeout', facts)
      }
      return [{ ...state, retryAt: null, verb: 'start' }, [{ type: 'start' }]]
    default:
      return [state, []]
  }
}

/** An operator wants it asleep although it wakes. The holds are told to come back. */
function giveUpWake(state: Waking, facts: Facts): Step {
  const error = new TargetError(
    'refused',
    'an operator ordered it to sleep',
    'Wake it again when it is needed.',
  )
  const [next, effects] = sleep(state, 'operator', facts)
  return [next, [REJECT_HOLDS, tell(wakeFinished(state, 'failed', error, 0, facts)), ...effects]]
}

function endDrain(state: State & { name: 'draining' }, facts: Facts): Step {
  return [{ ...common(state), name: 'awake', since: facts.now, upstream: state.upstream }, []]
}

function notReady(state: Waking, facts: Facts): TargetError {
  const name = targetName(facts.service)
  const after = `in start_timeout (${facts.service.startTimeout / 1000} s)`
  if (state.error?.reason === 'unreachable') return state.error
  if (state.verb === 'start') {
    return new TargetError(
      'not_ready',
      `${name} did not start ${after}`,
      'See whether the provider is overloaded.',
    )
  }
  const why = facts.lastProbe === null ? '' : `: ${facts.lastProbe}`
  return new TargetError(
    'not_ready',
    `${name} runs but was not ready ${after}${why}`,
    'See its own log; correct port or ready in the config, or raise start_timeout if it needs longer.',
  )
}
