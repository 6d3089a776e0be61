/** Lifecycles with one rule removed, each with the invariants that must notice. */
import { step } from '../../src/domain/lifecycle.ts'
import type { Effect, Step } from '../../src/domain/state.ts'

interface Mutant {
  readonly breaks: string
  /** Whichever of them is seen first. */
  readonly invariant: readonly (number | string)[]
  readonly lifecycle: typeof step
}

export const mutants: readonly Mutant[] = [
  {
    breaks: 'requests in flight do not keep a service awake',
    invariant: [3, 4],
    lifecycle: (state, event, facts) =>
      step(
        state,
        event,
        event.type === 'tick' ? { ...facts, inFlight: 0, lastActive: facts.now - 60_000 } : facts,
      ),
  },
  {
    breaks: 'a request during a stop starts the target at once',
    invariant: [2, 3],
    lifecycle: (state, event, facts): Step => {
      if (state.name !== 'stopping' || event.type !== 'request') return step(state, event, facts)
      return [{ ...state, wakeNext: 'request' }, [{ type: 'start' }]]
    },
  },
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
    breaks: 'the idle time counts from the start of the last request',
    invariant: [4],
    lifecycle: (state, event, facts) =>
      step(state, event, event.type === 'tick' ? { ...facts, lastActive: state.since } : facts),
  },
  {
    breaks: 'min_awake is ignored',
    invariant: [4],
    lifecycle: (state, event, facts) =>
      step(state, event, { ...facts, service: { ...facts.service, minAwake: 0 } }),
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
    breaks: 'a failed wake keeps its requests waiting',
    invariant: [1],
    lifecycle: (state, event, facts) => {
      const [next, effects] = step(state, event, facts)
      return [next, effects.filter(({ type }) => type !== 'reject')]
    },
  },
  {
    breaks: 'a client that leaves takes the wake with it',
    invariant: [5, 8, 2],
    lifecycle: (state, event, facts) =>
      state.name === 'waking' && event.type === 'tick' && facts.held === 0
        ? [{ ...state, name: 'asleep', upstream: null }, []]
        : step(state, event, facts),
  },
  {
    breaks: 'a drain waits for ever',
    invariant: ['orders'],
    lifecycle: (state, event, facts): Step => {
      const [next, effects] = step(state, event, facts)
      return [next.name === 'draining' ? { ...next, deadline: Infinity } : next, effects]
    },
  },
  {
    breaks: 'a timeout is told as a failure',
    invariant: [1],
    lifecycle: (state, event, facts): Step => {
      const [next, effects] = step(state, event, facts)
      return [next, effects.map(asFailure)]
    },
  },
]

function asFailure(effect: Effect): Effect {
  return effect.type === 'reject' ? { ...effect, outcome: 'failed' } : effect
}
