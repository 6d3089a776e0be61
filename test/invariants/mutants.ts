/**
 * A core with one rule removed, each with the invariants that must notice: that is how the simulation is shown to see what it
 * says it sees. A mutant is another lifecycle, or a class of the core with one method replaced for as long as it is looked at.
 */
import { step } from '../../src/domain/lifecycle.ts'
import type { Effect, Event, Facts, State, Step } from '../../src/domain/state.ts'

export interface Mutant {
  readonly breaks: string
  /** Whichever of them is seen first. */
  readonly invariant: readonly (number | string)[]
  readonly lifecycle?: typeof step
  /** Puts the fault in; what it returns takes it out again. */
  readonly install?: () => () => void
}

type Change = (state: State, event: Event, facts: Facts) => Facts

/** The lifecycle is told something that is not so. */
const deceived =
  (change: Change): typeof step =>
  (state, event, facts) =>
    step(state, event, change(state, event, facts))

/** Something of what it answers is lost, or altered. */
const garbled =
  (change: (to: Step, from: State, event: Event, facts: Facts) => Step): typeof step =>
  (state, event, facts) =>
    change(step(state, event, facts), state, event, facts)

/** The same object where nothing changes: another one is news to all services around. */
function altered<S extends State>(to: S, change: Partial<S>): S {
  const same = Object.entries(change).every(([key, value]) => to[key as keyof S] === value)
  return same ? to : { ...to, ...change }
}

function asFailure(effect: Effect): Effect {
  return effect.type === 'reject' ? { ...effect, outcome: 'failed' } : effect
}

const IDLE_LOAD = { cpu: 0, network: 0 }

export const lifecycles: readonly Mutant[] = [
  {
    breaks: 'a request during a stop is forgotten when the stop is confirmed',
    invariant: [1],
    lifecycle: (state, event, facts) =>
      step(
        state.name === 'stopping' ? { ...state, wakeNext: null } : state,
        event,
        event.type === 'stopped' ? { ...facts, held: 0 } : facts,
      ),
  },
  {
    breaks: 'a failed wake keeps its requests waiting',
    invariant: [1],
    lifecycle: garbled(([to, effects]) => [to, effects.filter(({ type }) => type !== 'reject')]),
  },
  {
    breaks: 'a timeout is told as a failure',
    invariant: [1],
    lifecycle: garbled(([to, effects]) => [to, effects.map(asFailure)]),
  },
  {
    breaks: 'a request during a stop starts the target at once',
    invariant: [2, 3, 6],
    lifecycle: (state, event, facts): Step =>
      state.name === 'stopping' && event.type === 'request'
        ? [{ ...state, wakeNext: 'request' }, [{ type: 'start' }]]
        : step(state, event, facts),
  },
  {
    breaks: 'a start does not wait for what the service needs',
    invariant: [2],
    lifecycle: deceived((_, __, facts) => ({ ...facts, needs: 'met' })),
  },
  {
    breaks: 'requests in flight do not keep a service awake',
    invariant: [3, 4],
    lifecycle: deceived((_, { type }, facts) =>
      type === 'tick' ? { ...facts, inFlight: 0, lastActive: facts.now - 60_000 } : facts,
    ),
  },
  {
    breaks: 'the services that need it do not keep a service awake',
    invariant: [3],
    lifecycle: deceived(({ name }, { type }, facts) =>
      type === 'tick' && name === 'awake' ? { ...facts, claims: 0, keep: null, lastClaim: facts.now } : facts,
    ),
  },
  {
    breaks: 'a forced sleep does not wait for those that need the service',
    invariant: [3],
    lifecycle: deceived((_, { type }, facts) => (type === 'sleep' ? { ...facts, claims: 0 } : facts)),
  },
  {
    breaks: 'an ordered sleep is always a forced one',
    invariant: [3],
    lifecycle: (state, event, facts) =>
      step(state, event.type === 'sleep' ? { type: 'sleep', force: true } : event, { ...facts, claims: 0 }),
  },
  {
    breaks: 'the idle time counts from the start of the last request',
    invariant: [4],
    lifecycle: deceived((state, { type }, facts) =>
      type === 'tick' ? { ...facts, lastActive: Math.min(facts.lastActive, state.since) } : facts,
    ),
  },
  {
    breaks: 'min_awake is ignored',
    invariant: [4],
    lifecycle: deceived((_, __, facts) => ({ ...facts, service: { ...facts.service, minAwake: 0 } })),
  },
  ...(['pin', 'schedule'] as const).map((each): Mutant => ({
    breaks: `a ${each} does not keep a service awake`,
    invariant: [4],
    lifecycle: deceived((state, __, facts) =>
      facts.keep === each && state.name === 'awake' ? { ...facts, keep: null } : facts,
    ),
  })),
  {
    breaks: 'nothing is measured before an idle sleep',
    invariant: [4],
    lifecycle: garbled(([to, effects], _, __, { now }) =>
      to.name === 'awake' && to.measuring
        ? [{ ...to, measuring: false, quietAt: now }, effects.filter(({ type }) => type !== 'measure')]
        : [to, effects],
    ),
  },
  {
    breaks: 'a target that works is stopped all the same',
    invariant: [4],
    lifecycle: (state, event, facts) =>
      step(state, event.type === 'measured' ? { ...event, load: IDLE_LOAD } : event, facts),
  },
  {
    breaks: 'what cannot be measured counts as idle',
    invariant: [4],
    lifecycle: (state, event, facts) =>
      step(
        state,
        event.type === 'measured' && event.load instanceof Error ? { ...event, load: IDLE_LOAD } : event,
        facts,
      ),
  },
  {
    breaks: 'what is kept does not come back after a crash',
    invariant: [4],
    lifecycle: garbled(([to, effects], from) =>
      from.name !== 'asleep' && to.name === 'asleep'
        ? [altered(to, { excused: 'hand' }), effects]
        : [to, effects],
    ),
  },
  {
    breaks: 'a failed wake of what is kept is not tried again',
    invariant: [4],
    lifecycle: garbled(([to, effects], _, __, { keep }) => [
      to.name === 'failed' && keep !== null ? altered(to, { retryAt: Infinity }) : to,
      effects,
    ]),
  },
  {
    breaks: 'what an engine did not bring back counts as stopped by hand',
    invariant: [4],
    lifecycle: deceived((_, __, facts) => ({ ...facts, afterOutage: false })),
  },
  {
    breaks: 'a hand is fought over what a pin or a schedule keeps',
    invariant: [4, 10],
    lifecycle: (state, event, facts) =>
      step(state.excused === 'hand' ? { ...state, excused: null } : state, event, facts),
  },
  {
    breaks: 'a stop that failed is tried again at once',
    invariant: [4, 'circle'],
    lifecycle: garbled(([to, effects]) => [altered(to, { stayUntil: -Infinity }), effects]),
  },
  {
    breaks: 'a client that leaves takes the wake with it',
    invariant: [5, 8, 2],
    lifecycle: (state, event, facts): Step =>
      state.name === 'waking' &&
      event.type === 'tick' &&
      facts.held === 0 &&
      facts.lastActive >= state.wokenAt
        ? [{ ...state, name: 'asleep', upstream: null }, []]
        : step(state, event, facts),
  },
  {
    breaks: 'a target that has just been started is started again',
    invariant: [6, 2],
    lifecycle: garbled(([to, effects], from, { type }) =>
      type === 'started' && from.name === 'waking' && from.startedAt === null && to.name === 'waking'
        ? [{ ...to, verb: 'start' }, [...effects, { type: 'start' }]]
        : [to, effects],
    ),
  },
  {
    breaks: 'the death of an awake target goes unnoticed',
    invariant: [8],
    lifecycle: (state, event, facts) =>
      state.name === 'awake' && event.type === 'status' && event.status.state === 'stopped'
        ? [state, []]
        : step(state, event, facts),
  },
  {
    breaks: 'what ran before WakeDock is not adopted',
    invariant: [9],
    lifecycle: (state, event, facts): Step =>
      state.target === 'unknown' && event.type === 'status' && event.status.state === 'running'
        ? [{ ...state, target: 'stopped' }, []]
        : step(state, event, facts),
  },
  {
    breaks: 'who runs counts as ready',
    invariant: ['ready'],
    lifecycle: (state, event, facts): Step => {
      const [to, effects] = step(state, event, facts)
      if (to.name !== 'waking' || to.verb !== null || to.upstream === null) return [to, effects]
      const [next, more] = step(to, { type: 'ready', upstream: to.upstream }, facts)
      return [next, [...effects, ...more]]
    },
  },
  {
    breaks: 'a drain waits for ever',
    invariant: ['orders'],
    lifecycle: garbled(([to, effects]) => [
      to.name === 'draining' ? altered(to, { deadline: Infinity }) : to,
      effects,
    ]),
  },
  {
    breaks: 'the end of a sleep is not told',
    invariant: ['told'],
    lifecycle: garbled(([to, effects]) => [
      to,
      effects.filter((each) => each.type !== 'tell' || each.event.type !== 'sleep_finished'),
    ]),
  },
]
