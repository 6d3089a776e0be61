/** What a reload or a shutdown does to a service in the midst of something. Time and targets are fakes. */
import t from 'tap'
import type { Service } from '../../src/domain/service.ts'
import { service } from '../helpers/service.ts'
import { World, type Client } from '../helpers/world.ts'

const MINUTE = 60_000

/** A service that is a local process; another `mark` is another definition of it. */
function app(mark: number, changes: { name?: string; port?: number; drainTimeout?: number } = {}): Service {
  const { name = 'app', port = 3000, drainTimeout = 30_000 } = changes
  const key = `process:${name}:${mark}`
  return service(name, {
    drainTimeout,
    target: { kind: 'process', key, name, command: ['x'], cwd: '/', env: {}, port, scheme: 'http' },
  })
}

/** A container under a service name that need not be its own. */
function named(name: string, container: string, changes: Partial<Service> = {}): Service {
  const target = {
    kind: 'container',
    key: `container:${container}`,
    name: container,
    port: null,
    scheme: 'http',
    addressed: true,
  } as const
  return service(name, { target, ...changes })
}

/** A world in which the first of these services is awake, with one request open. */
async function busy(...services: Service[]): Promise<{ world: World; open: Client }> {
  const world = new World(services)
  await world.settle()
  const open = world.request(services[0]?.name ?? '')
  await world.settle()
  return { world, open }
}

t.test('a process removed and put back while its last request runs is not ended under it', async (t) => {
  const { world, open } = await busy(app(1))
  world.activator.configure([])
  world.activator.configure([app(1)])
  await world.settle()
  const next = world.request('app')
  await world.settle()
  t.equal(next.code, 'open', 'it need not wait for the earlier requests')
  open.finish()
  await world.settle()
  t.strictSame(world.provider.calls, ['start process:app:1'])
  t.equal(world.state('app'), 'awake')
})

t.test('a process put back and removed again ends with the last request of all', async (t) => {
  const { world, open } = await busy(app(1))
  world.activator.configure([])
  world.activator.configure([app(1)])
  await world.settle()
  const second = world.request('app')
  world.activator.configure([])
  open.finish()
  await world.settle()
  t.strictSame(world.provider.calls, ['start process:app:1'])
  second.finish()
  await world.settle()
  t.strictSame(world.provider.calls, ['start process:app:1', 'stop process:app:1'])
})

t.test('a process put back while it is being ended starts when that is done', async (t) => {
  const { world, open } = await busy(app(1))
  world.provider.manual = true
  world.activator.configure([])
  open.finish()
  await world.settle()
  world.activator.configure([app(1)])
  const held = world.request('app')
  await world.settle()
  t.strictSame(world.provider.calls, ['start process:app:1', 'stop process:app:1'])
  world.provider.verb(app(1).target)?.succeed()
  await world.settle()
  world.provider.verb(app(1).target)?.succeed()
  await world.settle()
  t.equal(held.code, 'open')
  t.strictSame(world.provider.violations, [])
})

t.test('a process changed twice in a row waits for the first one, too', async (t) => {
  const { world, open } = await busy(app(1))
  world.activator.configure([app(2)])
  const between = world.request('app')
  await world.settle()
  world.activator.configure([app(3)])
  const held = world.request('app')
  await world.settle()
  t.strictSame([between.code, held.code], ['WAKEDOCK_SERVICE_REMOVED', 'waiting'])
  open.finish()
  await world.settle()
  t.equal(held.code, 'open')
  t.notOk(world.provider.calls.includes('start process:app:2'), 'nobody waits for the one in between')
  const ended = world.provider.calls.indexOf('stop process:app:1')
  t.ok(ended >= 0 && ended < world.provider.calls.indexOf('start process:app:3'))
})

t.test('a process given another port waits for the one before: they may share their files', async (t) => {
  const { world, open } = await busy(app(1))
  world.activator.configure([app(2, { port: 4000 })])
  const held = world.request('app')
  await world.settle()
  t.equal(held.code, 'waiting')
  open.finish()
  await world.settle()
  t.equal(held.code, 'open')
})

t.test('a renamed process that keeps its port waits until that is free', async (t) => {
  const { world, open } = await busy(app(1))
  world.activator.configure([app(1, { name: 'shop' })])
  const held = world.request('shop')
  await world.settle()
  t.equal(held.code, 'waiting')
  open.finish()
  await world.settle()
  t.equal(held.code, 'open')
  t.strictSame(world.provider.calls, ['start process:app:1', 'stop process:app:1', 'start process:shop:1'])
})

t.test('a service given another container does not wait for the requests of the one before', async (t) => {
  const { world, open } = await busy(named('blog', 'old'))
  world.activator.configure([named('blog', 'new')])
  const held = world.request('blog')
  await world.settle()
  t.equal(held.code, 'open')
  t.equal(open.code, 'open')
  t.strictSame(world.provider.calls, ['start container:old', 'start container:new'])
})

t.test('a renamed service starts its container only when an earlier stop is confirmed', async (t) => {
  const world = new World([named('blog', 'ghost', { idleTimeout: MINUTE, minAwake: 0 })])
  await world.settle()
  const first = world.request('blog')
  await world.settle()
  first.finish()
  world.provider.manual = true
  await world.advance(MINUTE)
  world.activator.configure([named('news', 'ghost')])
  const held = world.request('news')
  await world.settle()
  world.provider.verb(named('news', 'ghost').target)?.succeed()
  await world.settle()
  t.strictSame(world.provider.violations, [])
  world.provider.verb(named('news', 'ghost').target)?.succeed()
  await world.settle()
  t.equal(held.code, 'open')
})

t.test('the connections of a removed service are let go when its last request has ended', async (t) => {
  const { world, open } = await busy(named('blog', 'ghost'))
  const upstream = open.lease?.upstream
  world.activator.configure([])
  await world.settle()
  t.strictSame(world.told('upstream_retired'), [])
  open.finish()
  await world.settle()
  t.match(world.told('upstream_retired'), [{ upstream }])
})

t.test('a renamed service goes on with the connections of its container', async (t) => {
  const { world, open } = await busy(named('blog', 'ghost'))
  world.activator.configure([named('news', 'ghost')])
  await world.settle()
  t.equal(world.state('news'), 'awake')
  open.finish()
  await world.settle()
  t.equal(world.activator.gate('news').state.upstream, open.lease?.upstream)
  t.strictSame(world.told('upstream_retired'), [])
})

const INTERRUPTIONS: readonly {
  name: string
  /** Leads up to the moment in which the service is let go. */
  before: (world: World) => Promise<void> | void
  /** What used to start or stop something after it. */
  after: (world: World) => Promise<void> | void
}[] = [
  {
    name: 'a request that waits for a stop to end',
    before: async (world) => {
      const first = world.request('blog')
      await world.settle()
      first.finish()
      world.provider.manual = true
      await world.advance(MINUTE)
      world.request('blog')
    },
    after: (world) => world.provider.verb(service('blog').target)?.succeed(),
  },
  {
    name: 'an order to sleep that waits for a start to end',
    before: async (world) => {
      world.provider.manual = true
      world.request('blog')
      await world.settle()
      void world.activator.sleep('blog', { force: true })
    },
    after: (world) => world.provider.verb(service('blog').target)?.succeed(),
  },
  {
    name: 'a wake that waits for its provider',
    before: async (world) => {
      world.provider.lose()
      world.request('blog')
      await world.settle()
    },
    after: (world) => world.provider.comeBack(),
  },
]

for (const { name, before, after } of INTERRUPTIONS) {
  for (const [how, letGo] of [
    ['shutdown', (world: World) => world.activator.close()],
    ['removal', (world: World) => world.activator.configure([])],
  ] as const) {
    t.test(`${name} starts and stops nothing after a ${how}`, async (t) => {
      const world = new World([service('blog', { idleTimeout: MINUTE, minAwake: 0 })])
      await world.settle()
      await before(world)
      letGo(world)
      const calls = world.provider.calls.length
      await after(world)
      await world.advance(10 * MINUTE)
      t.strictSame(world.provider.calls.slice(calls), [])
    })
  }
}

t.test('an order that comes during the shutdown is answered, and starts nothing', async (t) => {
  const world = new World([service('blog')])
  await world.settle()
  world.activator.close()
  t.match(await world.activator.wake('blog'), { done: false, why: /shut|lets go/ })
  await world.settle()
  t.strictSame(world.provider.calls, [])
})

t.test('a renamed service is the same service: its requests, holds and state stay', async (t) => {
  const idle = { idleTimeout: MINUTE, minAwake: 0 }
  const { world, open } = await busy(named('blog', 'ghost', idle))
  world.activator.configure([named('diary', 'ghost', idle)])
  t.equal(world.state('diary'), 'awake')
  await world.advance(10 * MINUTE)
  t.equal(world.state('diary'), 'awake', 'the old name’s request keeps it awake')
  open.finish()
  await world.advance(MINUTE)
  t.equal(world.state('diary'), 'asleep')
  world.ready = () => false
  const held = world.request('diary')
  world.activator.configure([named('log', 'ghost', idle)])
  world.ready = () => true
  await world.advance(500)
  t.equal(held.code, 'open')
  t.equal(world.told('hold_ended').at(-1)?.service, 'log')
  t.notOk(world.activator.get('diary'))
})
