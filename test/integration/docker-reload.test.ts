/**
 * A reload on a real engine while requests wait, a WebSocket is open and a service is pinned: whatever it changes, none of them notices,
 * and no container that stays is stopped or started for it.
 */
import { once } from 'node:events'
import t from 'tap'
import type { WebSocket } from 'ws'
import { dockerSkip, openDocker, until, type TestDocker } from '../helpers/docker.ts'
import { recordOf } from './engine-events.ts'
import { part } from './parts.ts'
import { namesOf, NO_HOSTS, startWakeDock, type Services, type WakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FLEETING = { idle_timeout: '1s', min_awake: 0 }

// They mostly wait.
t.jobs = 2

async function ask(socket: WebSocket, message: string): Promise<string> {
  const answer = once(socket, 'message')
  socket.send(message)
  return String((await answer)[0])
}

interface Change {
  readonly name: string
  readonly before: (docker: TestDocker) => Services
  readonly after: (docker: TestDocker) => Services
  /** What happens to the containers because of it, in order. */
  readonly order: readonly string[]
  /** The state of things afterwards. */
  readonly reached?: (wakedock: WakeDock) => Promise<unknown>
}

const DB = { ...NO_HOSTS, ...FLEETING }

const CHANGES: readonly Change[] = [
  {
    name: 'changes, adds and removes other services',
    before: () => ({ other: { idle_timeout: '1h' }, gone: {} }),
    after: () => ({ other: { idle_timeout: '2h', schedule: [{ from: '00:00', to: '24:00' }] }, added: {} }),
    order: ['other start'],
    reached: (wakedock) => wakedock.reaches('other', ['awake']),
  },
  {
    name: 'changes the policy of all of them',
    before: () => ({}),
    after: () => ({
      held: { idle_timeout: '3h', start_timeout: '50s' },
      open: { stream_idle_timeout: '1h', ignore: { paths: ['/health'] } },
      pinned: { ...FLEETING, busy: { cpu: '10%' } },
    }),
    order: [],
  },
  {
    name: 'adds a need',
    before: () => ({ db: DB, other: { depends_on: ['db'] } }),
    after: () => ({ db: DB, other: { depends_on: ['db'] }, open: { depends_on: ['db'] } }),
    order: ['db start'],
    reached: (wakedock) => wakedock.reaches('db', ['awake']),
  },
  {
    name: 'adds a part to a stack',
    before: (docker) => ({ open: { containers: namesOf(docker, 'db', 'open') } }),
    after: (docker) => ({ open: { containers: namesOf(docker, 'db', 'cache', 'open') } }),
    order: ['cache start'],
  },
  {
    name: 'turns a container into a stack',
    before: () => ({}),
    after: (docker) => ({ open: { containers: namesOf(docker, 'db', 'open') } }),
    order: ['db start'],
  },
  {
    name: 'turns a stack into a container, and lets its other parts go on as they are',
    before: (docker) => ({ open: { containers: namesOf(docker, 'db', 'open') } }),
    after: () => ({}),
    order: [],
  },
]

for (const { name, before, after, order, reached } of CHANGES) {
  t.test(
    `a held request, an open WebSocket and a pin survive a reload that ${name}`,
    { skip, buffered: true },
    async (t) => {
      const docker = await openDocker(t)
      const all = ['held', 'open', 'pinned', 'other', 'gone', 'added', 'db', 'cache']
      const record = recordOf(docker, ...all)
      for (const suffix of ['db', 'cache']) await docker.create(suffix, part(docker))
      for (const suffix of ['open', 'pinned', 'other', 'gone', 'added']) await docker.create(suffix)
      await docker.create('held', {
        ...part(docker, { first: 'httpd -p 80 -h /tmp', checked: true }),
        expose: [80],
      })
      const base: Services = { held: { ready: 'health' }, open: {}, pinned: FLEETING }
      const merged = (changes: Services): Services =>
        Object.fromEntries(
          Object.entries({ ...base, ...changes }).map(([key, value]) => [key, { ...base[key], ...value }]),
        )
      const wakedock = await startWakeDock(t, docker, merged(before(docker)))

      const socket = await wakedock.socket('open')
      t.match(await wakedock.cli('pin', 'pinned', '--for', '2h'), { code: 0 })
      const { pinned_until: end } = await wakedock.reaches('pinned', ['awake'])
      const held = wakedock.send('held', '/up')
      await until('one waits', async () => (await wakedock.service('held')).held === 1)
      await until('held runs', async () => (await record.order()).includes('held start'))
      const was = await record.order()

      await wakedock.reload(merged(after(docker)))
      await record.orderAfter(was.length + order.length)
      await reached?.(wakedock)
      t.equal(await ask(socket, 'still there?'), 'still there?')
      const { pinned_until: now, state } = await wakedock.service('pinned')
      t.same([now?.slice(0, 19), state], [end?.slice(0, 19), 'awake'])
      t.match(await wakedock.service('held'), { state: 'waking', held: 1 })
      t.equal((await wakedock.send('open')).status, 200)

      await docker.putFile(docker.name('held'), '/tmp', 'up')
      t.match(await held, { status: 200, code: null })
      t.equal(await ask(socket, 'and now?'), 'and now?')
      t.strictSame((await record.order()).slice(was.length), order)
    },
  )
}

t.test(
  'a request that waits while its container becomes a stack is answered by the stack',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'app')
    await docker.create('db', part(docker))
    await docker.create('app', { env: { BOOT_MS: '3000' } })
    const wakedock = await startWakeDock(t, docker, { app: {} })
    const held = wakedock.send('app', '/echo', { method: 'POST', body: 'kept' })
    await record.orderAfter(1)
    await wakedock.reload({ app: { containers: namesOf(docker, 'db', 'app') } })
    t.match(await held, { status: 200, text: 'kept' })
    t.match(await wakedock.reaches('app', ['awake']), { failure: null })
    t.strictSame(await record.order(), ['app start', 'db start'])
  },
)

t.test('what is not needed any more after a reload goes to sleep', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const record = recordOf(docker, 'db', 'app')
  await docker.create('db', part(docker))
  await docker.create('app')
  const wakedock = await startWakeDock(t, docker, { db: DB, app: { depends_on: 'db' } })
  t.equal((await wakedock.send('app')).status, 200)
  await wakedock.reload({ db: DB, app: {}, other: { depends_on: 'db', container: docker.name('nobody') } })
  t.strictSame(await record.orderAfter(3), ['db start', 'app start', 'db die'])
  t.match(await wakedock.reaches('db', ['asleep']), { last_sleep: { reason: 'unneeded' } })
  t.equal((await wakedock.service('app')).state, 'awake')
})
