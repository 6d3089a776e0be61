/** Services that need other services: woken before them, kept with them, put to sleep after them. */
import t from 'tap'
import type { Service } from '../../src/domain/service.ts'
import { stopped } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import { needing } from '../helpers/stack.ts'
import { World } from '../helpers/world.ts'

/** Idle after 10 s, with nothing that would keep it longer. */
const short: Partial<Service> = { idleTimeout: 10_000, minAwake: 0 }

async function world(...services: Service[]): Promise<World> {
  const made = new World(services)
  await made.settle()
  return made
}

t.test('what it needs is started first, and only when that is ready the service itself', async (t) => {
  const it = await world(needing('app', ['db']), service('db'))
  it.ready = ({ generation }) => !generation.startsWith('container:db')
  const client = it.request('app')
  await it.advance(0)
  t.strictSame(it.provider.calls, ['start container:db'])
  t.strictSame(it.activator.get('app')?.waitingFor, ['db'])
  it.ready = () => true
  await it.advance(1_000)
  t.strictSame(it.provider.calls, ['start container:db', 'start container:app'])
  t.equal(client.outcome, 'open')
  t.strictSame(it.activator.get('db')?.neededBy, ['app'])
  t.equal(it.activator.get('db')?.kept, 'dependent')
})

t.test('what a service needs is started side by side, and once for all that need it', async (t) => {
  const it = await world(
    needing('app', ['db', 'cache']),
    needing('worker', ['db']),
    service('db'),
    service('cache'),
  )
  it.provider.manual = true
  it.request('app')
  it.request('worker')
  await it.advance(0)
  t.strictSame(it.provider.calls, ['start container:db', 'start container:cache'])
})

t.test(
  'a shared dependency sleeps after the last service that needs it, and not with the first',
  async (t) => {
    const it = await world(
      needing('app', ['db'], short),
      needing('wiki', ['db'], short),
      service('db', short),
    )
    const app = it.request('app')
    const wiki = it.request('wiki')
    await it.advance(100)
    app.finish()
    await it.advance(11_000)
    t.equal(it.state('app'), 'asleep')
    t.equal(it.state('db'), 'awake', 'the wiki is in use')
    wiki.finish()
    await it.advance(10_000)
    t.equal(it.state('wiki'), 'asleep')
    t.equal(it.state('db'), 'asleep', 'with the last')
    t.match(it.told('sleep_started').at(-1), { service: 'db', reason: 'unneeded' })
    const stops = it.provider.calls.filter((call) => call.startsWith('stop'))
    t.strictSame(stops, ['stop container:app', 'stop container:wiki', 'stop container:db'])
  },
)

t.test('a dependency is not stopped before the stop of what needs it is confirmed', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  it.request('app').abort()
  await it.advance(100)
  it.provider.manual = true
  await it.advance(60_000)
  t.equal(it.state('app'), 'stopping')
  t.equal(it.state('db'), 'awake')
  it.provider.verb(service('app').target)?.succeed()
  await it.advance(0)
  t.equal(it.state('db'), 'stopping')
})

t.test('a dependency that has had requests of its own keeps its own idle time', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', { ...short, idleTimeout: 60_000 }))
  const app = it.request('app')
  await it.advance(100)
  const db = it.request('db')
  await it.advance(100)
  db.finish()
  app.finish()
  await it.advance(10_100)
  t.equal(it.state('app'), 'asleep')
  t.equal(it.state('db'), 'awake')
  await it.advance(50_000)
  t.equal(it.state('db'), 'asleep')
})

t.test('min_awake holds for a dependency, too', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', { ...short, minAwake: 60_000 }))
  it.request('app').abort()
  await it.advance(15_000)
  t.equal(it.state('app'), 'asleep')
  t.equal(it.state('db'), 'awake')
  await it.advance(46_000)
  t.equal(it.state('db'), 'asleep')
})

t.test('a wake fails with what it needs, says what and why, and leaves nothing running', async (t) => {
  const it = await world(
    needing('app', ['db', 'cache'], short),
    service('db', short),
    service('cache', short),
  )
  it.provider.manual = true
  const client = it.request('app')
  await it.advance(0)
  it.provider.verb(service('cache').target)?.succeed()
  await it.advance(100)
  t.equal(it.state('cache'), 'awake')
  it.provider.verb(service('db').target)?.fail('refused')
  await it.advance(0)
  t.equal(client.code, 'WAKEDOCK_WAKE_FAILED')
  t.match(it.activator.get('app')?.failure, {
    reason: 'dependency',
    message: /^db, which it needs, failed: start failed$/,
  })
  t.equal(it.state('cache'), 'stopping', 'this wake had started it')
  it.provider.verb(service('cache').target)?.succeed()
  await it.advance(0)
  t.equal(it.state('cache'), 'asleep')
  t.notOk(it.provider.calls.includes('start container:app'))
})

t.test('the failure of a chain names its first link, once', async (t) => {
  const it = await world(needing('app', ['api'], short), needing('api', ['db'], short), service('db', short))
  it.provider.manual = true
  it.request('app')
  await it.advance(0)
  it.provider.verb(service('db').target)?.fail('refused')
  await it.advance(0)
  t.match(it.activator.get('app')?.failure, { message: /^db, which it needs, failed: start failed$/ })
})

t.test('after its backoff a failed dependency is tried again for who needs it', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  it.provider.manual = true
  it.request('app')
  await it.advance(0)
  it.provider.verb(service('db').target)?.fail('refused')
  await it.advance(1_000)
  it.provider.manual = false
  const again = it.request('app')
  await it.advance(100)
  t.equal(again.outcome, 'open')
})

t.test('an operator’s wake ignores the backoff of what it needs', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  it.provider.manual = true
  it.request('app')
  await it.advance(0)
  it.provider.verb(service('db').target)?.fail('refused')
  await it.advance(0)
  it.provider.manual = false
  const order = it.activator.wake('app')
  await it.advance(100)
  t.match(await order, { done: true, snapshot: { state: 'awake' } })
})

t.test('start_timeout counts from the service’s own start; what it needs has its own', async (t) => {
  const it = await world(
    needing('app', ['db'], { startTimeout: 5_000, holdTimeout: 60_000 }),
    service('db', { startTimeout: 20_000 }),
  )
  it.ready = () => false
  const client = it.request('app')
  await it.advance(19_000)
  t.equal(client.outcome, 'waiting')
  it.ready = ({ generation }) => generation.startsWith('container:db')
  await it.advance(900)
  t.equal(it.state('db'), 'awake')
  await it.advance(4_000)
  t.equal(client.outcome, 'waiting', 'its own start is younger')
  await it.advance(1_500)
  t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT')
})

t.test('a wake ends with the patience for what it needs', async (t) => {
  const it = await world(needing('app', ['db']), service('db', { startTimeout: 5_000 }))
  it.ready = () => false
  const client = it.request('app')
  await it.advance(5_000)
  t.equal(client.code, 'WAKEDOCK_WAKE_TIMEOUT')
  t.match(it.activator.get('app')?.failure, {
    message: /^db, which it needs, failed: container db runs but was not ready in start_timeout \(5 s\)/,
  })
})

t.test('a sleep that is refused because it is needed leaves its pin', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  it.request('app')
  it.activator.pin('db', null)
  await it.advance(100)
  await it.activator.sleep('db', { force: false })
  t.ok(it.activator.get('db')?.pinned)
})

t.test(
  'a dependency that crashes is brought back while it is needed, and not faster and faster',
  async (t) => {
    const it = await world(needing('app', ['db'], short), service('db', short))
    const client = it.request('app')
    await it.advance(100)
    t.equal(client.outcome, 'open')
    it.provider.change(service('db').target, stopped(1))
    await it.advance(100)
    t.equal(it.state('db'), 'awake', 'at once after the first crash')
    it.provider.change(service('db').target, stopped(1))
    await it.advance(100)
    t.equal(it.state('db'), 'failed')
    await it.advance(1_000)
    t.equal(it.state('db'), 'awake', 'after its backoff')
    t.equal(it.state('app'), 'awake')
  },
)

t.test('a hand that stops a dependency is not fought, until the next wake', async (t) => {
  const it = await world(needing('app', ['db'], short), needing('wiki', ['db'], short), service('db', short))
  it.request('app')
  await it.advance(100)
  it.provider.change(service('db').target, stopped(143))
  await it.advance(5_000)
  t.equal(it.state('db'), 'asleep')
  it.request('wiki')
  await it.advance(100)
  t.equal(it.state('db'), 'awake')
})

t.test('an engine that comes back without its containers is no hand', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  const client = it.request('app')
  await it.advance(100)
  it.provider.lose()
  it.provider.change(service('db').target, stopped(143))
  it.provider.comeBack()
  await it.advance(100)
  t.equal(client.outcome, 'open')
  t.equal(it.state('db'), 'awake')
})

t.test('after an outage nothing starts on the word that what it needs ran before it', async (t) => {
  const it = await world(needing('app', ['db']), service('db'))
  it.ready = ({ generation }) => !generation.startsWith('container:app')
  const client = it.request('app')
  await it.advance(100)
  it.provider.calls.length = 0
  it.provider.lose()
  // Of both nothing is heard before the engine is back, and of app first.
  it.provider.change(service('app').target, stopped(137))
  it.provider.change(service('db').target, stopped(137))
  it.provider.comeBack()
  it.ready = () => true
  await it.advance(1_000)
  t.strictSame(it.provider.calls, ['start container:db', 'start container:app'])
  t.equal(client.outcome, 'open')
})

t.test('sleep of a needed service is refused; forced, those that need it sleep first', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  const client = it.request('app')
  await it.advance(100)
  const refused = await it.activator.sleep('db', { force: false })
  t.match(refused, { done: false, why: 'app needs it and is awake: put that to sleep first, or force it.' })
  t.equal(it.state('db'), 'awake')
  const forced = it.activator.sleep('db', { force: true })
  await it.advance(0)
  t.match(await forced, { done: true })
  t.strictSame(it.provider.calls.slice(-2), ['stop container:app', 'stop container:db'])
  client.finish()
})

t.test('a request for a dependency that waits for its dependents to sleep calls that off', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  it.request('app').abort()
  await it.advance(100)
  it.provider.manual = true
  const forced = it.activator.sleep('db', { force: true })
  await it.advance(0)
  t.equal(it.state('db'), 'draining')
  it.request('db')
  t.match(await forced, { done: false })
})

t.test(
  'a reload that adds a need to an awake service wakes what it needs, and one that takes it lets it sleep',
  async (t) => {
    const it = await world(service('app', short), service('db', short))
    const client = it.request('app')
    await it.advance(100)
    it.activator.configure([needing('app', ['db'], short), service('db', short)])
    await it.advance(100)
    t.equal(it.state('db'), 'awake')
    t.equal(client.outcome, 'open')
    it.activator.configure([service('app', short), service('db', short)])
    await it.advance(0)
    t.equal(it.state('db'), 'asleep')
  },
)

t.test('a service that a reload removes keeps what it needs until its last request has ended', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  const client = it.request('app')
  await it.advance(100)
  it.activator.configure([service('db', short)])
  await it.advance(20_000)
  t.equal(it.state('db'), 'awake')
  client.finish()
  await it.advance(0)
  t.equal(it.state('db'), 'asleep')
})

t.test(
  'a service that is removed and comes back counts the requests that its container still serves',
  async (t) => {
    const it = await world(service('app', short))
    const client = it.request('app')
    await it.advance(100)
    it.activator.configure([])
    it.activator.configure([service('app', short)])
    await it.advance(60_000)
    t.equal(it.state('app'), 'awake', 'its container is in use')
    t.equal(it.activator.get('app')?.inFlight, 1)
    client.finish()
    await it.advance(10_000)
    t.equal(it.state('app'), 'asleep')
  },
)

t.test('adopted services need no waking order', async (t) => {
  const it = new World([needing('app', ['db'], short), service('db', short)])
  it.provider.change(service('app').target, 'running')
  await it.advance(100)
  t.equal(it.state('app'), 'awake', 'it was running')
  t.equal(it.state('db'), 'awake', 'it is needed')
})

t.test('a request during the stop wakes a dependency that was stopped by hand before', async (t) => {
  const it = await world(needing('app', ['db'], short), service('db', short))
  it.request('app').abort()
  await it.advance(100)
  it.provider.change(service('db').target, stopped(0))
  t.equal(it.state('db'), 'asleep')
  it.provider.manual = true
  await it.advance(10_000)
  t.equal(it.state('app'), 'stopping')
  const client = it.request('app')
  it.provider.manual = false
  it.provider.verb(service('app').target)?.succeed()
  await it.advance(100)
  t.equal(client.outcome, 'open')
  t.equal(it.state('db'), 'awake')
})
