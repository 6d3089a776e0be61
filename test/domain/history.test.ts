/** What is remembered of each service: its states, its wakes, and how long the next one will take. */
import t from 'tap'
import { createHistory } from '../../src/domain/history.ts'
import type { DomainEvent, StateName } from '../../src/domain/ports.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { service } from '../helpers/service.ts'
import { sleeping } from '../helpers/world.ts'

type Wake = Extract<DomainEvent, { type: 'wake_finished' }>

function started(...names: string[]) {
  const clock = new FakeClock()
  const history = createHistory(clock)
  const begin = clock.wallTime()
  for (const name of names) history.observer({ type: 'service_added', service: name })
  /** The time since the begin, and the state entered then. */
  const states = (name: string) => history.of(name)?.states.map(({ at, state }) => `${at - begin} ${state}`)
  const enter = async (name: string, after: number, from: StateName, to: StateName): Promise<void> => {
    await clock.advance(after)
    history.observer({ type: 'state', service: name, from, to })
  }
  const wake = (readyMs: number, changes: Partial<Wake> = {}): void =>
    history.observer({
      type: 'wake_finished',
      service: 'blog',
      trigger: 'request',
      outcome: 'ready',
      startMs: 100,
      readyMs,
      held: 1,
      error: null,
      retryIn: 0,
      ...changes,
    })
  const resync = (name: string, state: StateName, sinceBegin: number, key = `container:${name}`): void => {
    const of = service(name)
    const target = { ...of.target, key }
    history.resync([{ name, state, since: begin + sinceBegin, service: { ...of, target } }])
  }
  return { clock, history, begin, states, enter, wake, resync }
}

t.test('a service begins with the state that it has when the config is taken over', async (t) => {
  const it = started('blog')
  t.strictSame(it.states('blog'), [])
  it.resync('blog', 'awake', 0)
  t.strictSame(it.states('blog'), ['0 awake'])
  await it.enter('blog', 500, 'awake', 'stopping')
  await it.enter('blog', 20, 'stopping', 'asleep')
  t.strictSame(it.states('blog'), ['0 awake', '500 stopping', '520 asleep'])
  it.resync('blog', 'asleep', 520)
  t.equal(it.states('blog')?.length, 3, 'nothing new')
  t.equal(it.history.of('blog')?.since, it.begin)
})

t.test('a change before anybody has looked says what it was until then', async (t) => {
  const it = started('blog')
  await it.enter('blog', 500, 'asleep', 'waking')
  t.strictSame(it.states('blog'), ['0 asleep', '500 waking'])
})

t.test('a service that a reload gives another target begins anew, without an event', async (t) => {
  const it = started('blog')
  it.resync('blog', 'asleep', 0)
  await it.enter('blog', 100, 'asleep', 'awake')
  it.wake(300)
  await it.clock.advance(900)
  it.resync('blog', 'asleep', 1_000, 'container:other')
  t.strictSame(it.states('blog'), ['0 asleep', '100 awake', '1000 asleep'])
  t.strictSame(it.history.of('blog')?.wakes, [], 'the wakes were those of the other')
  t.equal(it.history.estimate('blog'), null)
})

t.test('after the wall clock was set back no state comes before the one before it', async (t) => {
  const it = started('blog')
  await it.enter('blog', 500, 'asleep', 'awake')
  it.resync('blog', 'asleep', -60_000, 'container:other')
  t.strictSame(it.states('blog'), ['0 asleep', '500 awake', '500 asleep'])
})

t.test('parts and strangers have no history; who is removed has none any more', async (t) => {
  const it = started('blog')
  await it.enter('blog/db', 1, 'asleep', 'awake')
  await it.enter('nobody', 1, 'asleep', 'awake')
  it.wake(5, { service: 'nobody' })
  it.resync('nobody', 'awake', 0)
  t.strictSame(
    [it.states('blog/db'), it.states('nobody'), it.history.estimate('nobody')],
    [undefined, undefined, null],
  )
  it.wake(5)
  it.history.observer({ type: 'service_removed', service: 'blog' })
  t.equal(it.history.of('blog'), undefined)
  it.history.observer({ type: 'service_added', service: 'blog' })
  t.strictSame(it.history.of('blog')?.wakes, [], 'one that comes back begins anew')
})

t.test('the last 200 states and 50 wakes are kept, and since is where they begin', async (t) => {
  const it = started('blog')
  it.resync('blog', 'asleep', 0)
  for (let wakes = 0; wakes < 150; wakes++) {
    await it.enter('blog', 10, 'asleep', 'awake')
    it.wake(wakes)
    await it.enter('blog', 10, 'awake', 'asleep')
  }
  const { since, states, wakes } = it.history.of('blog') ?? {}
  t.equal(states?.length, 200)
  t.strictSame([states?.[0]?.at, states?.at(-1)?.at], [since, it.clock.wallTime()])
  t.strictSame([wakes?.length, wakes?.[0]?.readyMs, wakes?.at(-1)?.readyMs], [50, 100, 149])
})

const failed = { outcome: 'failed' } as const
const ESTIMATES: readonly (readonly [
  what: string,
  wakes: readonly (readonly [number, Partial<Wake>?])[],
  number | null,
])[] = [
  ['no wake', [], null],
  ['one', [[400]], 500],
  ['the upper of two', [[400], [600]], 700],
  ['the middle of three, in whatever order', [[900], [400], [500]], 600],
  ['the successful ones', [[400], [9_000, failed], [9_000, { outcome: 'timeout' }]], 500],
  ['our own ones', [[400], [1, { trigger: 'external' }], [1, { trigger: 'external' }]], 500],
  ['those for a schedule, too', [[400, { trigger: 'schedule' }]], 500],
  ['failures only', [[9_000, failed]], null],
  [
    'the last ten',
    [
      ...Array.from({ length: 20 }, () => [9_000] as const),
      ...Array.from({ length: 10 }, () => [400] as const),
    ],
    500,
  ],
]

for (const [what, wakes, expected] of ESTIMATES) {
  t.test(`an estimate is made of ${what}`, (t) => {
    const it = started('blog')
    for (const [readyMs, changes] of wakes) it.wake(readyMs, changes)
    t.equal(it.history.estimate('blog'), expected)
    t.end()
  })
}

t.test('the core tells it all that it needs', async (t) => {
  const world = await sleeping({ idleTimeout: 5_000, minAwake: 0 })
  const history = createHistory(world.clock)
  for (const event of world.events) history.observer(event)
  world.watch = history.observer
  history.resync(world.activator.list())
  const client = world.request('blog')
  await world.settle()
  client.finish()
  await world.advance(10_000)
  t.strictSame(
    history.of('blog')?.states.map(({ state }) => state),
    ['asleep', 'waking', 'awake', 'stopping', 'asleep'],
  )
  t.match(history.of('blog')?.wakes, [{ trigger: 'request', outcome: 'ready' }])
  // Another target under the same name: the runtime is a new one, and says nothing of it.
  world.request('blog')
  await world.settle()
  const other = service('blog', { target: { ...service('shop').target } })
  world.activator.configure([other])
  history.resync(world.activator.list())
  t.equal(history.of('blog')?.states.at(-1)?.state, 'asleep')
})
