/**
 * `docker.labels: true` on a real engine: containers declare services by themselves, while WakeDock runs. Other tests may have labelled
 * containers on the same engine at the same time; each looks at its own.
 */
import t from 'tap'
import { dockerSkip, openDocker, until, type TestDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { hostOf, startWakeDock, type WakeDock } from './wakedock.ts'

const skip = dockerSkip()

// They mostly wait.
t.jobs = 2

function labelled(host: string, more: Readonly<Record<string, string>> = {}) {
  const options = Object.entries(more).map(([name, value]) => [`wakedock.${name}`, value])
  return { labels: { 'wakedock.enable': 'true', 'wakedock.hosts': host, ...Object.fromEntries(options) } }
}

async function statusOf(wakedock: WakeDock, service: string): Promise<number> {
  return (await fetch(`${wakedock.admin}/api/v1/services/${service}`)).status
}

/** What the log warns about a container. */
function warnings(wakedock: WakeDock, docker: TestDocker, suffix: string): string[] {
  const about = `container ${docker.name(suffix)}: `
  return wakedock.log.flatMap(({ msg }) => (msg.startsWith(about) ? [msg.slice(about.length)] : []))
}

t.test(
  'a labelled container is served from its creation on, under its new name after a rename, and not after its end',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const name = docker.name('late')
    const wakedock = await startWakeDock(t, docker, {}, { labels: true })
    t.match(await wakedock.send(name), { status: 404, code: 'WAKEDOCK_NO_ROUTE' })

    const options = { idle_timeout: '90s', 'ready.path': '/status?code=204' }
    const { handle } = await docker.create('late', labelled(hostOf(name), options))
    await until('it is a service', async () => (await statusOf(wakedock, name)) === 200)
    t.match(await wakedock.send(name), { status: 200, text: /^hello/ })
    t.match(await wakedock.service(name), {
      state: 'awake',
      hosts: [hostOf(name)],
      target: `container ${name}`,
      idle_timeout_ms: 90_000,
    })
    t.match(await wakedock.cli('sleep', name, '--wait'), { code: 0 })
    t.not((await wakedock.series(name)).length, 0)

    const renamed = docker.name('renamed')
    await handle.rename({ name: renamed })
    await until('the service has the new name', async () => (await statusOf(wakedock, renamed)) === 200)
    t.equal(await statusOf(wakedock, name), 404)
    t.equal((await wakedock.send(name)).status, 200, 'its host is the same')
    t.equal((await wakedock.service(renamed)).state, 'awake')

    await handle.remove({ force: true })
    await until('the service is gone', async () => (await statusOf(wakedock, renamed)) === 404)
    t.match(await wakedock.send(name), { status: 404, code: 'WAKEDOCK_NO_ROUTE' })
    t.strictSame([...(await wakedock.series(name)), ...(await wakedock.series(renamed))], [])
    t.strictSame([...warnings(wakedock, docker, 'late'), ...warnings(wakedock, docker, 'renamed')], [])
  },
)

t.test(
  'the first request after a start of WakeDock finds a service that is labelled already',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const name = docker.name('blog')
    await docker.create('blog', labelled(hostOf(name)))
    const wakedock = await startWakeDock(t, docker, {}, { labels: true })
    t.equal((await wakedock.send(name)).status, 200)
  },
)

t.test('without docker.labels labels are nothing', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const name = docker.name('blog')
  await docker.create('blog', labelled(hostOf(name)))
  await docker.create('app')
  const wakedock = await startWakeDock(t, docker, { app: {} })
  t.equal((await wakedock.send('app')).status, 200)
  t.match(await wakedock.send(name), { status: 404, code: 'WAKEDOCK_NO_ROUTE' })
})

t.test('what the file says wins', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const app = historyOf(docker, 'app')
  const rival = historyOf(docker, 'rival')
  await docker.create('app', labelled(hostOf('elsewhere'), { idle_timeout: '2m' }))
  await docker.create('rival', labelled(hostOf('app')))
  const wakedock = await startWakeDock(t, docker, { app: { idle_timeout: '1h' } }, { labels: true })
  t.equal((await wakedock.send('app')).status, 200)
  t.equal(await app.count('start'), 1)
  t.equal(await rival.count('start'), 0)
  t.equal((await wakedock.service('app')).idle_timeout_ms, 3_600_000)
  t.equal((await wakedock.send('elsewhere')).status, 404)
  t.match(warnings(wakedock, docker, 'app'), [/belongs to service app of the config file/])
  t.match(warnings(wakedock, docker, 'rival'), [/app\.test\/ leads to service app already/])
})

t.test(
  'a faulty label is said once, with container and label, and harms nobody else',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const good = docker.name('good')
    const bad = docker.name('bad')
    await docker.create('bad', labelled(hostOf(bad), { idle_timeut: '5m' }))
    const wakedock = await startWakeDock(t, docker, {}, { labels: true })
    await docker.create('good', labelled(hostOf(good)))
    await until('the good one is a service', async () => (await statusOf(wakedock, good)) === 200)
    t.equal((await wakedock.send(good)).status, 200)
    t.equal(await statusOf(wakedock, bad), 404)
    t.strictSame(warnings(wakedock, docker, 'bad'), [
      'label wakedock.idle_timeut is not an option; did you mean idle_timeout?',
    ])

    await docker.create('bad', labelled(hostOf(bad), { idle_timeout: '5m' }))
    await until('mended, it is a service', async () => (await statusOf(wakedock, bad)) === 200)
    t.equal((await wakedock.send(bad)).status, 200)
    t.equal(warnings(wakedock, docker, 'bad').length, 1)
  },
)

t.test(
  'labels are switched on and off by a reload, and what runs is not touched',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const name = docker.name('blog')
    const history = historyOf(docker, 'blog')
    await docker.create('blog', labelled(hostOf(name)))
    const wakedock = await startWakeDock(t, docker, {}, { labels: true })
    t.equal((await wakedock.send(name)).status, 200)
    await wakedock.reload({}, { labels: false })
    t.match(await wakedock.send(name), { status: 404, code: 'WAKEDOCK_NO_ROUTE' })
    await wakedock.reload({}, { labels: true })
    await until('it is a service again', async () => (await statusOf(wakedock, name)) === 200)
    await wakedock.reaches(name, ['awake'])
    t.equal((await wakedock.send(name)).status, 200)
    t.strictSame(
      (await history.all()).map(({ action }) => action),
      ['create', 'start'],
    )
  },
)
