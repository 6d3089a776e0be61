/** Memory of services: when it is looked at, and what their sleep saves. */
import t from 'tap'
import { createFootprint } from '../../src/domain/footprint.ts'
import type { StateName } from '../../src/domain/ports.ts'
import type { Service, Target } from '../../src/domain/service.ts'
import { FakeClock, settled } from '../helpers/fake-clock.ts'
import { service } from '../helpers/service.ts'

const MiB = 1024 * 1024
const MINUTE = 60_000

interface Known {
  readonly service: Service
  readonly state: StateName
  readonly parts?: readonly string[]
}

function world(memory: (name: string) => Promise<number | null> = () => Promise.resolve(50 * MiB)) {
  const clock = new FakeClock()
  /** The looks, in order: "10000 blog". */
  const looks: string[] = []
  const footprint = createFootprint({
    clock,
    memory: (target) => {
      looks.push(`${clock.now()} ${target.key}`)
      return memory(target.key)
    },
  })
  const part = (name: string) => ({ target: { ...service(name).target, key: name } as Target })
  const resync = (...all: Known[]): void =>
    footprint.resync(
      all.map(({ service, state, parts = [] }) => ({
        name: service.name,
        state,
        service,
        parts: parts.map((name) => ({
          name,
          ...part(name),
          state,
          since: 0,
          health: null,
          failure: null,
        })),
      })),
    )
  const enter = (name: string, to: StateName): void =>
    footprint.observer({ type: 'state', service: name, from: 'asleep', to })
  return { clock, looks, footprint, resync, enter }
}

const plain = (name: string, changes: Partial<Service> = {}): Service =>
  service(name, { target: { ...service(name).target, key: name } as Target, ...changes })
const group = (name: string): Service =>
  service(name, { target: { kind: 'group', key: `group:${name}`, name, main: `${name}/app` } })

t.test(
  'a service is looked at ten seconds after it woke, and every five minutes while it is awake',
  async (t) => {
    const it = world()
    it.resync({ service: plain('blog'), state: 'asleep' })
    await it.clock.advance(60 * MINUTE)
    t.strictSame([it.looks, it.clock.pending], [[], 0], 'nothing is done while all sleep')
    it.enter('blog', 'waking')
    it.enter('blog', 'awake')
    t.equal(it.footprint.of('blog'), null)
    await it.clock.advance(11 * MINUTE)
    t.strictSame(it.looks, ['3610000 blog', '3910000 blog', '4210000 blog'])
    t.equal(it.footprint.of('blog'), 50 * MiB)
    it.enter('blog', 'draining')
    await it.clock.advance(5 * MINUTE)
    t.equal(it.looks.length, 4, 'one that drains still runs')
    it.enter('blog', 'stopping')
    it.enter('blog', 'asleep')
    await it.clock.advance(60 * MINUTE)
    t.strictSame([it.looks.length, it.clock.pending], [4, 0])
    t.equal(it.footprint.of('blog'), 50 * MiB, 'the last figure is kept')
  },
)

t.test('what a sleep saves is what the service used, for as long as it sleeps', async (t) => {
  const it = world()
  it.resync({ service: plain('blog'), state: 'asleep' })
  await it.clock.advance(MINUTE)
  t.strictSame(it.footprint.saved(), { bytesNow: 0, byteMs: 0 }, 'nobody knows what it would use')
  it.enter('blog', 'awake')
  await it.clock.advance(MINUTE)
  t.strictSame(it.footprint.saved(), { bytesNow: 0, byteMs: 0 })
  it.enter('blog', 'asleep')
  await it.clock.advance(MINUTE)
  t.strictSame(it.footprint.saved(), { bytesNow: 50 * MiB, byteMs: 50 * MiB * MINUTE })
  it.enter('blog', 'waking')
  await it.clock.advance(MINUTE)
  t.strictSame(it.footprint.saved(), { bytesNow: 0, byteMs: 50 * MiB * MINUTE })
  it.enter('blog', 'failed')
  await it.clock.advance(MINUTE)
  t.equal(it.footprint.saved().bytesNow, 0, 'one that has failed does not sleep')
  it.enter('blog', 'asleep')
  await it.clock.advance(MINUTE)
  it.footprint.observer({ type: 'service_removed', service: 'blog' })
  t.strictSame(it.footprint.saved(), { bytesNow: 0, byteMs: 100 * MiB * MINUTE }, 'what was saved stays so')
})

t.test('a paused service keeps its memory and saves nothing', async (t) => {
  const it = world()
  it.resync({ service: plain('blog', { sleepMode: 'pause' }), state: 'awake' })
  await it.clock.advance(MINUTE)
  it.enter('blog', 'asleep')
  // What it was put to sleep by counts, not what it would be put to sleep by now.
  it.resync({ service: plain('blog'), state: 'asleep' })
  await it.clock.advance(MINUTE)
  t.strictSame(it.footprint.saved(), { bytesNow: 0, byteMs: 0 })
  it.enter('blog', 'awake')
  it.enter('blog', 'asleep')
  t.equal(it.footprint.saved().bytesNow, 50 * MiB)
})

t.test('the parts of a stack count for it; one that two stacks share counts once', async (t) => {
  const it = world((key) => Promise.resolve(key === 'shop/db' ? 30 * MiB : 20 * MiB))
  it.resync(
    { service: group('shop'), state: 'awake', parts: ['shop/app', 'shop/db'] },
    { service: group('mail'), state: 'awake', parts: ['shop/db', 'mail/app'] },
    {
      service: service('api', {
        target: { kind: 'url', key: 'url', scheme: 'http', host: '192.0.2.1', port: 80 },
      }),
      state: 'awake',
    },
  )
  it.enter('shop/db', 'asleep')
  await it.clock.advance(MINUTE)
  t.strictSame(
    [it.footprint.of('shop'), it.footprint.of('mail'), it.footprint.of('api')],
    [50 * MiB, 20 * MiB, null],
  )
  t.strictSame(it.looks, ['10000 shop/app', '10000 shop/db', '10000 mail/app'])
})

t.test('a stack of which one part cannot be told is not known', async (t) => {
  const it = world((key) => Promise.resolve(key === 'shop/db' ? null : 20 * MiB))
  it.resync({ service: group('shop'), state: 'awake', parts: ['shop/app', 'shop/db'] })
  await it.clock.advance(MINUTE)
  t.equal(it.footprint.of('shop'), null)
})

t.test('a look that fails, or says nothing, leaves the last figure and comes again', async (t) => {
  let answer: () => Promise<number | null> = () => Promise.resolve(7)
  const it = world(() => answer())
  it.resync({ service: plain('blog'), state: 'awake' })
  await it.clock.advance(MINUTE)
  for (const bad of [() => Promise.reject(new Error('docker is away')), () => Promise.resolve(null)]) {
    answer = bad
    await it.clock.advance(5 * MINUTE)
    t.equal(it.footprint.of('blog'), 7)
  }
  answer = () => Promise.resolve(8)
  await it.clock.advance(5 * MINUTE)
  t.equal(it.footprint.of('blog'), 8)
})

t.test('one look at a time; one that hangs is given up after half a minute', async (t) => {
  let open = 0
  let most = 0
  const it = world(async (key) => {
    most = Math.max(most, ++open)
    if (key === 'blog') await new Promise(() => {})
    await settled()
    open--
    return 5
  })
  const all = ['blog', 'shop', 'wiki'].map((name) => ({ service: plain(name), state: 'awake' as const }))
  it.resync(...all)
  await it.clock.advance(39_000)
  t.strictSame([most, it.footprint.of('shop')], [1, null])
  open = 0
  await it.clock.advance(2_000)
  await settled()
  await settled()
  t.strictSame([most, it.footprint.of('shop'), it.footprint.of('wiki')], [1, 5, 5])
  t.equal(it.footprint.of('blog'), null)
})

t.test('a look at a run that has ended meanwhile does not count', async (t) => {
  const answers: ((bytes: number) => void)[] = []
  const it = world(() => new Promise((resolve) => answers.push(resolve)))
  it.resync({ service: plain('blog'), state: 'awake' })
  await it.clock.advance(10_000)
  it.enter('blog', 'asleep')
  answers[0]?.(1)
  await settled()
  t.equal(it.footprint.of('blog'), null)
  it.enter('blog', 'awake')
  await it.clock.advance(10_000)
  answers[1]?.(2)
  await settled()
  t.equal(it.footprint.of('blog'), 2, 'and the next one does')
})

t.test('another target under the same name is another service', async (t) => {
  const it = world()
  it.resync({ service: plain('blog'), state: 'awake' })
  await it.clock.advance(MINUTE)
  it.resync({ service: plain('blog', { idleTimeout: 1 }), state: 'awake' })
  t.equal(it.footprint.of('blog'), 50 * MiB, 'another policy is not')
  it.resync({ service: service('blog'), state: 'asleep' })
  t.strictSame([it.footprint.of('blog'), it.footprint.saved().bytesNow], [null, 0])
})

t.test('after the end nothing is looked at', async (t) => {
  const it = world()
  it.resync({ service: plain('blog'), state: 'awake' })
  it.footprint.close()
  it.enter('blog', 'awake')
  await it.clock.advance(MINUTE)
  t.strictSame([it.looks, it.clock.pending], [[], 0])
})

t.test('what wakes during a look waits for its end', async (t) => {
  const answers: ((bytes: number) => void)[] = []
  const it = world(() => new Promise((resolve) => answers.push(resolve)))
  it.resync({ service: plain('blog'), state: 'awake' }, { service: plain('shop'), state: 'asleep' })
  it.enter('shop', 'asleep')
  await it.clock.advance(10_000)
  it.enter('shop', 'awake')
  await it.clock.advance(20_000)
  t.strictSame(it.looks, ['10000 blog'])
  answers[0]?.(1)
  await it.clock.advance(1)
  t.strictSame(it.looks, ['10000 blog', '30000 shop'])
})
