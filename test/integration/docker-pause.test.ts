/** `sleep_mode: pause` on a real engine: a frozen container keeps its memory, and goes on where it was. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import { historyOf, recordOf } from './engine-events.ts'
import { part } from './parts.ts'
import { namesOf, startWakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FROZEN = { sleep_mode: 'pause', idle_timeout: '1s', min_awake: 0 }

// They mostly wait.
t.jobs = 2

t.test(
  'an idle container is frozen, and the next request finds the same run',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    const { handle } = await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { app: FROZEN })
    const first = JSON.parse((await wakedock.send('app', '/boot')).text)
    await wakedock.reaches('app', ['asleep'])
    t.equal((await handle.inspect()).State.Status, 'paused')

    const reply = await wakedock.send('app', '/boot')
    const second = JSON.parse(reply.text)
    t.equal(second.startedAt, first.startedAt, 'it was not started again')
    t.ok(second.requests > first.requests, 'and remembers')
    t.match(reply.headers['server-timing'], /^wake;dur=\d+$/)
    t.match((await wakedock.service('app')).last_wake, { trigger: 'request', outcome: 'ready' })
    const actions = (await history.all()).map(({ action }) => action)
    t.strictSame(actions.slice(0, 4), ['create', 'start', 'pause', 'unpause'])
  },
)

t.test(
  'a WakeDock that starts while a container is frozen leaves it so, and wakes it',
  { skip },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    const { handle } = await docker.create('app')
    const folder = await mkdtemp(join(tmpdir(), 'wakedock-test-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const before = await startWakeDock(t, docker, { app: FROZEN }, { folder })
    const first = JSON.parse((await before.send('app', '/boot')).text)
    await before.reaches('app', ['asleep'])
    await before.end()

    const after = await startWakeDock(t, docker, { app: FROZEN }, { folder })
    t.match(await after.reaches('app', ['asleep']), { last_wake: null })
    t.equal((await handle.inspect()).State.Status, 'paused')
    t.equal(JSON.parse((await after.send('app', '/boot')).text).startedAt, first.startedAt)
    t.equal(await history.count('start'), 1)
  },
)

t.test('docker unpause and docker stop by hand are followed', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const history = historyOf(docker, 'app')
  const { handle } = await docker.create('app')
  const wakedock = await startWakeDock(t, docker, { app: FROZEN })
  t.equal((await wakedock.send('app')).status, 200)
  await wakedock.reaches('app', ['asleep'])

  await handle.unpause()
  await wakedock.says('app', 'wake_finished', ({ trigger }) => trigger === 'external')
  await wakedock.says('app', 'sleep_finished')
  await wakedock.reaches('app', ['asleep'])
  t.equal((await handle.inspect()).State.Status, 'paused', 'frozen again when idle')
  t.equal(await history.count('pause'), 2)

  await handle.unpause()
  await until('it is awake again', () => {
    const external = wakedock.log.filter(
      ({ event, trigger }) => event === 'wake_finished' && trigger === 'external',
    )
    return external.length === 2
  })
  await handle.stop({ t: 5 })
  await wakedock.reaches('app', ['asleep'])
  t.equal((await wakedock.send('app')).status, 200, 'what was stopped meanwhile is started')
})

t.test('a stack is frozen in reverse, and goes on in order', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const record = recordOf(docker, 'db', 'app')
  await docker.create('db', part(docker))
  await docker.create('app')
  const containers = namesOf(docker, 'db', 'app')
  const wakedock = await startWakeDock(t, docker, { blog: { ...FROZEN, containers } })
  const first = JSON.parse((await wakedock.send('blog', '/boot')).text)
  await wakedock.reaches('blog', ['asleep'])
  t.equal(JSON.parse((await wakedock.send('blog', '/boot')).text).startedAt, first.startedAt)
  const order = await record.order(['start', 'die', 'pause', 'unpause'])
  t.strictSame(order.slice(0, 6), [
    'db start',
    'app start',
    'app pause',
    'db pause',
    'db unpause',
    'app unpause',
  ])
})
