/** An operator orders a sleep: what that means in each state. Part of the lifecycle. */
import { TargetError } from '../errors.ts'
import { asleep, REJECT_HOLDS, sleep, tell, wakeFinished } from './moves.ts'
import { isUp, type Draining, type Facts, type State, type Step, type Waking } from './state.ts'

/** Without force it ends nothing that anybody uses; services that need it are in its way even then, until they sleep. */
export function onSleepOrder(state: State, force: boolean, facts: Facts): Step {
  const inUse = facts.inFlight > 0 || facts.claims > 0
  switch (state.name) {
    case 'awake': {
      if (facts.claims > 0 && !force) return [state, []]
      if (!inUse || (force && facts.claims === 0)) return sleep(state, 'operator', facts)
      const draining: Draining = {
        ...state,
        name: 'draining',
        since: facts.now,
        // That of an earlier stop would be taken for the reason why this one was called off.
        error: null,
        deadline: facts.now + facts.service.drainTimeout,
        force,
      }
      return [draining, []]
    }
    case 'draining':
      if (!force) return [state, []]
      return facts.claims === 0 ? sleep(state, 'operator', facts) : [{ ...state, force }, []]
    case 'waking':
      // Requests of the run before may still be under way (invariant 3).
      return (facts.held > 0 || inUse) && !force ? [state, []] : giveUpWake(state, facts)
    case 'stopping':
      if ((facts.held > 0 || facts.claims > 0) && !force) return [state, []]
      return [{ ...state, wakeNext: null, excused: 'operator' }, facts.held > 0 ? [REJECT_HOLDS] : []]
    case 'failed':
      if (!isUp(state.target) && state.verb === null) return [asleep(state, 'operator', facts), []]
      return inUse && !force ? [state, []] : sleep(state, 'operator', facts)
    case 'asleep':
      return [{ ...state, excused: 'operator' }, []]
  }
}

/** The holds are told to come back. */
function giveUpWake(state: Waking, facts: Facts): Step {
  const error = new TargetError(
    'refused',
    'an operator ordered it to sleep',
    'Wake it again when it is needed.',
  )
  const [next, effects] = sleep(state, 'operator', facts)
  return [next, [REJECT_HOLDS, tell(wakeFinished(state, 'failed', error, 0, facts)), ...effects]]
}
