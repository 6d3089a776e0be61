/**
 * What the schedules reach. A generator that never gets a service to measure its target, or a job to its end, proves nothing
 * about them: so every event in every state in which it can happen, every effect, every domain event, every reason of a
 * failure and every outcome of a hold has to come up, from a fixed seed.
 */
import fc from 'fast-check'
import t from 'tap'
import { step } from '../../src/domain/lifecycle.ts'
import type { Event, State } from '../../src/domain/state.ts'
import { mixed } from './check.ts'
import { Simulation } from './simulation.ts'

const RUNS = 2_000

/** By event, the states in which it can happen. Whoever is awake passes requests without an event. */
const PAIRS: Readonly<Record<Event['type'], readonly State['name'][]>> = {
  request: ['asleep', 'waking', 'draining', 'stopping', 'failed'],
  wake: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
  sleep: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
  claimed: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
  // With a start under way there are only those that wait for it, and those that have given it up.
  started: ['waking', 'stopping', 'failed'],
  start_failed: ['waking', 'stopping', 'failed'],
  stopped: ['stopping'],
  stop_failed: ['stopping'],
  ready: ['waking'],
  measured: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
  status: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
  tick: ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'],
}

const DOMAIN_EVENTS = [
  'state',
  'wake_started',
  'wake_finished',
  'sleep_started',
  'sleep_finished',
  'target_changed',
  'adopted',
  'sleep_postponed',
  'hold_ended',
  'upstream_serving',
  'upstream_retired',
  'provider_lost',
  'provider_back',
  'service_added',
  'service_removed',
]

const EFFECTS = ['start', 'stop', 'measure', 'reject', 'tell']
const REASONS = [
  'missing',
  'unreachable',
  'refused',
  'exited',
  'oom',
  'no_address',
  'not_ready',
  'unhealthy',
  'dependency',
  'stuck',
]
const OUTCOMES = ['admitted', 'timeout', 'rejected', 'aborted', 'failed', 'shutdown']
const TRIGGERS = ['request', 'operator', 'external', 'dependent', 'pin', 'schedule']
const EXCUSES = ['hand', 'operator', 'completed']

t.test(`${RUNS} schedules reach everything that can happen`, async (t) => {
  const seen = new Set<string>()
  const note = (kind: string, what: string | null | undefined): void => void seen.add(`${kind} ${what}`)
  const watching: typeof step = (state, event, facts) => {
    note('pair', `${event.type} ${state.name}`)
    const [to, effects] = step(state, event, facts)
    note('excuse', to.excused)
    note('reason', to.error?.reason)
    if (to.name === 'awake' && to.measuring) note('pair', 'measuring')
    for (const effect of effects) {
      note('effect', effect.type)
      if (effect.type === 'tell' && effect.event.type === 'wake_started')
        note('trigger', effect.event.trigger)
    }
    return [to, effects]
  }
  for (const [index, scenario] of fc.sample(mixed, { numRuns: RUNS, seed: 1 }).entries()) {
    if (index % 200 === 0) await new Promise((resolve) => void setImmediate(resolve))
    const simulation = new Simulation(scenario, watching)
    await simulation.run()
    for (const event of simulation.world.events) {
      note('event', event.type)
      if (event.type === 'hold_ended') note('outcome', event.outcome)
      if ('error' in event) note('reason', event.error?.reason)
    }
  }
  const missing = (kind: string, all: readonly string[]): string[] =>
    all.filter((each) => !seen.has(`${kind} ${each}`))
  const pairs = Object.entries(PAIRS).flatMap(([event, states]) => states.map((state) => `${event} ${state}`))
  t.strictSame(missing('pair', [...pairs, 'measuring']), [], 'every event in every state')
  t.strictSame(missing('effect', EFFECTS), [], 'every effect')
  t.strictSame(missing('event', DOMAIN_EVENTS), [], 'every domain event')
  t.strictSame(missing('reason', REASONS), [], 'every reason of a failure')
  t.strictSame(missing('outcome', OUTCOMES), [], 'every outcome of a hold')
  t.strictSame(missing('trigger', TRIGGERS), [], 'every trigger of a wake')
  t.strictSame(missing('excuse', EXCUSES), [], 'every excuse')
  // What happens where it was thought that it cannot is worth a look.
  const unexpected = [...seen].filter((each) => each.startsWith('pair ') && !pairs.includes(each.slice(5)))
  t.strictSame(unexpected, ['pair measuring'], 'and nothing in a state in which it cannot')
})
