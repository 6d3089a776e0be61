/**
 * Docker in trouble, as WakeDock sees it: gone while containers end, slow, hanging in a start or a stop, dropping connections. Whoever
 * waits gets the app's answer in the end, and what has to be awake is brought back.
 */
import t from 'tap'
import { dockerSkip, openDocker, until, type TestDocker } from '../helpers/docker.ts'
import { historyOf, recordOf } from './engine-events.ts'
import { composeLabels, part } from './parts.ts'
import { namesOf, NO_HOSTS, startWakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FLEETING = { idle_timeout: '1s', min_awake: 0 }

// They mostly wait.
t.jobs = 2

async function stop(docker: TestDocker, ...suffixes: string[]): Promise<void> {
  await Promise.all(suffixes.map((suffix) => docker.api.getContainer(docker.name(suffix)).stop({ t: 5 })))
}

t.test(
  'what ended while Docker was away comes back if something keeps it awake, and only then',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay()
    const plain = historyOf(docker, 'plain')
    for (const suffix of ['scheduled', 'pinned', 'app', 'plain', 'main']) await docker.create(suffix)
    for (const suffix of ['db', 'side']) await docker.create(suffix, part(docker))
    const services = {
      scheduled: { schedule: [{ from: '00:00', to: '24:00' }] },
      pinned: {},
      app: { depends_on: 'db' },
      db: NO_HOSTS,
      plain: {},
      stack: { containers: namesOf(docker, 'side', 'main') },
    }
    const wakedock = await startWakeDock(t, docker, services, { host: relay.host })
    await wakedock.cli('pin', 'pinned')
    for (const name of ['app', 'plain', 'stack']) t.equal((await wakedock.send(name)).status, 200)
    for (const name of ['scheduled', 'pinned']) await wakedock.reaches(name, ['awake'])

    await relay.down()
    await wakedock.logged('docker is away', ({ event }) => event === 'provider_lost')
    await stop(docker, 'scheduled', 'pinned', 'db', 'plain', 'side')
    await relay.up()
    await wakedock.logged('docker is back', ({ event }) => event === 'provider_back')

    await wakedock.reaches('plain', ['asleep'])
    const back = recordOf(docker, 'scheduled', 'pinned', 'db', 'side')
    await until('they run', async () => {
      const running = await docker.api.listContainers()
      const names = new Set(running.flatMap(({ Names }) => Names))
      return namesOf(docker, 'scheduled', 'pinned', 'db', 'side').every((name) => names.has(`/${name}`))
    })
    for (const name of ['scheduled', 'pinned', 'db']) await wakedock.reaches(name, ['awake'])
    for (const name of ['app', 'stack']) {
      t.match(await wakedock.service(name), { state: 'awake', failure: null, totals: { wakes: 1 } })
    }
    t.notOk(
      (await back.order()).some((event) => event.endsWith('die')),
      'once is enough',
    )
    t.equal(await plain.count('start'), 1)
    t.match((await wakedock.service('pinned')).last_wake, { trigger: 'pin', outcome: 'ready' })
    t.match((await wakedock.service('scheduled')).last_wake, { trigger: 'schedule', outcome: 'ready' })
  },
)

t.test(
  'a start that hangs fails its request in time and no other, and when it takes effect another is not needed',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay()
    const history = historyOf(docker, 'hangs')
    const { id } = await docker.create('hangs')
    await docker.create('other')
    const wakedock = await startWakeDock(
      t,
      docker,
      { hangs: { start_timeout: '2s' }, other: {} },
      { host: relay.host },
    )
    const release = relay.hold(new RegExp(`^POST .*/${id}/start`))
    const held = wakedock.send('hangs')
    await until('it hangs', () => relay.requests.some((line) => line.includes(`/${id}/start`)))
    t.equal((await wakedock.send('other')).status, 200)
    t.match(await held, { status: 504, code: 'WAKEDOCK_WAKE_TIMEOUT' })
    t.match((await wakedock.service('hangs')).failure, { reason: 'not_ready', message: /did not start in/ })
    t.equal(await history.count('start'), 0)

    release()
    await until('it answers', async () => (await wakedock.send('hangs')).status === 200, 60_000)
    t.equal(await history.count('start'), 1)
    t.equal((await wakedock.service('hangs')).failure, null)
  },
)

t.test(
  'requests that come while a stop hangs wait for it, and for the start after it',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay()
    const record = recordOf(docker, 'db', 'app')
    const { id } = await docker.create('db', part(docker))
    await docker.create('app')
    const blog = { ...FLEETING, containers: namesOf(docker, 'db', 'app') }
    const wakedock = await startWakeDock(t, docker, { blog }, { host: relay.host })
    const release = relay.hold(new RegExp(`^POST .*/${id}/stop`))
    t.equal((await wakedock.send('blog')).status, 200)
    await until('it hangs', () => relay.requests.some((line) => line.includes(`/${id}/stop`)))
    t.strictSame(await record.order(), ['db start', 'app start', 'app die'])
    const held = wakedock.send('blog', '/echo', { method: 'POST', body: 'kept' })
    await until('one waits', async () => (await wakedock.service('blog')).held === 1)
    release()
    t.match(await held, { status: 200, text: 'kept' })
    t.strictSame((await record.order()).slice(3, 6), ['db die', 'db start', 'app start'])
  },
)

t.test(
  'with connections to Docker that break all the time a stack still wakes once and in order',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay()
    const record = recordOf(docker, 'db', 'app')
    await docker.create('db', part(docker, { checked: true }))
    await docker.create('app')
    const blog = { containers: namesOf(docker, 'db', 'app') }
    const wakedock = await startWakeDock(t, docker, { blog }, { host: relay.host })
    const held = wakedock.send('blog', '/echo', { method: 'POST', body: 'kept' })
    for (let cuts = 0; cuts < 5; cuts += 1) {
      const before = relay.requests.length
      await until('it asks again', () => relay.requests.length > before + 3)
      relay.cut()
    }
    await until('db runs', async () => (await record.order()).length === 1)
    await docker.putFile(docker.name('db'), '/tmp', 'up')
    t.match(await held, { status: 200, text: 'kept' })
    t.strictSame(await record.order(), ['db start', 'app start'])
  },
)

t.test(
  'while nobody knows what belongs to a Compose project none of it is started',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay()
    const record = recordOf(docker, 'next-db-1', 'next-app-1')
    const project = docker.name('next')
    await docker.create('next-db-1', part(docker, { labels: composeLabels({ project, service: 'db' }) }))
    const dependsOn = 'db:service_started:false'
    await docker.create('next-app-1', { labels: composeLabels({ project, service: 'app', dependsOn }) })
    const release = relay.hold(/^GET \S+\/containers\/json/)
    const cloud = { compose: `${project}/app` }
    const wakedock = await startWakeDock(t, docker, { cloud }, { host: relay.host })
    const held = wakedock.send('cloud')
    await until('it was tried', async () => {
      const [app] = (await wakedock.service('cloud')).parts
      return app?.failure?.reason === 'unreachable'
    })
    t.strictSame(await record.order(), [])
    release()
    t.equal((await held).status, 200)
    t.strictSame(await record.order(), ['next-db-1 start', 'next-app-1 start'])
  },
)

t.test('with a slow Docker everything happens, only later', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const relay = await docker.relay()
  const record = recordOf(docker, 'db', 'app')
  await docker.create('db', part(docker))
  await docker.create('app')
  relay.slow(400)
  const blog = { ...FLEETING, containers: namesOf(docker, 'db', 'app') }
  const wakedock = await startWakeDock(t, docker, { blog }, { host: relay.host })
  t.equal((await wakedock.send('blog')).status, 200)
  await wakedock.reaches('blog', ['asleep'])
  t.strictSame(await record.order(), ['db start', 'app start', 'app die', 'db die'])
})
