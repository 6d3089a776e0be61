/** A stack: several containers behind one service. */
import t from 'tap'
import type { Service, Target } from '../../src/domain/service.ts'
import { stopped } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import { needing, stack } from '../helpers/stack.ts'
import { World } from '../helpers/world.ts'

const short: Partial<Service> = { idleTimeout: 10_000, minAwake: 0 }

/** db before cache before app, as `containers: [db, cache, app]` makes it. */
const chain = (changes: Partial<Service> = short): Service[] =>
  stack('blog', { db: {}, cache: { needs: { db: 'ready' } }, app: { needs: { cache: 'ready' } } }, changes)

/** app waits for a job and a database; a worker comes along and needs app. */
const compose = (changes: Partial<Service> = short): Service[] =>
  stack(
    'shop',
    {
      db: {},
      migrate: { needs: { db: 'ready' }, ready: { kind: 'completed' } },
      worker: { needs: { app: 'running' } },
      app: { needs: { db: 'ready', migrate: 'completed' } },
    },
    changes,
  )

function part(services: readonly Service[], name: string): Target {
  const found = services.find((each) => each.name.endsWith(`/${name}`))
  if (found === undefined) throw new Error(name)
  return found.target
}

async function world(services: readonly Service[]): Promise<World> {
  const made = new World(services)
  await made.settle()
  return made
}

t.test('its parts start in order and stop in reverse; the last one gets the requests', async (t) => {
  const it = await world(chain())
  const client = it.request('blog')
  await it.advance(100)
  t.equal(client.outcome, 'open')
  t.match(client.lease?.upstream.generation, /^container:blog-app#1$/)
  client.finish()
  await it.advance(10_000)
  t.equal(it.state('blog'), 'asleep')
  t.strictSame(it.provider.calls, [
    'start container:blog-db',
    'start container:blog-cache',
    'start container:blog-app',
    'stop container:blog-app',
    'stop container:blog-cache',
    'stop container:blog-db',
  ])
})

t.test('it is asleep when the last of its parts is, and not before', async (t) => {
  const it = await world(chain())
  it.request('blog').abort()
  await it.advance(100)
  it.provider.manual = true
  const order = it.activator.sleep('blog', { force: false })
  for (const name of ['app', 'cache', 'db']) {
    await it.advance(0)
    t.equal(it.state('blog'), 'stopping', `before the stop of ${name}`)
    it.provider.verb(part(chain(), name))?.succeed()
  }
  await it.advance(0)
  t.match(await order, { done: true, snapshot: { state: 'asleep' } })
})

t.test('a request during the stop of its parts starts them again, and is let in', async (t) => {
  const it = await world(chain())
  it.request('blog').abort()
  await it.advance(100)
  it.provider.manual = true
  await it.advance(10_000)
  t.equal(it.state('blog'), 'stopping')
  const client = it.request('blog')
  it.provider.verb(part(chain(), 'app'))?.succeed()
  await it.advance(0)
  it.provider.manual = false
  it.provider.verb(part(chain(), 'cache'))?.succeed()
  await it.advance(1_000)
  t.equal(client.outcome, 'open')
  t.strictSame(it.provider.violations, [])
})

t.test('a part that fails ends the wake, is named, and nothing is left running', async (t) => {
  const it = await world(chain())
  it.provider.manual = true
  const client = it.request('blog')
  await it.advance(0)
  it.provider.verb(part(chain(), 'db'))?.succeed()
  await it.advance(10)
  it.provider.verb(part(chain(), 'cache'))?.fail('refused')
  await it.advance(0)
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
  t.match(it.activator.get('blog')?.failure, {
    reason: 'dependency',
    message: 'blog/cache, which it needs, failed: start failed',
  })
  it.provider.verb(part(chain(), 'db'))?.succeed()
  await it.advance(0)
  t.match(it.activator.get('blog')?.parts, [
    { name: 'blog/db', state: 'asleep' },
    { name: 'blog/cache', state: 'failed', failure: { reason: 'refused' } },
    { name: 'blog/app', state: 'failed' },
  ])
})

t.test('a part that is still starting when nothing needs it any more is stopped at once', async (t) => {
  const services = stack('x', { db: {}, cache: {}, app: { needs: { db: 'ready', cache: 'ready' } } }, short)
  const it = await world(services)
  it.provider.manual = true
  it.request('x')
  await it.advance(0)
  it.provider.verb(part(services, 'db'))?.fail('refused')
  await it.advance(0)
  it.provider.verb(part(services, 'cache'))?.succeed()
  await it.advance(0)
  t.equal(it.provider.calls.at(-1), 'stop container:x-cache')
})

t.test('a failure of its main part is its own', async (t) => {
  const it = await world(chain())
  it.provider.change(part(chain(), 'app'), { state: 'missing' })
  const client = it.request('blog')
  await it.advance(100)
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
  t.match(it.activator.get('blog')?.failure, {
    reason: 'missing',
    message: 'no such container',
  })
})

t.test(
  'the order of a Compose project: jobs before those that wait for their end, workers along',
  async (t) => {
    const it = await world(compose())
    it.provider.jobs.add('container:shop-migrate')
    const client = it.request('shop')
    await it.advance(100)
    t.equal(client.outcome, 'open')
    t.strictSame(it.provider.calls, [
      'start container:shop-db',
      'start container:shop-migrate',
      'start container:shop-app',
      'start container:shop-worker',
    ])
    await it.advance(5_000)
    t.equal(it.provider.calls.length, 4, 'a job that is done is not done again')
    client.finish()
    await it.advance(10_000)
    t.equal(it.state('shop'), 'asleep')
    t.strictSame(it.provider.calls.slice(4), [
      'stop container:shop-worker',
      'stop container:shop-app',
      'stop container:shop-db',
    ])
    it.request('shop')
    await it.advance(100)
    t.equal(it.provider.calls.filter((call) => call === 'start container:shop-migrate').length, 2)
  },
)

t.test('a job that fails ends the wake', async (t) => {
  const it = await world(compose())
  it.provider.manual = true
  const client = it.request('shop')
  await it.advance(0)
  it.provider.verb(part(compose(), 'db'))?.succeed()
  await it.advance(10)
  it.provider.verb(part(compose(), 'migrate'))?.succeed()
  await it.advance(10)
  it.provider.change(part(compose(), 'migrate'), stopped(3))
  await it.advance(0)
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
  t.match(it.activator.get('shop')?.failure, {
    message: /shop\/migrate, which it needs, failed: .*exit code 3/,
  })
})

t.test('a worker that fails is shown, and does not fail the wake', async (t) => {
  const it = await world(compose())
  it.provider.jobs.add('container:shop-migrate')
  it.provider.change(part(compose(), 'worker'), { state: 'missing' })
  const client = it.request('shop')
  await it.advance(100)
  t.equal(client.outcome, 'open')
  t.match(
    it.activator.get('shop')?.parts.find(({ name }) => name === 'shop/worker'),
    {
      state: 'failed',
      failure: { reason: 'missing' },
    },
  )
})

t.test('the death of the main part puts the stack to sleep; the next request wakes it whole', async (t) => {
  const it = await world(chain())
  const client = it.request('blog')
  await it.advance(100)
  it.provider.change(part(chain(), 'app'), stopped(1))
  await it.advance(0)
  t.equal(it.state('blog'), 'asleep')
  t.equal(it.provider.calls.at(-1), 'stop container:blog-db')
  client.finish()
  const next = it.request('blog')
  await it.advance(100)
  t.equal(next.outcome, 'open')
})

t.test(
  'a hand that stops the main part during a wake for which requests wait is overruled once',
  async (t) => {
    const it = await world(chain())
    // The part runs, which is all that is asked of it; the stack asks for an answer.
    it.ready = ({ generation }, { kind }) => kind === 'running' || generation !== 'container:blog-app#1'
    const client = it.request('blog')
    await it.advance(100)
    t.equal(it.state('blog'), 'waking', 'it runs, and is not ready')
    it.provider.change(part(chain(), 'app'), stopped(137))
    await it.advance(1_000)
    t.equal(client.outcome, 'open')
  },
)

t.test('the death of another part brings that part back', async (t) => {
  const it = await world(chain())
  it.request('blog')
  await it.advance(100)
  it.provider.change(part(chain(), 'db'), stopped(1))
  await it.advance(100)
  t.equal(it.state('blog'), 'awake')
  t.match(it.activator.get('blog')?.parts, [{ name: 'blog/db', state: 'awake' }, {}, {}])
})

t.test('what runs is adopted whole, with a full idle window', async (t) => {
  const it = new World(chain())
  for (const name of ['db', 'cache', 'app']) it.provider.change(part(chain(), name), 'running')
  await it.advance(100)
  t.equal(it.state('blog'), 'awake')
  await it.advance(9_000)
  t.strictSame(it.provider.calls, [])
  await it.advance(1_000)
  t.equal(it.state('blog'), 'asleep')
  t.equal(it.provider.calls.length, 3)
})

t.test(
  'a part that somebody starts by hand, and that nothing needs, is stopped after the idle time',
  async (t) => {
    const it = await world(chain())
    it.provider.change(part(chain(), 'db'), 'running')
    await it.advance(9_000)
    t.strictSame(it.provider.calls, [])
    await it.advance(1_100)
    t.strictSame(it.provider.calls, ['stop container:blog-db'])
  },
)

t.test(
  'a part that does not stop does not keep the stack from sleeping, and is tried again later',
  async (t) => {
    const it = await world(chain())
    it.request('blog').abort()
    await it.advance(100)
    it.provider.manual = true
    await it.advance(10_000)
    it.provider.verb(part(chain(), 'app'))?.succeed()
    await it.advance(0)
    it.provider.verb(part(chain(), 'cache'))?.fail('stuck')
    await it.advance(0)
    t.equal(it.state('blog'), 'asleep')
    t.equal(it.state('blog/db'), 'awake', 'it is needed by a cache that runs')
  },
)

t.test('a stack whose main part does not stop serves who comes, at once', async (t) => {
  const it = await world(chain())
  it.request('blog').abort()
  await it.advance(100)
  it.provider.manual = true
  await it.advance(10_000)
  const client = it.request('blog')
  t.equal(it.state('blog'), 'stopping')
  it.provider.verb(part(chain(), 'app'))?.fail('unreachable')
  await it.advance(0)
  t.equal(client.outcome, 'open')
})

t.test('what only has to run has no connections', async (t) => {
  const { target } = service('db')
  const unaddressed = { ...target, addressed: false } as Service['target']
  const it = await world([needing('app', ['db'], short), service('db', { ...short, target: unaddressed })])
  it.request('app').abort()
  await it.advance(21_000)
  t.equal(it.state('db'), 'asleep')
  const served = [...it.told('upstream_serving'), ...it.told('upstream_retired')]
  t.strictSame(new Set(served.map((event) => event.service)), new Set(['app']))
})

t.test('a stack that never sleeps by itself sleeps whole when it is ordered to', async (t) => {
  const it = await world(chain({ idleTimeout: 0, minAwake: 0 }))
  it.request('blog').abort()
  await it.advance(100)
  t.match(await Promise.all([it.activator.sleep('blog', { force: false }), it.advance(10)]), [{ done: true }])
  t.equal(it.provider.calls.length, 6)
})

t.test('two stacks share a part: it stays for the one that is awake', async (t) => {
  const [one = service('one'), ...parts] = stack('one', { db: {}, app: { needs: { db: 'ready' } } }, short)
  const [two = service('two'), ...others] = stack('two', { app: { needs: {} } }, short)
  const dbNeed = { key: 'container:one-db', until: 'along' } as const
  const it = await world([one, ...parts, { ...two, needs: [...two.needs, dbNeed] }, ...others])
  const first = it.request('one')
  const second = it.request('two')
  await it.advance(100)
  first.finish()
  await it.advance(10_000)
  t.equal(it.state('one'), 'asleep')
  t.equal(it.state('one/db'), 'awake')
  second.finish()
  await it.advance(10_000)
  t.equal(it.state('one/db'), 'asleep')
})

t.test('parts are no services to the outside', async (t) => {
  const it = await world(chain())
  t.strictSame(
    it.activator.list().map(({ name }) => name),
    ['blog'],
  )
  t.equal(it.activator.get('blog/db'), undefined)
  t.equal(it.activator.wake('blog/db'), undefined)
  t.notOk(it.told('service_added').some(({ service: name }) => name.includes('/')))
})

t.test('a container that becomes a stack keeps its requests', async (t) => {
  const target = part(chain(), 'app')
  const it = await world([service('blog', { ...short, target })])
  const client = it.request('blog')
  await it.advance(100)
  it.activator.configure(chain())
  await it.advance(100)
  t.equal(it.state('blog'), 'awake')
  t.equal(it.state('blog/db'), 'awake')
  t.equal(client.outcome, 'open')
  t.notOk(it.provider.calls.includes('stop container:blog-app'))
  await it.advance(60_000)
  t.equal(it.state('blog/app'), 'awake', 'a request of its former life runs')
  client.finish()
  await it.advance(10_100)
  t.equal(it.state('blog/app'), 'asleep')
})
