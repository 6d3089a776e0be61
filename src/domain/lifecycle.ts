/**
 * The lifecycle of one service as a pure function: step(state, event, facts) → [state, effects]. No clock, no I/O, no
 * promise: that is why its races can be tested by the thousand. Effects are only what cannot be derived from the state
 * (state.ts has the rest); that holds are admitted whenever the service is awake goes without saying, too. The activator
 * carries it all out.
 */
import { TargetError } from '../errors.ts'
import { isKnownQuiet, MEASURE_WINDOW } from './state.ts'
import { onSleepOrder } from './sleep-order.ts'
import {
  asleep,
  awake,
  common,
  failed,
  failWake,
  forgive,
  sleep,
  targetName,
  tell,
  wake,
  wakeFinished,
} from './moves.ts'
import type { DomainEvent, TargetStatus, Upstream, WakeTrigger } from './ports.ts'
import {
  attemptOf,
  dueAt,
  idleAt,
  isPending,
  isUnneeded,
  keptAgainAt,
  probeOf,
  type Awake,
  type Common,
  type Draining,
  type Effect,
  type Event,
  type Facts,
  type Load,
  type State,
  type Step,
  type Stopping,
  type Waking,
} from './state.ts'
import { onStatus } from './status.ts'

/** How often a start is tried again while the provider itself does not answer. */
const UNREACHABLE_RETRY = 1_000
/** No sooner than this is a stop that failed tried again, nor a target looked at again that was at work. */
const STOP_RETRY = 60_000
const BUSY_RETRY = 60_000

export function step(from: State, event: Event, facts: Facts): Step {
  return advance(react(forgive(from, facts), event, facts), attemptOf(from), facts)
}

function react(state: State, event: Event, facts: Facts): Step {
  switch (event.type) {
    case 'request':
      return onRequest(state, facts)
    case 'wake':
      return onWakeOrder(state, 'operator', facts)
    case 'claimed':
      return onClaimed(state, facts)
    case 'sleep':
      return onSleepOrder(state, event.force, facts)
    case 'started':
      return onStarted(state, event.status, facts)
    case 'start_failed':
      return onStartFailed(state, event.error, facts)
    case 'stopped':
      return onStopped(state, event.as, facts)
    case 'stop_failed':
      return onStopFailed(state, event.error, facts)
    case 'ready':
      return onReady(state, event.upstream, facts)
    case 'measured':
      return onMeasured(state, event.upstream, event.load, facts)
    case 'status':
      // The provider promises none while a verb is under way (ports.ts); an adapter's slip must not end a wake.
      if (state.verb === null) return onStatus(state, event.status, facts)
      // But the first word of all may come while a start still waits for the verb of a service that had this target before: should
      // the start fail, it says whether the target runs.
      return [state.target === 'unknown' ? { ...state, target: event.status.state } : state, []]
    case 'tick':
      return onTick(state, facts)
  }
}

/**
 * What goes without an event of its own, after each of them: whatever keeps a service wakes it, a start begins when what it needs
 * is there, and who is called healthy needs no probe.
 */
function advance([state, effects]: Step, asked: string | null, facts: Facts): Step {
  const next: State = facts.keep === null && state.excused !== null ? { ...state, excused: null } : state
  const moved = moveOn(next, asked, facts)
  if (moved === null) return [next, effects]
  return advance([moved[0], [...effects, ...moved[1]]], asked, facts)
}

/**
 * `asked`: the attempt that has claimed what it needs already. Before that, what has failed or was stopped is no failure: it may
 * be tried again for it. After it nobody calls back, however the attempt has come to wait once more.
 */
function moveOn(state: State, asked: string | null, facts: Facts): Step | null {
  switch (state.name) {
    case 'asleep':
    case 'failed': {
      const at = keptAgainAt(state, facts)
      return at !== null && at <= facts.now && facts.keep !== null ? wake(state, facts.keep, facts) : null
    }
    case 'waking': {
      if (!isPending(state)) return isCalledHealthy(state, facts) ? becomeAwake(state, facts) : null
      const { needs } = facts
      if (needs instanceof TargetError && asked === attemptOf(state))
        return failWake(state, needs, isTimeout(needs) ? 'timeout' : 'failed', facts)
      if (needs !== 'met') return null
      return [{ ...state, verb: 'start', beganAt: state.beganAt ?? facts.now }, [{ type: 'start' }]]
    }
    default:
      return null
  }
}

/** What it needs was given all the time there was: for whoever waits that is the same as if the service itself was. */
function isTimeout({ reason, cause }: TargetError): boolean {
  if (reason === 'dependency') return cause instanceof TargetError && isTimeout(cause)
  return reason === 'not_ready' || reason === 'unreachable'
}

function onRequest(state: State, facts: Facts): Step {
  switch (state.name) {
    case 'asleep':
      return wake(state, 'request', facts)
    case 'failed':
      return facts.now < state.retryAt ? [state, []] : wake(state, 'request', facts)
    case 'stopping':
      return [wakeAfterwards(state, 'request'), []]
    case 'draining':
      return endDrain(state, facts)
    case 'waking':
    case 'awake':
      return [state, []]
  }
}

function onWakeOrder(state: State, trigger: WakeTrigger, facts: Facts): Step {
  switch (state.name) {
    case 'asleep':
    case 'failed':
      return wake(state, trigger, facts)
    case 'stopping':
      return [wakeAfterwards(state, trigger), []]
    case 'draining':
      return endDrain(state, facts)
    case 'waking':
    case 'awake':
      return [state, []]
  }
}

/** As a request of those who need it: the backoff of a failed wake stands. */
function onClaimed(state: State, facts: Facts): Step {
  if (state.name === 'failed' && facts.now < state.retryAt) return [state, []]
  // A job is run once for all that have claimed it since; whoever tries again, or comes later, would start beside it.
  if (state.name === 'asleep' && state.excused === 'completed') return [state, []]
  return onWakeOrder(state, 'dependent', facts)
}

function onStarted(state: State, status: TargetStatus, facts: Facts): Step {
  const settled: State = { ...state, verb: null }
  switch (settled.name) {
    case 'stopping': // Ordered while the start was under way: invariant 2 made the stop wait for it.
      return [{ ...settled, verb: 'stop', target: status.state }, [{ type: 'stop' }]]
    case 'waking':
      return onStatus({ ...settled, startedAt: facts.now, retryAt: null, error: null }, status, facts)
    default: {
      // The wake was given up meanwhile; what its start has brought about is news like any other, but that it was woken for
      // those who wanted that wake: a part that they need no more does not stay.
      const [next, effects] = onStatus(settled, status, facts)
      const late = next.name === 'waking' && facts.service.part
      return [late ? { ...next, wokenAt: settled.wokenAt } : next, effects]
    }
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

function onStopped(state: State, as: 'stopped' | 'paused', facts: Facts): Step {
  if (state.name !== 'stopping') return [{ ...state, verb: null }, []]
  const down = { ...common(state), verb: null, target: as, upstream: null } as const
  const rest = asleep(down, state.excused, facts)
  return wakeAgain(state, down, rest, tell(sleepFinished(state, null, facts)), facts)
}

function onStopFailed(state: State, error: TargetError, facts: Facts): Step {
  if (state.name !== 'stopping') return [{ ...state, verb: null }, []]
  const stayUntil = facts.now + (facts.service.idleTimeout || STOP_RETRY)
  const base = { ...common(state), verb: null, since: facts.now, stayUntil, error }
  // It runs on for all we know; a fresh idle window is the pause before the next attempt.
  const { upstream } = base
  const rest: State =
    upstream === null ? failed(base, error, facts.now, facts) : awake(base, upstream, facts.now, facts)
  return wakeAgain(state, base, rest, tell(sleepFinished(state, error, facts)), facts)
}

/** The first who asks for it names the wake; but a claim may be withdrawn, and a request or an order stands. */
function wakeAfterwards(state: Stopping, trigger: WakeTrigger): Stopping {
  const { wakeNext } = state
  return { ...state, wakeNext: wakeNext === null || wakeNext === 'dependent' ? trigger : wakeNext }
}

/** Requests that came during the stop, or an order, start the target again; otherwise `rest` stands. */
function wakeAgain(was: Stopping, from: Common, rest: State, told: Effect, facts: Facts): Step {
  // Those that claimed it during the stop may have let go since: then it would run for nobody.
  const next = was.wakeNext === 'dependent' && facts.claims === 0 ? null : was.wakeNext
  const trigger = next ?? (facts.held > 0 ? 'request' : null)
  if (trigger === null) return [rest, [told]]
  const [woken, effects] = wake(from, trigger, facts)
  return [woken, [told, ...effects]]
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
  if (probeOf(state, facts.service) !== upstream || state.name !== 'waking') return [state, []]
  return becomeAwake({ ...state, upstream }, facts)
}

/** The engine's own word, which may come before ours; where a request has to be answered as well, that is still to be seen. */
function isCalledHealthy(
  state: Waking,
  { service }: Facts,
): state is Waking & { readonly upstream: Upstream } {
  const suffices = service.ready.kind === 'health' || service.ready.kind === 'running'
  return suffices && state.health === 'healthy' && probeOf(state, service) !== null
}

function becomeAwake(state: Waking & { readonly upstream: Upstream }, facts: Facts): Step {
  const told = tell(wakeFinished(state, 'ready', null, 0, facts))
  return [awake({ ...state, error: null }, state.upstream, facts.now, facts), [told]]
}

function onTick(state: State, facts: Facts): Step {
  switch (state.name) {
    case 'awake':
    case 'failed': {
      const idle = idleAt(state, facts)
      if (idle === null) return [state, []]
      return mustMeasure(state, idle, facts) ? measure(state, idle, facts) : fallAsleep(state, idle, facts)
    }
    case 'draining':
      return facts.now < (dueAt(state, facts) ?? Infinity) ? [state, []] : sleep(state, 'operator', facts)
    case 'waking':
      // A part that nothing needs any more is not worth the end of its boot.
      if (isUnneeded(state, facts)) return sleep(state, 'unneeded', facts)
      if (facts.now >= (state.beganAt ?? Infinity) + facts.service.startTimeout) {
        return failWake(state, notReady(state, facts), 'timeout', facts)
      }
      return state.retryAt !== null && facts.now >= state.retryAt
        ? [{ ...state, retryAt: null }, []]
        : [state, []]
    case 'asleep':
    case 'stopping':
      return [state, []]
  }
}

function fallAsleep(state: State, idle: number, facts: Facts): Step {
  if (facts.now < idle) return [state, []]
  return sleep(state, isUnneeded(state, facts) ? 'unneeded' : 'idle', facts)
}

/** Only a target that was looked at and does not work is stopped, where the service asks for that. */
function mustMeasure(state: State, idle: number, { service }: Facts): state is Awake {
  return state.name === 'awake' && service.busy !== null && !isKnownQuiet(state, idle)
}

function measure(state: Awake, idle: number, facts: Facts): Step {
  const since = Math.max(idle - MEASURE_WINDOW, state.stayUntil)
  if (state.measuring || facts.now < since) return [state, []]
  return [{ ...state, measuring: true }, [{ type: 'measure', upstream: state.upstream }]]
}

function onMeasured(state: State, upstream: Upstream, load: Load | TargetError, facts: Facts): Step {
  if (state.name !== 'awake' || !state.measuring || state.upstream !== upstream) return [state, []]
  const { busy, name, idleTimeout } = facts.service
  const error = load instanceof TargetError ? load : null
  const { cpu, network } = load instanceof TargetError ? { cpu: null, network: null } : load
  const works = cpu !== null && busy !== null && cpu >= (busy.cpu ?? Infinity)
  const talks = network !== null && busy !== null && network >= (busy.network ?? Infinity)
  // The end of a request may have called the sleep off meanwhile; then this was for nothing, and is repeated.
  if (!works && !talks && error === null)
    return onTick({ ...state, measuring: false, quietAt: facts.now }, facts)
  const pause = Math.max(MEASURE_WINDOW, Math.min(idleTimeout, BUSY_RETRY))
  return [
    { ...state, measuring: false, stayUntil: facts.now + pause },
    [tell({ type: 'sleep_postponed', service: name, cpu, network, error })],
  ]
}

function endDrain(state: Draining, facts: Facts): Step {
  return [awake(state, state.upstream, state.awakeSince, facts), []]
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
  if (facts.service.ready.kind === 'completed') {
    return new TargetError(
      'not_ready',
      `${name} did not end ${after}, and others wait for its end`,
      'See its own log, or raise start_timeout.',
    )
  }
  const why = facts.lastProbe === null ? '' : `: ${facts.lastProbe}`
  return new TargetError(
    'not_ready',
    `${name} runs but was not ready ${after}${why}`,
    'See its own log; correct port or ready in the config, or raise start_timeout if it needs longer.',
  )
}
