/** How a service is put to sleep: frozen instead of stopped, and not while its target works. */
import t from 'tap'
import type { Service } from '../../src/domain/service.ts'
import { TargetError } from '../../src/errors.ts'
import { stack } from '../helpers/stack.ts'
import { awake, sleeping, World } from '../helpers/world.ts'

const short: Partial<Service> = { idleTimeout: 60_000, minAwake: 0 }
const busy = { cpu: 0.1, network: 1_000 }

t.test('sleep_mode pause freezes the target, and the next request lets the same run go on', async (t) => {
  const it = await awake({ ...short, sleepMode: 'pause' })
  const before = it.activator.gate('blog').state.upstream
  await it.advance(60_000)
  t.equal(it.state('blog'), 'asleep')
  t.strictSame(it.provider.status(it.activator.gate('blog').service.target), { state: 'paused' })
  const client = it.request('blog')
  await it.advance(100)
  t.equal(client.outcome, 'open')
  t.strictSame(it.provider.calls, ['start container:blog', 'pause container:blog', 'start container:blog'])
  t.ok(before)
})

t.test(
  'requests that an outage leaves on a frozen target let it go on; a hand that freezes it is not fought',
  async (t) => {
    for (const outage of [true, false]) {
      const it = await awake({ ...short, sleepMode: 'pause' })
      const { target } = it.activator.gate('blog').service
      it.request('blog')
      if (outage) it.provider.lose()
      it.provider.change(target, { state: 'paused' })
      if (outage) it.provider.comeBack()
      await it.advance(100)
      t.equal(it.state('blog'), outage ? 'awake' : 'asleep')
    }
  },
)

t.test('a pause that fails leaves the service awake with the reason, and is tried again later', async (t) => {
  const it = await awake({ ...short, sleepMode: 'pause' })
  it.provider.manual = true
  await it.advance(60_000)
  it.provider.verb(it.activator.gate('blog').service.target)?.fail('refused')
  await it.advance(0)
  t.equal(it.state('blog'), 'awake')
  t.match(it.activator.get('blog')?.failure, { reason: 'refused' })
  await it.advance(59_000)
  t.equal(it.provider.calls.length, 2)
  await it.advance(1_000)
  t.equal(it.provider.calls.length, 3)
})

/** Uses so much from now on, measured over the next 5 s. */
function work(it: World, cpu: number, network: number | null): void {
  const { used } = it.provider
  let looks = 0
  it.provider.usage = () =>
    Promise.resolve({
      cpuSeconds: used.cpuSeconds + cpu * 5 * looks,
      networkBytes: network === null ? null : network * 5 * looks++,
    })
  if (network === null) {
    it.provider.usage = () => Promise.resolve({ cpuSeconds: cpu * 5 * looks++, networkBytes: null })
  }
}

for (const { what, cpu, network, sleeps } of [
  { what: 'does nothing', cpu: 0, network: 0, sleeps: true },
  { what: 'does next to nothing', cpu: 0.09, network: 999, sleeps: true },
  { what: 'computes', cpu: 0.1, network: 0, sleeps: false },
  { what: 'sends', cpu: 0, network: 1_000, sleeps: false },
  { what: 'has no network that could be measured', cpu: 0, network: null, sleeps: true },
]) {
  t.test(`an idle target that ${what} ${sleeps ? 'sleeps in time' : 'is left awake'}`, async (t) => {
    const it = await awake({ ...short, busy })
    work(it, cpu, network)
    await it.advance(60_000)
    t.equal(it.state('blog'), sleeps ? 'asleep' : 'awake')
    t.equal(it.told('sleep_postponed').length, sleeps ? 0 : 1)
  })
}

t.test('a busy target is looked at again after its idle time, a minute at most', async (t) => {
  const it = await awake({ ...short, busy })
  work(it, 1, 0)
  await it.advance(60_000)
  t.match(it.told('sleep_postponed'), [{ cpu: 1, network: 0, error: null }])
  t.equal(it.activator.get('blog')?.sleepsAt, it.clock.wallTime() + 60_000)
  it.provider.usage = () => Promise.resolve({ cpuSeconds: 0, networkBytes: 0 })
  await it.advance(66_000)
  t.equal(it.state('blog'), 'asleep')
})

t.test('a target of which nobody can tell whether it works is left awake, and that is said', async (t) => {
  const it = await awake({ ...short, busy })
  it.provider.usage = () => Promise.reject(new TargetError('refused', 'no stats', 'Allow them.'))
  await it.advance(60_000)
  t.equal(it.state('blog'), 'awake')
  t.match(it.told('sleep_postponed'), [{ cpu: null, error: { message: 'no stats' } }])
})

t.test('a request during the measurement calls the sleep off', async (t) => {
  const it = await awake({ ...short, busy })
  work(it, 0, 0)
  await it.advance(57_000)
  const client = it.request('blog')
  await it.advance(10_000)
  t.equal(it.state('blog'), 'awake')
  client.finish()
  work(it, 0, 0)
  await it.advance(59_000)
  t.equal(it.state('blog'), 'awake', 'the old measurement does not count')
  await it.advance(1_000)
  t.equal(it.state('blog'), 'asleep')
})

t.test('an ordered sleep does not ask whether the target works', async (t) => {
  const it = await awake({ ...short, busy })
  work(it, 1, 0)
  t.match(await Promise.all([it.activator.sleep('blog', { force: false }), it.advance(0)]), [{ done: true }])
})

t.test('a stack works when any of its parts does', async (t) => {
  const services = stack('blog', { db: {}, app: { needs: { db: 'ready' } } }, { ...short, busy })
  const it = new World(services)
  await it.settle()
  it.request('blog').abort()
  await it.advance(100)
  let looks = 0
  it.provider.usage = (target) =>
    Promise.resolve({ cpuSeconds: target.key.endsWith('db') ? looks++ : 0, networkBytes: null })
  await it.advance(60_000)
  t.equal(it.state('blog'), 'awake')
  t.match(it.told('sleep_postponed'), [{ cpu: 0.2 }])
})

t.test('a stack that is frozen freezes every part, the last one first', async (t) => {
  const services = stack(
    'blog',
    { db: {}, app: { needs: { db: 'ready' } } },
    { ...short, sleepMode: 'pause' },
  )
  const it = new World(services)
  await it.settle()
  it.request('blog').abort()
  await it.advance(60_100)
  t.equal(it.state('blog'), 'asleep')
  t.strictSame(it.provider.calls.slice(2), ['pause container:blog-app', 'pause container:blog-db'])
})

t.test('the engine’s own word: healthy is ready, unhealthy ends the wake', async (t) => {
  for (const [health, state] of [
    ['healthy', 'awake'],
    ['unhealthy', 'failed'],
  ] as const) {
    const it = await sleeping({ ready: { kind: 'health' } })
    it.ready = () => false
    const client = it.request('blog')
    await it.advance(1_000)
    t.equal(it.state('blog'), 'waking')
    it.provider.health(it.activator.gate('blog').service.target, health)
    await it.advance(0)
    t.equal(it.state('blog'), state)
    t.equal(client.code, state === 'awake' ? 'open' : 'WAKEDOCK_WAKE_FAILED')
    if (state === 'failed') t.match(it.activator.get('blog')?.failure, { reason: 'unhealthy' })
  }
})

t.test('where a request has to be answered as well, healthy is not enough', async (t) => {
  const it = await sleeping()
  it.ready = () => false
  it.request('blog')
  await it.advance(1_000)
  it.provider.health(it.activator.gate('blog').service.target, 'healthy')
  await it.advance(0)
  t.equal(it.state('blog'), 'waking')
  t.equal(it.activator.get('blog')?.health, 'healthy')
})

t.test('a target that was called unhealthy before it was frozen may prove itself', async (t) => {
  const it = await awake({ ...short, sleepMode: 'pause' })
  it.provider.health(it.activator.gate('blog').service.target, 'unhealthy')
  t.equal(it.state('blog'), 'awake', 'that is shown, and no reason to cut anybody')
  await it.advance(60_000)
  t.equal(it.state('blog'), 'asleep')
})

t.test('a run that was given up as unhealthy and gets well is taken up again', async (t) => {
  const it = await sleeping({ ready: { kind: 'health' } })
  it.ready = () => false
  it.request('blog')
  await it.advance(1_000)
  const { target } = it.activator.gate('blog').service
  it.provider.health(target, 'unhealthy')
  await it.advance(1_000)
  t.equal(it.state('blog'), 'failed')
  it.provider.health(target, 'healthy')
  await it.advance(0)
  t.equal(it.state('blog'), 'awake')
})
