/** Rules of the lifecycle beside the races of activator.test.ts: what counts as a failure, and what an order is told. */
import t from 'tap'
import { Activator } from '../../src/domain/activator.ts'
import { TargetError } from '../../src/errors.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeProvider, stopped } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import { awake, sleeping, type World } from '../helpers/world.ts'

const blog = service('blog')
const MINUTE = 60_000

/** Awake after a wake that failed: one failure is remembered until it has been well for a while. */
async function awakeAfterFailure(): Promise<World> {
  const world = await sleeping()
  world.provider.manual = true
  world.request('blog')
  await world.settle()
  world.provider.verb(blog.target)?.fail('refused')
  world.provider.manual = false
  await world.advance(1_000)
  const client = world.request('blog')
  await world.settle()
  client.finish()
  return world
}

/** What may happen to a service that has been well for long, without making it less well. */
const QUIET_EVENTS: readonly [name: string, happens: (world: World) => Promise<unknown> | void][] = [
  ['nothing', () => undefined],
  [
    'an ordered sleep that a request has called off',
    (world) => {
      world.request('blog')
      const order = world.activator.sleep('blog', { force: false })
      world.request('blog')
      return order
    },
  ],
  [
    'a restart by hand',
    (world) => {
      world.provider.change(blog.target, 'running')
      return world.settle()
    },
  ],
  [
    'a pause by hand',
    (world) => {
      world.provider.change(blog.target, { state: 'paused' })
      world.request('blog')
      return world.settle()
    },
  ],
]

for (const [name, happens] of QUIET_EVENTS) {
  t.test(`failures from before a period of health do not count after ${name}`, async (t) => {
    const world = await awakeAfterFailure()
    await world.advance(10 * MINUTE)
    await happens(world)
    t.equal(world.state('blog'), 'awake')
    await world.advance(1_000)
    world.provider.change(blog.target, stopped(1))
    t.equal(world.state('blog'), 'asleep', 'the first crash is forgiven')
  })
}

t.test('a restart during a drain is another run: it is probed before it gets a request', async (t) => {
  const world = await awake()
  world.request('blog')
  const order = world.activator.sleep('blog', { force: false })
  world.ready = () => false
  world.provider.change(blog.target, 'running')
  const client = world.request('blog')
  await world.settle()
  t.equal(client.code, 'waiting')
  t.match(await order, { done: false, why: /started again/ })
  world.ready = () => true
  await world.advance(1_000)
  t.equal(client.code, 'open')
})

t.test(
  'a container that obeys a stop by hand with exit code 0 is started once more for its requests',
  async (t) => {
    const world = await sleeping()
    world.ready = () => false
    const client = world.request('blog')
    await world.settle()
    world.provider.change(blog.target, stopped(0))
    await world.settle()
    t.equal(client.code, 'waiting')
    t.equal(world.provider.calls.length, 2)
    world.provider.change(blog.target, stopped(0))
    await world.settle()
    t.equal(client.code, 'WAKEDOCK_WAKE_FAILED', 'twice is its own doing')
  },
)

t.test('a container that ends with exit code 0 says so to the operator who has woken it', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  const order = world.activator.wake('blog')
  await world.settle()
  world.provider.change(blog.target, stopped(0))
  t.match(await order, { done: false, why: /exit code 0/ })
})

t.test('a container paused by hand while it wakes is woken on only when requests wait', async (t) => {
  for (const [waits, state, calls] of [
    [true, 'waking', 2],
    [false, 'asleep', 1],
  ] as const) {
    const world = await sleeping()
    world.ready = () => false
    const client = world.request('blog')
    if (!waits) client.abort()
    await world.settle()
    world.provider.change(blog.target, { state: 'paused' })
    await world.settle()
    t.equal(world.state('blog'), state)
    t.equal(world.provider.calls.length, calls)
  }
})

t.test('a target that cannot be reached is put to sleep however often that is reported', async (t) => {
  const world = await sleeping({ idleTimeout: MINUTE, minAwake: 0 })
  const error = new TargetError('no_address', 'it has no port', 'Give it one.')
  const status = { state: 'unusable', generation: 'x', error } as const
  for (let i = 0; i < 2; i++) {
    world.provider.change(blog.target, status)
    await world.advance(MINUTE / 2)
  }
  t.equal(world.state('blog'), 'asleep')
  t.equal(world.told('target_changed').length, 1)
})

t.test('an order to sleep with force ends the requests that wait for a stop', async (t) => {
  const world = await awake({ idleTimeout: MINUTE, minAwake: 0 })
  world.provider.manual = true
  await world.advance(MINUTE)
  const client = world.request('blog')
  const order = world.activator.sleep('blog', { force: true })
  await world.settle()
  t.match(client.outcome, { code: 'WAKEDOCK_WAKE_FAILED', status: 503, retryAfter: 1 })
  world.provider.verb(blog.target)?.succeed()
  t.match(await order, { done: true })
  t.equal(world.state('blog'), 'asleep')
})

t.test('an order that a request has called off is not told of an older failure', async (t) => {
  const world = await awake({ idleTimeout: MINUTE, minAwake: 0 })
  world.provider.manual = true
  await world.advance(MINUTE)
  world.provider.verb(blog.target)?.fail('stuck')
  await world.settle()
  world.request('blog')
  const order = world.activator.sleep('blog', { force: false })
  world.request('blog')
  t.match(await order, { done: false, why: /A request came/ })
})

t.test('an order to wake a service that is then stopped by hand says so', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  const order = world.activator.wake('blog')
  await world.settle()
  world.provider.change(blog.target, stopped(143))
  t.match(await order, { done: false, why: /stopped or paused by somebody else/ })
})

t.test(
  'a start that fails at once is tried again at its own pace, though the provider answers',
  async (t) => {
    const world = await sleeping({ startTimeout: 5_500 })
    let starts = 0
    world.provider.start = () => {
      // The bound is for the test: with the rule broken it would never end.
      const reason = starts++ < 100 ? 'unreachable' : 'refused'
      return Promise.reject(new TargetError(reason, 'connection closed', 'See its log.'))
    }
    const client = world.request('blog')
    await world.advance(5_500)
    t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT')
    t.equal(starts, 6, 'at once, and then every second')
  },
)

t.test('a request that comes in the instant the backoff ends does not wait for nothing', async (t) => {
  // Time passes between two looks at it: the backoff ends at each of them in turn.
  for (let look = 0; look < 6; look++) {
    const clock = new LeapingClock()
    const provider = new FakeProvider()
    const activator = new Activator({
      clock,
      provider,
      probe: () => Promise.resolve({ ready: true }),
      observe: () => undefined,
      maxHeld: () => 10,
    })
    activator.configure([blog])
    await clock.advance(0)
    provider.manual = true
    const { lease } = activator.gate('blog').hold()
    await clock.advance(0)
    provider.verb(blog.target)?.fail('refused')
    await t.rejects(lease, { code: 'WAKEDOCK_WAKE_FAILED' })
    await clock.advance(999)
    clock.leapAt(look)
    activator.gate('blog').hold()
    const { held, state } = activator.gate('blog').snapshot()
    t.match(held === 0 ? 'failed' : 'waking', state, `the backoff ends at look ${look}`)
  }
})

/** A millisecond passes just before the look that is chosen. */
class LeapingClock extends FakeClock {
  #looks = Infinity
  #leapt = 0

  leapAt(look: number): void {
    this.#looks = look
  }

  override now(): number {
    if (this.#looks-- === 0) this.#leapt = 1
    return super.now() + this.#leapt
  }
}

t.test('verify() of a new run does not take the answer of an older one for its own', async (t) => {
  const world = await awake()
  const old = world.activator.gate('blog').tryAcquire()
  if (old === null) throw new Error('not awake')
  world.provider.silent = true
  world.ready = () => false
  const first = world.activator.gate('blog').verify(old.upstream)
  await world.settle()
  world.ready = () => true
  world.provider.silent = false
  world.provider.change(blog.target, 'running')
  await world.settle()
  const next = world.activator.gate('blog').tryAcquire()
  if (next === null) throw new Error('not awake')
  world.provider.silent = true
  world.provider.change(blog.target, stopped(137))
  await world.activator.gate('blog').verify(next.upstream)
  t.equal(world.state('blog'), 'asleep')
  await world.advance(1_000)
  await first
})

t.test('an answer that a report has overtaken is not believed', async (t) => {
  const world = await awake()
  const lease = world.activator.gate('blog').tryAcquire()
  if (lease === null) throw new Error('not awake')
  const answer = Promise.withResolvers<Awaited<ReturnType<FakeProvider['inspect']>>>()
  world.provider.inspect = () => answer.promise
  const verified = world.activator.gate('blog').verify(lease.upstream)
  await world.settle()
  world.provider.change(blog.target, stopped(137))
  answer.resolve({ state: 'running', upstream: lease.upstream, health: null })
  await verified
  t.equal(world.state('blog'), 'asleep', 'the report is newer')
})
