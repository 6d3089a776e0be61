/** What keeps a service awake although nobody uses it: pins and schedules. */
import t from 'tap'
import type { Schedule, Service } from '../../src/domain/service.ts'
import { stopped } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import { awake, sleeping } from '../helpers/world.ts'

const HOUR = 3_600_000
const short: Partial<Service> = { idleTimeout: 10_000, minAwake: 0 }

/** The fake clock starts on Friday 2027-01-15 at 08:00 UTC. */
const office: Schedule = { windows: [{ days: [5], from: 9 * 60, to: 10 * 60 }], timeZone: 'UTC' }

t.test('a pin wakes a service and keeps it awake until its time', async (t) => {
  const it = await sleeping(short)
  t.match(it.activator.pin('blog', 2 * HOUR), {
    pinned: { until: it.clock.wallTime() + 2 * HOUR },
    kept: 'pin',
  })
  await it.advance(100)
  t.equal(it.state('blog'), 'awake')
  t.match(it.told('wake_started'), [{ trigger: 'operator' }])
  await it.advance(2 * HOUR - 200)
  t.equal(it.state('blog'), 'awake')
  t.equal(it.activator.get('blog')?.sleepsAt, null)
  await it.advance(100)
  t.equal(it.state('blog'), 'asleep', 'its idle time was over long ago')
  t.equal(it.activator.get('blog')?.pinned, null)
})

t.test('a pin without a time lasts until it is taken off', async (t) => {
  const it = await sleeping(short)
  t.strictSame(it.activator.pin('blog', null)?.pinned, { until: null })
  await it.advance(1_000 * HOUR)
  t.equal(it.state('blog'), 'awake')
  it.activator.unpin('blog')
  await it.advance(0)
  t.equal(it.state('blog'), 'asleep')
})

t.test('a pinned service that crashes is brought back, one that somebody stops is not', async (t) => {
  const it = await sleeping(short)
  it.activator.pin('blog', null)
  await it.advance(100)
  it.provider.change(it.activator.gate('blog').service.target, stopped(1))
  await it.advance(100)
  t.equal(it.state('blog'), 'awake')
  t.match(it.told('wake_started').at(-1), { trigger: 'pin' })
  it.provider.change(it.activator.gate('blog').service.target, stopped(143))
  await it.advance(HOUR)
  t.equal(it.state('blog'), 'asleep')
  const client = it.request('blog')
  await it.advance(100)
  t.equal(client.outcome, 'open', 'a request wakes it')
})

t.test('an ordered sleep ends a pin', async (t) => {
  const it = await sleeping(short)
  it.activator.pin('blog', null)
  await it.advance(100)
  t.match(await Promise.all([it.activator.sleep('blog', { force: false }), it.advance(0)]), [{ done: true }])
  t.equal(it.activator.get('blog')?.pinned, null)
})

t.test('a pin outlives a reload, and is told of services that are not there', async (t) => {
  const it = await sleeping(short)
  it.activator.pin('blog', null)
  it.activator.configure([service('blog', { ...short, idleTimeout: 5_000 })])
  await it.advance(HOUR)
  t.equal(it.state('blog'), 'awake')
  t.equal(it.activator.pin('nope', 1_000), undefined)
  t.equal(it.activator.unpin('nope'), undefined)
})

t.test('a schedule wakes a service when it opens, and lets it sleep when it closes', async (t) => {
  const it = await sleeping({ ...short, schedule: office })
  await it.advance(HOUR - 1)
  t.equal(it.state('blog'), 'asleep')
  await it.advance(1)
  await it.advance(100)
  t.equal(it.state('blog'), 'awake')
  t.match(it.told('wake_started'), [{ trigger: 'schedule' }])
  t.equal(it.activator.get('blog')?.kept, 'schedule')
  await it.advance(HOUR - 200)
  t.equal(it.state('blog'), 'awake')
  await it.advance(100)
  t.equal(it.state('blog'), 'asleep')
})

t.test(
  'what runs in an open window is adopted, and what sleeps is woken, at the start of WakeDock',
  async (t) => {
    const always: Schedule = {
      windows: [{ days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: 1440 }],
      timeZone: 'UTC',
    }
    const it = await sleeping({ ...short, schedule: always })
    await it.advance(100)
    t.equal(it.state('blog'), 'awake')
  },
)

t.test('an ordered sleep overrules an open window until a request comes', async (t) => {
  const it = await sleeping({ ...short, schedule: office })
  await it.advance(HOUR + 100)
  await Promise.all([it.activator.sleep('blog', { force: false }), it.advance(0)])
  await it.advance(10 * 60_000)
  t.equal(it.state('blog'), 'asleep')
  it.request('blog').abort()
  await it.advance(15_000)
  t.equal(it.state('blog'), 'awake', 'kept again')
})

t.test('a window that opens anew wakes what was overruled in the last one', async (t) => {
  const it = await sleeping({ ...short, schedule: office })
  await it.advance(HOUR + 100)
  await Promise.all([it.activator.sleep('blog', { force: false }), it.advance(0)])
  await it.advance(7 * 24 * HOUR)
  t.equal(it.state('blog'), 'awake')
})

t.test('a service whose scheduled wake fails is tried again, ever more seldom', async (t) => {
  const it = await sleeping({ ...short, schedule: office, startTimeout: 1_000 })
  it.ready = () => false
  await it.advance(HOUR + 60_000)
  const wakes = it.told('wake_started').length
  t.ok(wakes > 3 && wakes < 12, `${wakes} wakes in a minute`)
  t.ok(it.told('wake_started').every(({ trigger }) => trigger === 'schedule'))
})

t.test('a missing container is not asked for again and again by what keeps it', async (t) => {
  const it = await sleeping({ ...short, schedule: office })
  const { target } = it.activator.gate('blog').service
  it.provider.change(target, { state: 'missing' })
  await it.advance(HOUR + 30 * 60_000)
  t.equal(it.provider.calls.length, 0, 'its provider knows that there is none')
  it.provider.change(target, stopped(0))
  await it.advance(100)
  t.equal(it.state('blog'), 'awake', 'now it is there')
})

t.test('a reload that takes the schedule away lets the service sleep', async (t) => {
  const it = await sleeping({ ...short, schedule: office })
  await it.advance(HOUR)
  await it.advance(30_000)
  t.equal(it.state('blog'), 'awake')
  it.activator.configure([service('blog', short)])
  await it.advance(0)
  t.equal(it.state('blog'), 'asleep')
})

t.test('a request that must not count goes where others go, and changes nothing', async (t) => {
  const it = await awake({ ...short })
  const gate = it.activator.gate('blog')
  await it.advance(9_000)
  t.match(gate.peek(), { generation: 'container:blog#1' })
  await it.advance(1_000)
  t.equal(it.state('blog'), 'asleep', 'it did not count')
  t.equal(gate.peek(), null)
  t.equal(it.state('blog'), 'asleep', 'it did not wake')
})

t.test('a request that must not count does not end a drain', async (t) => {
  const it = await awake({ ...short })
  const client = it.request('blog')
  const order = it.activator.sleep('blog', { force: false })
  t.ok(it.activator.gate('blog').peek())
  t.equal(it.state('blog'), 'draining')
  client.finish()
  await it.advance(0)
  t.match(await order, { done: true })
})

t.test('a stream that counts again ends no drain, and keeps no later run awake', async (t) => {
  const it = await awake({ ...short })
  const gate = it.activator.gate('blog')
  const upstream = gate.peek()
  if (upstream === null) throw new Error('not awake')
  const client = it.request('blog')
  const order = it.activator.sleep('blog', { force: false })
  const stream = gate.resume(upstream)
  t.ok(stream)
  client.finish()
  await it.advance(1_000)
  t.equal(it.state('blog'), 'draining', 'the stream is in use')
  stream?.release()
  await it.advance(0)
  t.match(await order, { done: true })
  it.request('blog').abort()
  await it.advance(100)
  t.equal(gate.resume(upstream), null, 'another run')
})
