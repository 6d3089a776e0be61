/**
 * `compose: project/service` on a real engine: the labels that Compose leaves on its containers are all that WakeDock goes by, so
 * containers with these labels are a project.
 */
import t from 'tap'
import { dockerSkip, openDocker, until, type ContainerOptions, type TestDocker } from '../helpers/docker.ts'
import { historyOf, recordOf } from './engine-events.ts'
import { composeLabels, part, type PartOptions } from './parts.ts'
import { startWakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FLEETING = { idle_timeout: '2s', min_awake: 0 }

// They mostly wait.
t.jobs = 2

/** Creates the container of one service of the project `next`; `app` is the app. */
async function member(
  docker: TestDocker,
  service: string,
  dependsOn = '',
  options: PartOptions & { number?: number; oneoff?: boolean; app?: ContainerOptions } = {},
) {
  const { number = 1, oneoff = false } = options
  const labels = composeLabels({ project: docker.name('next'), service, number, dependsOn, oneoff })
  const suffix = `next-${service}-${oneoff ? 'run-1f2e' : number}`
  return docker.create(
    suffix,
    service === 'app' ? { ...options.app, labels } : part(docker, { ...options, labels }),
  )
}

/** The places of these events; each must be there. */
function places(order: readonly string[], ...events: string[]): number[] {
  return events.map((event) => {
    const place = order.indexOf(event)
    if (place === -1) throw new Error(`no ${event} in ${order.join(', ')}`)
    return place
  })
}

t.test(
  'a project wakes under the conditions of its depends_on, runs its job once a wake, and stops in reverse',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const all = ['db-1', 'migrate-1', 'queue-1', 'queue-2', 'app-1', 'cron-1', 'app-run-1f2e']
    const record = recordOf(docker, ...all.map((name) => `next-${name}`))
    const db = historyOf(docker, 'next-db-1')
    await member(docker, 'db', '', { checked: true })
    await member(docker, 'migrate', 'db:service_healthy:false', { first: 'sleep 0.5; exit 0' })
    await member(docker, 'queue', '', { number: 1 })
    await member(docker, 'queue', '', { number: 2 })
    const needs = 'db:service_healthy:true,migrate:service_completed_successfully:false'
    await member(docker, 'app', `${needs},queue:service_started:false`)
    await member(docker, 'cron', 'app:service_started:false')
    await member(docker, 'app', '', { oneoff: true, number: 3 })
    const compose = `${docker.name('next')}/app`
    const wakedock = await startWakeDock(t, docker, { cloud: { ...FLEETING, compose } })

    const reply = wakedock.send('cloud', '/boot')
    const running = await until('what needs nothing runs', async () => {
      const order = await record.order()
      return order.length >= 3 && order
    })
    t.strictSame(running.toSorted(), ['next-db-1 start', 'next-queue-1 start', 'next-queue-2 start'])
    await docker.putFile(docker.name('next-db-1'), '/tmp', 'up')
    t.equal((await reply).status, 200)
    t.equal(await db.count('health_status: healthy'), 0, 'Docker itself has not looked yet')

    const order = (await record.orderAfter(12)).map((event) => event.replace('next-', ''))
    await wakedock.reaches('cloud', ['asleep'])
    t.equal(order.length, 12, 'six containers once each, and never the one of compose run')
    for (const [first = '', second = ''] of [
      ['db-1 start', 'migrate-1 start'],
      ['migrate-1 die', 'app-1 start'],
      ['app-1 start', 'cron-1 start'],
      ['cron-1 start', 'cron-1 die'],
      ['cron-1 die', 'app-1 die'],
      ['app-1 die', 'db-1 die'],
      ['app-1 die', 'queue-1 die'],
      ['app-1 die', 'queue-2 die'],
    ]) {
      const [before = 0, after = 0] = places(order, first, second)
      t.ok(before < after, `${first} before ${second}`)
    }

    await docker.putFile(docker.name('next-db-1'), '/tmp', 'up')
    const again = wakedock.send('cloud')
    await until('db runs', async () => (await db.count('start')) === 2)
    await docker.putFile(docker.name('next-db-1'), '/tmp', 'up')
    t.equal((await again).status, 200)
    const jobs = (await record.order()).filter((event) => event === 'next-migrate-1 start')
    t.equal(jobs.length, 2, 'once more for the second wake')
  },
)

t.test('a job that fails ends the wake, and the app is not started', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const record = recordOf(docker, 'next-db-1', 'next-migrate-1', 'next-app-1')
  await member(docker, 'db')
  await member(docker, 'migrate', 'db:service_started:false', { first: 'sleep 0.5; exit 4' })
  await member(docker, 'app', 'migrate:service_completed_successfully:false')
  const wakedock = await startWakeDock(t, docker, { cloud: { compose: `${docker.name('next')}/app` } })
  t.match(await wakedock.send('cloud'), { status: 502, code: 'WAKEDOCK_WAKE_FAILED' })
  const { failure, parts } = await wakedock.service('cloud')
  t.match(failure?.message, /cloud\/migrate, .*exit code 4/)
  t.match(
    parts.find(({ name }) => name === 'cloud/migrate'),
    { state: 'failed', failure: { reason: 'exited' } },
  )
  t.strictSame(await record.orderAfter(4), [
    'next-db-1 start',
    'next-migrate-1 start',
    'next-migrate-1 die',
    'next-db-1 die',
  ])
})

t.test(
  'a container that Compose recreates is followed, asleep and awake',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const cache = historyOf(docker, 'next-cache-1')
    await member(docker, 'cache')
    const old = await member(docker, 'app', 'cache:service_started:false')
    const wakedock = await startWakeDock(t, docker, { cloud: { compose: `${docker.name('next')}/app` } })
    t.equal((await wakedock.send('cloud')).status, 200)

    // As `docker compose up` does it: the old one ends and goes, and a new one takes its name, perhaps on another port.
    await old.handle.stop({ t: 5 })
    await old.handle.remove()
    const next = await member(docker, 'app', 'cache:service_started:false', {
      app: { env: { PORT: '3001' }, expose: [3001] },
    })
    await next.handle.start()
    t.equal((await wakedock.send('cloud')).status, 200)
    t.equal((await wakedock.reaches('cloud', ['awake'])).failure, null)

    t.match(await wakedock.cli('sleep', 'cloud', '--wait'), { code: 0 })
    await next.handle.remove()
    await member(docker, 'app')
    const before = await cache.count('start')
    t.equal((await wakedock.send('cloud')).status, 200)
    const { parts } = await wakedock.service('cloud')
    t.strictSame(parts.map(({ name }) => name).toSorted(), ['cloud/app', 'cloud/cache'])
    t.equal(await cache.count('start'), before + 1, 'the rest of the project goes along as ever')
  },
)

t.test(
  'a project that does not exist is said to be missing, and works from its creation on',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'next-db-1', 'next-app-1')
    const compose = `${docker.name('next')}/app`
    const wakedock = await startWakeDock(t, docker, { cloud: { compose } })
    t.match(await wakedock.send('cloud'), { status: 502, code: 'WAKEDOCK_WAKE_FAILED' })
    const view = await wakedock.service('cloud')
    t.match(view, {
      state: 'failed',
      target: `compose ${compose}`,
      failure: { reason: 'missing', message: /does not exist/, hint: /docker compose up --no-start/ },
    })
    t.match((await wakedock.cli('status')).out, /cloud +failed/)

    await member(docker, 'db')
    await member(docker, 'app', 'db:service_started:false')
    await wakedock.reaches('cloud', ['asleep'])
    await until('both parts are known', async () => (await wakedock.service('cloud')).parts.length === 2)
    t.equal((await wakedock.send('cloud')).status, 200)
    t.strictSame(await record.order(), ['next-db-1 start', 'next-app-1 start'])
  },
)
