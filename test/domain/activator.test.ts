/** The races of the lifecycle by name, each told as what a person would see. Time and containers are fakes. */
import t from 'tap'
import { TargetError } from '../../src/errors.ts'
import { stopped } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import { awake, sleeping, World } from '../helpers/world.ts'

const blog = service('blog')
const MINUTE = 60_000

t.test('a request wakes a sleeping service and is admitted', async (t) => {
  const world = await sleeping()
  const client = world.request('blog')
  t.equal(world.state('blog'), 'waking')
  await world.settle()
  t.equal(client.code, 'open')
  t.equal(world.state('blog'), 'awake')
  t.strictSame(world.provider.calls, ['start container:blog'])
})

t.test('a thousand cold requests cause one start and one probe loop', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  for (let i = 0; i < 1_000; i++) world.request('blog')
  await world.advance(500)
  t.equal(world.activator.get('blog')?.held, 1_000)
  world.ready = () => true
  await world.advance(50)
  t.ok(world.clients.every(({ code }) => code === 'open'))
  t.strictSame(world.provider.calls, ['start container:blog'])
  t.equal(world.mostProbes, 1)
})

t.test('requests are admitted in the order they came', async (t) => {
  const world = await sleeping()
  const order: number[] = []
  for (const i of [1, 2, 3])
    void world.activator
      .gate('blog')
      .hold()
      .lease.then(() => order.push(i))
  await world.settle()
  t.strictSame(order, [1, 2, 3])
})

t.test('the idle time counts from the end of the last request', async (t) => {
  const world = await sleeping({ idleTimeout: MINUTE, minAwake: 0 })
  const client = world.request('blog')
  await world.advance(10 * MINUTE)
  t.equal(world.state('blog'), 'awake', 'ten minutes of one request')
  client.finish()
  await world.advance(MINUTE - 1)
  t.equal(world.state('blog'), 'awake')
  await world.advance(1)
  t.equal(world.state('blog'), 'asleep')
  t.match(world.told('sleep_started'), [{ reason: 'idle', idleMs: MINUTE }])
})

t.test('min_awake outlasts a shorter idle_timeout', async (t) => {
  const world = await awake({ idleTimeout: 1_000, minAwake: MINUTE })
  await world.advance(MINUTE - 1)
  t.equal(world.state('blog'), 'awake')
  await world.advance(1)
  t.equal(world.state('blog'), 'asleep')
})

t.test('idle_timeout 0 never sleeps', async (t) => {
  const world = await awake({ idleTimeout: 0 })
  await world.advance(1_000 * MINUTE)
  t.equal(world.state('blog'), 'awake')
})

t.test(
  'a request in the tick in which the service becomes idle finds it stopping, and is held',
  async (t) => {
    const world = await awake({ idleTimeout: MINUTE, minAwake: 0 })
    world.provider.manual = true
    await world.advance(MINUTE)
    t.equal(world.state('blog'), 'stopping')
    const client = world.request('blog')
    await world.advance(5_000)
    t.equal(client.code, 'waiting')
    t.same(world.provider.calls.slice(1), ['stop container:blog'], 'no start before the stop is confirmed')
    world.provider.verb(blog.target)?.succeed()
    await world.settle()
    t.equal(world.provider.verb(blog.target)?.kind, 'start')
    world.provider.verb(blog.target)?.succeed()
    await world.settle()
    t.equal(client.code, 'open')
    t.strictSame(world.provider.violations, [])
  },
)

t.test('a client that leaves during the wake does not end it', async (t) => {
  const world = await sleeping()
  world.provider.manual = true
  const client = world.request('blog')
  await world.settle()
  client.abort()
  world.provider.verb(blog.target)?.succeed()
  await world.settle()
  t.equal(world.state('blog'), 'awake')
  t.match(world.told('hold_ended'), [{ outcome: 'aborted' }])
})

t.test('a client that leaves during a stop still has woken the service', async (t) => {
  const world = await awake({ idleTimeout: MINUTE, minAwake: 0 })
  world.provider.manual = true
  await world.advance(MINUTE)
  world.request('blog').abort()
  world.provider.verb(blog.target)?.succeed()
  await world.settle()
  t.equal(world.state('blog'), 'waking')
})

t.test('a hold ends after hold_timeout, and the wake goes on', async (t) => {
  const world = await sleeping({ holdTimeout: 1_000 })
  world.ready = () => false
  const client = world.request('blog')
  await world.advance(1_000)
  t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT')
  t.equal(world.state('blog'), 'waking')
})

t.test('holds are bounded for a service and for all', async (t) => {
  const world = new World([service('a', { maxHeld: 2 }), service('b')], { maxHeld: 3 })
  world.ready = () => false
  await world.settle()
  const clients = ['a', 'a', 'a', 'b', 'b'].map((name) => world.request(name))
  await world.settle()
  t.strictSame(
    clients.map(({ code }) => code),
    ['waiting', 'waiting', 'WAKEDOCK_HOLD_QUEUE_FULL', 'waiting', 'WAKEDOCK_HOLD_QUEUE_FULL'],
  )
  clients[0]?.abort()
  t.equal(world.request('b').code, 'waiting', 'a place that came free is used')
})

t.test('a wake that is not ready in start_timeout fails with what the probe saw', async (t) => {
  const world = await sleeping({ startTimeout: 5_000 })
  world.ready = () => false
  const client = world.request('blog')
  await world.advance(5_000)
  t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT')
  t.match(world.told('wake_finished'), [
    { outcome: 'timeout', error: { message: /container blog runs but was not ready .* GET \/ answers 503/ } },
  ])
  t.equal(world.state('blog'), 'failed')
  t.strictSame(
    world.provider.calls,
    ['start container:blog'],
    'it is left running: it may be migrating its data',
  )
})

t.test('a failed service whose container still runs is put to sleep when nobody asks for it', async (t) => {
  const world = await sleeping({ startTimeout: 5_000, idleTimeout: MINUTE })
  world.ready = () => false
  world.request('blog')
  await world.advance(5_000 + MINUTE)
  t.equal(world.state('blog'), 'asleep')
  t.equal(world.provider.status(blog.target).state, 'stopped')
})

t.test(
  'failed wakes back off: 1, 2, 4 … seconds up to a minute, and the first request after that tries again',
  async (t) => {
    const world = await sleeping()
    world.provider.manual = true
    const waits: number[] = []
    for (let i = 0; i < 8; i++) {
      const client = world.request('blog')
      await world.settle()
      world.provider.verb(blog.target)?.fail('refused')
      await world.settle()
      t.match(client.outcome, { code: 'WAKEDOCK_WAKE_FAILED', status: 502 })
      const refused = world.request('blog')
      await world.settle()
      t.match(refused.outcome, { code: 'WAKEDOCK_WAKE_FAILED', status: 503 })
      const retryIn = world.told('wake_finished').at(-1)?.retryIn ?? 0
      t.equal(typeof refused.outcome === 'object' && refused.outcome.retryAfter, retryIn / 1000)
      waits.push(retryIn)
      await world.advance(retryIn)
    }
    t.strictSame(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  },
)

t.test('an operator’s wake does not wait for the backoff', async (t) => {
  const world = await sleeping()
  world.provider.manual = true
  world.request('blog')
  await world.settle()
  world.provider.verb(blog.target)?.fail('refused')
  await world.settle()
  world.provider.manual = false
  t.match(await world.activator.wake('blog'), { done: true })
})

t.test('a container that exits while it starts fails the wake at once', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  const client = world.request('blog')
  await world.settle()
  world.provider.change(blog.target, stopped(1))
  await world.settle()
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
  t.match(world.told('wake_finished'), [
    { outcome: 'failed', error: { reason: 'exited', message: /exit code 1/ } },
  ])
})

t.test('a container stopped by hand while it starts is started once more when requests wait', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  const client = world.request('blog')
  await world.settle()
  world.provider.change(blog.target, stopped(137))
  await world.settle()
  t.equal(client.code, 'waiting')
  t.equal(world.provider.calls.length, 2)
  world.provider.change(blog.target, stopped(137))
  await world.settle()
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
})

t.test('a container stopped by hand while it starts stays so when nobody waits', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  world.request('blog').abort()
  await world.settle()
  world.provider.change(blog.target, stopped(143))
  await world.settle()
  t.equal(world.state('blog'), 'asleep')
})

t.test('a death that the restart policy mends is waited for, three of them are a crash loop', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  const client = world.request('blog')
  await world.settle()
  for (let i = 0; i < 2; i++) {
    world.provider.change(blog.target, { state: 'restarting', exitCode: 1 })
    world.provider.change(blog.target, 'running')
  }
  await world.settle()
  t.equal(client.code, 'waiting')
  world.provider.change(blog.target, { state: 'restarting', exitCode: 1 })
  await world.settle()
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
  world.ready = () => true
  world.provider.change(blog.target, 'running')
  await world.settle()
  t.equal(world.state('blog'), 'awake', 'another run is another chance')
})

t.test('a service that dies while awake is woken by the next request', async (t) => {
  const world = await awake()
  world.provider.change(blog.target, stopped(137))
  t.equal(world.state('blog'), 'asleep')
  const client = world.request('blog')
  await world.settle()
  t.equal(client.code, 'open')
  t.match(world.told('target_changed'), [{ what: 'ended with exit code 137' }])
})

t.test('a service that crashes again right after it was ready is braked', async (t) => {
  const world = await awake()
  world.provider.change(blog.target, stopped(1))
  t.equal(world.state('blog'), 'asleep', 'the first crash is forgiven')
  world.request('blog').finish()
  await world.settle()
  world.provider.change(blog.target, stopped(1))
  t.equal(world.state('blog'), 'failed')
})

t.test('a crash after a healthy half minute is a first one', async (t) => {
  const world = await awake()
  for (let i = 0; i < 4; i++) {
    world.request('blog').finish()
    await world.advance(30_000)
    world.provider.change(blog.target, stopped(1))
    t.equal(world.state('blog'), 'asleep')
  }
})

t.test(
  'what verify() finds dead is woken: the request that was refused waits instead of failing',
  async (t) => {
    const world = await awake()
    world.provider.silent = true
    const lease = world.activator.gate('blog').tryAcquire()
    world.provider.change(blog.target, stopped(137))
    if (lease === null) throw new Error('not awake')
    await world.activator.gate('blog').verify(lease.upstream)
    lease.release()
    t.equal(world.state('blog'), 'asleep')
  },
)

t.test('verify() gives an engine that has not noticed the death yet a moment', async (t) => {
  const world = await awake()
  world.provider.silent = true
  world.ready = () => false
  const lease = world.activator.gate('blog').tryAcquire()
  if (lease === null) throw new Error('not awake')
  const verified = world.activator.gate('blog').verify(lease.upstream)
  await world.advance(60)
  world.provider.change(blog.target, stopped(137))
  await world.advance(100)
  await verified
  t.equal(world.state('blog'), 'asleep')
})

t.test('a container started by hand is followed, probed, and sleeps when idle', async (t) => {
  const world = await sleeping({ idleTimeout: MINUTE })
  world.provider.change(blog.target, 'running')
  t.equal(world.state('blog'), 'waking')
  await world.settle()
  t.equal(world.state('blog'), 'awake')
  t.strictSame(world.provider.calls, [])
  await world.advance(MINUTE)
  t.equal(world.state('blog'), 'asleep')
})

t.test('a container paused by hand is asleep, and the next request unpauses it', async (t) => {
  const world = await awake()
  world.provider.change(blog.target, { state: 'paused' })
  t.equal(world.state('blog'), 'asleep')
  const client = world.request('blog')
  await world.settle()
  t.equal(client.code, 'open')
})

t.test('a recreated container is a new run: requests go to its new address only', async (t) => {
  const world = await awake()
  const before = world.activator.gate('blog').tryAcquire()?.upstream
  world.provider.change(blog.target, 'running')
  t.match(world.told('upstream_retired'), [{ upstream: { generation: before?.generation } }])
  const client = world.request('blog')
  await world.settle()
  t.not(client.lease?.upstream, before)
})

t.test('a removed container is a clear state, and a created one works at once', async (t) => {
  const world = await awake()
  world.provider.change(blog.target, { state: 'missing' })
  t.equal(world.state('blog'), 'failed')
  t.match(world.activator.get('blog')?.failure, {
    reason: 'missing',
    message: 'container blog does not exist',
  })
  const early = world.request('blog')
  await world.settle()
  t.match(early.outcome, { code: 'WAKEDOCK_WAKE_FAILED', status: 502 })
  world.provider.change(blog.target, stopped(0))
  t.equal(world.state('blog'), 'asleep')
  const client = world.request('blog')
  await world.settle()
  t.equal(client.code, 'open')
})

t.test('requests wait for a provider that does not answer, and are admitted when it is back', async (t) => {
  const world = await sleeping()
  world.provider.lose()
  const client = world.request('blog')
  await world.advance(10_000)
  t.equal(client.code, 'waiting')
  world.provider.comeBack()
  await world.settle()
  t.equal(client.code, 'open')
})

t.test('a provider that stays away fails the wake with the provider’s own remedy', async (t) => {
  const world = await sleeping({ startTimeout: 5_000 })
  world.provider.lose()
  const client = world.request('blog')
  await world.advance(5_000)
  t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT')
  t.match(world.activator.get('blog')?.failure, { reason: 'unreachable', hint: 'Start it.' })
  world.provider.comeBack()
  t.equal(world.state('blog'), 'asleep', 'its return cures that failure')
})

t.test('what runs when WakeDock starts is adopted with a full idle window', async (t) => {
  const world = new World([service('blog', { idleTimeout: MINUTE })])
  world.provider.change(blog.target, 'running')
  await world.settle()
  t.equal(world.state('blog'), 'awake')
  t.equal(world.told('adopted').length, 1)
  await world.advance(MINUTE - 1)
  t.equal(world.state('blog'), 'awake')
  await world.advance(1)
  t.equal(world.state('blog'), 'asleep')
})

t.test('a start that hangs past start_timeout serves the next wake; there are never two', async (t) => {
  const world = await sleeping({ startTimeout: 5_000 })
  world.provider.manual = true
  world.request('blog')
  await world.advance(6_000)
  t.equal(world.state('blog'), 'failed')
  const client = world.request('blog')
  await world.settle()
  t.equal(world.provider.calls.length, 1)
  world.provider.verb(blog.target)?.succeed()
  await world.settle()
  t.equal(client.code, 'open')
})

t.test(
  'a stop that fails leaves the service awake and is tried again after another idle window',
  async (t) => {
    const world = await awake({ idleTimeout: MINUTE, minAwake: 0 })
    world.provider.manual = true
    await world.advance(MINUTE)
    world.provider.verb(blog.target)?.fail('stuck')
    await world.settle()
    t.equal(world.state('blog'), 'awake')
    const client = world.request('blog')
    t.equal(client.code, 'open')
    client.finish()
    await world.advance(MINUTE)
    t.equal(world.state('blog'), 'stopping')
  },
)

t.test('connections are let go before a stop, and made anew when it fails', async (t) => {
  const world = await awake({ idleTimeout: MINUTE, minAwake: 0 })
  const { upstream } = world.activator.gate('blog').state
  world.provider.manual = true
  world.events.length = 0
  await world.advance(MINUTE)
  t.match(world.told('upstream_retired'), [{ upstream }])
  world.provider.verb(blog.target)?.fail('stuck')
  await world.settle()
  t.match(world.told('upstream_serving'), [{ upstream }])
})

t.test('an ordered sleep lets requests end, and a new request calls it off', async (t) => {
  const world = await awake()
  const client = world.request('blog')
  const order = world.activator.sleep('blog', { force: false })
  t.equal(world.state('blog'), 'draining')
  const late = world.request('blog')
  await world.settle()
  late.finish()
  t.match(await order, { done: false, why: /in flight/ })
  t.equal(world.state('blog'), 'awake')
  const second = world.activator.sleep('blog', { force: false })
  client.finish()
  t.match(await second, { done: true })
  t.equal(world.state('blog'), 'asleep')
})

t.test('an ordered sleep waits no longer than drain_timeout, and with force not at all', async (t) => {
  for (const [force, wait] of [
    [false, 30_000],
    [true, 0],
  ] as const) {
    const world = await awake()
    world.request('blog')
    const order = world.activator.sleep('blog', { force })
    await world.advance(wait)
    t.match(await order, { done: true })
  }
})

t.test('an order to sleep in the midst of a wake needs force, and then ends the holds', async (t) => {
  const world = await sleeping()
  world.provider.manual = true
  const client = world.request('blog')
  await world.settle()
  t.match(await world.activator.sleep('blog', { force: false }), { done: false, why: /1 requests wait/ })
  const order = world.activator.sleep('blog', { force: true })
  await world.settle()
  t.match(client.outcome, { code: 'WAKEDOCK_WAKE_FAILED', status: 503 })
  t.equal(world.provider.calls.length, 1, 'the stop waits for the start to end')
  world.provider.verb(blog.target)?.succeed()
  await world.settle()
  world.provider.verb(blog.target)?.succeed()
  t.match(await order, { done: true })
  t.strictSame(world.provider.violations, [])
})

t.test('an order to sleep spares the requests of an earlier run, unless it is forced', async (t) => {
  for (const [ready, state] of [
    [false, 'waking'],
    [true, 'failed'],
  ] as const) {
    const world = await awake({ startTimeout: 5_000 })
    const open = world.request('blog')
    world.ready = () => false
    world.provider.change(blog.target, 'running')
    if (ready) await world.advance(5_000)
    t.equal(world.state('blog'), state)
    t.match(await world.activator.sleep('blog', { force: false }), { done: false, why: /1 requests/ })
    t.notOk(world.provider.calls.some((call) => call.startsWith('stop')))
    t.equal(open.code, 'open')
    t.match(await world.activator.sleep('blog', { force: true }), { done: true })
  }
})

t.test('a url is always on: nothing starts, probes or stops it', async (t) => {
  const target = {
    kind: 'url',
    key: 'url:http://192.0.2.10:3000',
    scheme: 'http',
    host: '192.0.2.10',
    port: 3000,
  } as const
  const world = new World([service('nas', { target, idleTimeout: 0 })])
  world.ready = () => false
  t.equal(world.request('nas').code, 'open')
  t.match(await world.activator.sleep('nas', { force: true }), { done: false, why: /always on/ })
  await world.advance(1_000_000)
  t.strictSame(world.provider.calls, [])
})

t.test('a reload changes the policy of a waking service and loses no hold', async (t) => {
  const world = await sleeping()
  world.ready = () => false
  const client = world.request('blog')
  await world.advance(1_000)
  world.activator.configure([service('blog', { startTimeout: 2_000, maxHeld: 1 })])
  await world.advance(999)
  t.equal(client.code, 'waiting')
  await world.advance(1)
  t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT', 'the new start_timeout counts from the start of the wake')
})

t.test('a reload shortens the idle time of an awake service in place', async (t) => {
  const world = await awake({ idleTimeout: 100 * MINUTE, minAwake: 0 })
  await world.advance(2 * MINUTE)
  world.activator.configure([service('blog', { idleTimeout: MINUTE, minAwake: 0 })])
  await world.advance(0)
  t.equal(world.state('blog'), 'asleep')
})

t.test(
  'a service removed by a reload ends its holds, lets requests end, and its container runs on',
  async (t) => {
    const world = await awake()
    const open = world.request('blog')
    world.activator.configure([service('other')])
    open.finish()
    await world.advance(100 * MINUTE)
    t.strictSame(world.provider.calls, ['start container:blog'])
    const waiting = await sleeping()
    waiting.ready = () => false
    const client = waiting.request('blog')
    waiting.activator.configure([])
    await waiting.settle()
    t.equal(client.code, 'WAKEDOCK_SERVICE_REMOVED')
  },
)

t.test(
  'a changed process is replaced: the old one ends with its last request, then the new one starts',
  async (t) => {
    const process = (key: string): Parameters<typeof service>[1] => ({
      target: {
        kind: 'process',
        key,
        name: 'app',
        command: ['x'],
        cwd: '/',
        env: {},
        port: 3000,
        scheme: 'http',
      },
    })
    const world = new World([service('app', process('process:app:1'))])
    await world.settle()
    const old = world.request('app')
    await world.settle()
    world.activator.configure([service('app', process('process:app:2'))])
    const held = world.request('app')
    await world.settle()
    t.equal(held.code, 'waiting')
    old.finish()
    await world.settle()
    t.equal(held.code, 'open')
    t.strictSame(world.provider.calls, ['start process:app:1', 'stop process:app:1', 'start process:app:2'])
  },
)

t.test('shutting down ends the holds, lets requests end and stops nothing', async (t) => {
  const world = new World([service('a'), service('b')])
  await world.settle()
  const open = world.request('a')
  await world.settle()
  world.ready = () => false
  const held = world.request('b')
  world.activator.close()
  await world.settle()
  t.equal(held.code, 'WAKEDOCK_SHUTTING_DOWN')
  const late = world.request('a')
  await world.settle()
  t.equal(late.code, 'WAKEDOCK_SHUTTING_DOWN')
  open.finish()
  await world.advance(100 * MINUTE)
  t.notOk(world.provider.calls.some((call) => call.startsWith('stop')))
  t.equal(world.clock.pending, 0, 'no timer is left')
})

t.test('a lease given back twice counts once', async (t) => {
  const world = await awake()
  const lease = world.activator.gate('blog').tryAcquire()
  lease?.release()
  lease?.release()
  t.equal(world.activator.get('blog')?.inFlight, 0)
})

t.test('the snapshot says what a person asks', async (t) => {
  const world = await sleeping({ idleTimeout: MINUTE, minAwake: 0 })
  const client = world.request('blog')
  await world.advance(5_000)
  client.finish()
  const wall = world.clock.wallTime()
  t.match(world.activator.get('blog'), {
    state: 'awake',
    since: wall - 5_000,
    inFlight: 0,
    lastActive: wall,
    sleepsAt: wall + MINUTE,
    lastWake: { trigger: 'request', outcome: 'ready', totalMs: 0 },
    failure: null,
    totals: { wakes: 1, holds: 1, awakeMs: 5_000 },
  })
})

t.test('an error that is no TargetError still fails the wake with its message', async (t) => {
  const world = await sleeping()
  world.provider.start = () => Promise.reject(new Error('boom'))
  world.request('blog')
  await world.settle()
  t.match(world.activator.get('blog')?.failure, { reason: 'refused', message: 'boom' })
  t.ok(new TargetError('missing', 'a', 'b') instanceof Error)
})
