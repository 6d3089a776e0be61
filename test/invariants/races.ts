/**
 * The races that design/lifecycle.md lists by name, and those of services that need each other, each as a short schedule. The
 * simulation puts other things in between, and goes on after them.
 */
import fc from 'fast-check'
import { anything, setting, type Action, type Scenario } from './actions.ts'

type Race = Pick<Scenario, 'cast' | 'policies' | 'turned' | 'up' | 'prompt'> & {
  readonly name: string
  readonly actions: readonly Action[]
}

const plain = { cast: 'alone', policies: [0, 0], turned: 0, up: 0, prompt: true } as const
const two = { ...plain, cast: 'shared', policies: [0, 0, 0] } as const
const stack = { ...plain, cast: 'stacked' } as const
const project = { ...plain, cast: 'composed' } as const

const request = (s = 0): Action => ({ do: 'request', s })
const finish: Action = { do: 'finish', which: 0, twice: true }
const abort: Action = { do: 'abort', which: 0, twice: false }
const advance = (ms: number): Action => ({ do: 'advance', ms })
const slow: Action = { do: 'engine', prompt: false }
const verb: Action = { do: 'verb', which: 0, how: 'succeed', effect: false }
const fail: Action = { do: 'verb', which: 0, how: 'refused', effect: false }
const lose: Action = { do: 'lose' }
const back: Action = { do: 'back' }
const outside = (what: (Action & { do: 'outside' })['what'], s = 0, heard = true): Action => ({
  do: 'outside',
  s,
  what,
  heard,
})
const app = (ready: boolean, s = 0): Action => ({ do: 'app', s, ready })
const order = (goal: 'wake' | 'sleep', s = 0, force = false): Action => ({ do: 'order', s, goal, force })
const reload = (change: (Action & { do: 'reload' })['change']): Action => ({ do: 'reload', change })
const pin = (ms: number | null): Action => ({ do: 'pin', s: 0, ms })

export const RACES: readonly Race[] = [
  {
    ...plain,
    name: 'a request during the stop',
    actions: [request(), finish, slow, advance(5_000), request(), verb, verb],
  },
  {
    ...plain,
    name: 'an abort during the hold',
    actions: [app(false), request(), request(), abort, app(true)],
  },
  { ...plain, name: 'the last abort during waking', actions: [slow, request(), abort, verb, advance(1_000)] },
  {
    ...plain,
    name: 'release and idle in the same tick',
    actions: [request(), finish, advance(3_000), request(), advance(2_000), finish, advance(5_000)],
  },
  {
    ...plain,
    name: 'died between ready and the first byte',
    actions: [request(), outside(137, 0, false), { do: 'verify', s: 0 }, advance(999)],
  },
  {
    ...plain,
    name: 'died while requests are in flight',
    actions: [request(), request(), outside(1), request(), finish],
  },
  {
    ...plain,
    name: 'started by hand while asleep',
    actions: [app(false), outside('start'), app(true), advance(5_000)],
  },
  {
    ...plain,
    name: 'stopped by hand while awake and pinned',
    actions: [pin(null), outside(143), advance(1_000)],
  },
  { ...plain, name: 'paused by hand while awake', actions: [request(), outside('pause'), request()] },
  {
    ...plain,
    name: 'recreated under the same name',
    actions: [request(), outside('recreate'), request(), finish],
  },
  {
    ...plain,
    name: 'removed while waking',
    actions: [slow, request(), outside('remove'), verb, outside('create')],
  },
  {
    ...plain,
    name: 'the event stream is lost for a minute, and the target changes meanwhile',
    actions: [request(), finish, lose, advance(20_000), outside(1), advance(20_000), back, request()],
  },
  {
    ...two,
    name: 'the engine restarts, and takes the containers with it',
    actions: [request(), pin(null), lose, outside(137), outside(137, 2), back, advance(1_000)],
  },
  {
    ...plain,
    name: 'a crash loop',
    actions: [
      request(),
      outside(1),
      request(),
      outside('oom'),
      request(),
      advance(2_000),
      request(),
      outside(1),
    ],
  },
  {
    ...two,
    name: 'two services with a shared dependency, one idle, one busy',
    actions: [request(0), request(1), finish, advance(6_000), finish, advance(6_000)],
  },
  {
    ...plain,
    name: 'a reload removes a service that holds requests',
    actions: [slow, request(), reload({ kind: 'again', s: 0 }), request(), verb, verb],
  },
  {
    ...plain,
    name: 'a process is redefined while its requests run',
    actions: [request(1), reload({ kind: 'target' }), request(1), advance(2_000), finish, finish],
  },
  {
    ...plain,
    name: 'a service is put back twice while the requests of all three run',
    actions: [
      request(),
      reload({ kind: 'again', s: 0 }),
      request(),
      reload({ kind: 'again', s: 0 }),
      request(),
      finish,
    ],
  },
  {
    ...plain,
    policies: [4, 4],
    name: 'a schedule opens and closes, and the clock is set',
    actions: [advance(20_000), advance(20_000), advance(20_000), advance(5_000), { do: 'jump', ms: 60_000 }],
  },
  {
    ...plain,
    policies: [4, 0],
    name: 'a kept service crashes and comes back',
    actions: [{ do: 'jump', ms: 180_000 }, request(), finish, outside(1), outside('oom'), advance(3_000)],
  },
  {
    ...plain,
    policies: [3, 3],
    name: 'a target that works is not stopped, until it does not',
    actions: [
      request(),
      finish,
      { do: 'load', load: 'high' },
      advance(8_000),
      { do: 'load', load: 'failing' },
      advance(8_000),
    ],
  },
  {
    ...two,
    name: 'an operator forces the dependency to sleep',
    actions: [request(), request(1), slow, order('sleep', 2, true), advance(3_000), verb, verb, verb],
  },
  {
    ...plain,
    name: 'an ordered sleep drains',
    actions: [request(), order('sleep'), advance(1_000), request(), order('sleep'), advance(3_000)],
  },
  {
    ...two,
    name: 'a dependency fails while its dependent waits',
    actions: [slow, request(), fail, advance(1_000), request(), verb, verb],
  },
  {
    ...two,
    name: 'a dependency dies under its dependents',
    actions: [request(), outside(1, 2), advance(1), outside(1, 2), advance(1_000)],
  },
  {
    ...stack,
    name: 'a stack becomes a container and back while a request runs',
    actions: [
      request(),
      reload({ kind: 'target' }),
      request(),
      advance(6_000),
      reload({ kind: 'target' }),
      finish,
      finish,
    ],
  },
  {
    ...stack,
    name: 'a part that hangs while its stack sleeps and is wanted again',
    actions: [request(), finish, slow, advance(6_000), request(), verb, verb, verb, verb, verb],
  },
  {
    ...stack,
    name: 'a stack whose middle part fails',
    actions: [slow, request(1), verb, fail, verb, advance(2_000)],
  },
  {
    ...plain,
    name: 'a wake that times out, and is tried again on the same run',
    actions: [app(false), request(), advance(8_000), advance(1_000), request(), advance(40), app(true)],
  },
  {
    ...two,
    name: 'more requests wait than may',
    actions: [slow, ...Array.from({ length: 9 }, (_, index) => request(index % 2)), verb, verb, verb],
  },
  {
    ...plain,
    policies: [1, 1],
    name: 'min_awake outlasts the idle time',
    actions: [request(), finish, advance(2_000), advance(3_000), advance(2_000)],
  },
  {
    ...project,
    name: 'a job that ends well, and one that does not',
    actions: [request(), outside(0, 1), finish, advance(8_000), request(), outside(1, 1), advance(2_000)],
  },
  {
    ...project,
    name: 'two stacks share a database that gets unhealthy',
    actions: [
      app(false, 1),
      request(),
      request(1),
      { do: 'health', s: 0, health: 'unhealthy' },
      advance(1_000),
    ],
  },
  {
    ...project,
    name: 'a wake that times out, and whose start succeeds after that',
    actions: [slow, request(), advance(8_000), verb, advance(1_000)],
  },
]

/** One of the races, with up to six other things before, between or after. */
export const races: fc.Arbitrary<Scenario> = fc
  .record({
    race: fc.constantFrom(...RACES),
    ending: setting.ending,
    others: fc.array(fc.record({ at: fc.nat(9), action: anything }), { maxLength: 6, size: 'max' }),
  })
  .map(({ race, ending, others }) => {
    const { cast, policies, turned, up, prompt } = race
    const schedule = [...race.actions]
    for (const { at, action } of others) schedule.splice(at % (schedule.length + 1), 0, action)
    return { cast, policies, turned, up, prompt, ending, schedule }
  })
