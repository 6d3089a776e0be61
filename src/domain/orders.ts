/** Operators' orders (wake, sleep) that wait for their outcome. An order ends nothing but itself when it fails. */
import type { ActionResult, ServiceSnapshot } from './gate.ts'
import type { State } from './state.ts'

export type Goal = 'wake' | 'sleep'

export class Orders {
  #pending: { goal: Goal; resolve: (result: ActionResult) => void }[] = []

  add(goal: Goal): Promise<ActionResult> {
    return new Promise((resolve) => {
      this.#pending.push({ goal, resolve })
    })
  }

  /** Answers those whose outcome is known now. */
  settle(state: State, snapshot: () => ServiceSnapshot): void {
    if (this.#pending.length === 0) return
    const view = snapshot()
    this.#pending = this.#pending.filter(({ goal, resolve }) => {
      const why = outcomeOf(goal, state, view)
      if (why === 'pending') return true
      resolve(why === 'done' ? { done: true, snapshot: view } : { done: false, why, snapshot: view })
      return false
    })
  }

  /** Nothing will come of them any more. */
  cancel(why: string, snapshot: ServiceSnapshot): void {
    for (const { resolve } of this.#pending) resolve({ done: false, why, snapshot })
    this.#pending = []
  }
}

/** What became of an operator's order: 'done', 'pending', or why not. */
function outcomeOf(goal: Goal, state: State, { held, inFlight, neededBy }: ServiceSnapshot): string {
  const error = state.error === null ? null : `${state.error.message}. ${state.error.hint}`
  switch (state.name) {
    case 'awake':
      if (goal === 'wake') return 'done'
      if (neededBy.length > 0) return needed(neededBy)
      return error ?? `A request came before it was asleep (${inFlight} in flight).`
    case 'asleep':
      return goal === 'sleep' ? 'done' : 'It was stopped or paused by somebody else before it was ready.'
    case 'failed':
      if (goal === 'sleep' && neededBy.length > 0) return needed(neededBy)
      if (goal === 'sleep' && inFlight > 0) return `${inFlight} requests still run; force ends them.`
      return error ?? 'It failed.'
    case 'waking':
      if (goal === 'wake') return 'pending'
      if (neededBy.length > 0) return needed(neededBy)
      if (held > 0) return `It is waking, and ${held} requests wait for it; force ends them.`
      return inFlight > 0
        ? `It was started again, and ${inFlight} requests of its last run go on; force ends them.`
        : 'Its target was started again by somebody else.'
    case 'draining':
      return goal === 'sleep' ? 'pending' : 'It was ordered to sleep.'
    case 'stopping':
      return goal === 'sleep' || state.wakeNext !== null ? 'pending' : 'It was ordered to sleep.'
  }
}

function needed(by: readonly string[]): string {
  const list = new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(by)
  const [need, are] = by.length === 1 ? ['needs', 'is'] : ['need', 'are']
  return `${list} ${need} it and ${are} awake: put ${by.length === 1 ? 'that' : 'those'} to sleep first, or force it.`
}
