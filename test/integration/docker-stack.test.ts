/** `containers: [db, cache, app]` on a real engine: one service for whoever uses it, three containers in order for Docker. */
import t from 'tap'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import { historyOf, recordOf } from './engine-events.ts'
import { part } from './parts.ts'
import { namesOf, startWakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FLEETING = { idle_timeout: '1s', min_awake: 0 }
const UP = ['db start', 'cache start', 'app start']
const DOWN = ['app die', 'cache die', 'db die']

// They mostly wait.
t.jobs = 2

t.test(
  'containers start one when the one before is ready, stay for a request under way, and stop in reverse',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'cache', 'app')
    await docker.create('db', part(docker, { checked: true }))
    await docker.create('cache', part(docker))
    await docker.create('app')
    const containers = namesOf(docker, 'db', 'cache', 'app')
    const wakedock = await startWakeDock(t, docker, { blog: { ...FLEETING, containers } })

    const reply = wakedock.send('blog', '/stream?seconds=3')
    const history = historyOf(docker, 'db')
    await until('WakeDock runs the HEALTHCHECK of db, again and again', async () => {
      const runs = (await history.all()).filter(({ action }) => action.startsWith('exec_create'))
      return runs.length > 2
    })
    const waiting = await wakedock.service('blog')
    t.match(waiting, { state: 'waking', held: 1, target: `containers ${containers.join(', ')}` })
    t.strictSame(
      waiting.parts.map(({ name, state }) => [name, state]),
      containers.map((name) => [`blog/${name}`, 'waking']),
    )
    t.strictSame(waiting.waiting_for, [`blog/${docker.name('app')}`])
    t.strictSame(await record.order(), ['db start'], 'db is not healthy yet')

    await docker.putFile(docker.name('db'), '/tmp', 'up')
    t.match(await reply, { status: 200, text: /chunk 29\nend\n$/ })
    t.equal(await history.count('health_status: healthy'), 0, 'Docker itself has not looked yet')

    await wakedock.reaches('blog', ['asleep'])
    // The stream came whole, so app died after it, and the others after app.
    t.strictSame(await record.order(), [...UP, ...DOWN])
    t.match(await wakedock.service('blog'), {
      last_sleep: { reason: 'idle' },
      totals: { wakes: 1, sleeps: 1 },
    })
  },
)

t.test(
  'a request during the stop of the parts waits, and wakes what has been stopped, in order',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'cache', 'app')
    const cache = historyOf(docker, 'cache')
    await docker.create('db', part(docker))
    await docker.create('cache', part(docker, { atEnd: 'sleep 3' }))
    await docker.create('app')
    const containers = namesOf(docker, 'db', 'cache', 'app')
    const wakedock = await startWakeDock(t, docker, { blog: { ...FLEETING, containers } })

    const first = JSON.parse((await wakedock.send('blog', '/boot')).text)
    await cache.first('kill')
    t.match(await wakedock.service('blog'), { state: 'stopping' })
    const [got, posted] = await Promise.all([
      wakedock.send('blog', '/boot'),
      wakedock.send('blog', '/echo', { method: 'POST', body: 'kept' }),
    ])
    t.match(posted, { status: 200, text: 'kept' })
    t.ok(JSON.parse(got.text).startedAt > first.startedAt, 'answered by the next run')
    const order = await record.order()
    t.strictSame(order.slice(0, 5), [...UP, 'app die', 'cache die'])
    const after = order.slice(5).filter((event) => event.endsWith('start'))
    // db may have been left alone, or stopped and started again: never is the app there before what it needs.
    t.strictSame(after.slice(-2), ['cache start', 'app start'])
    t.equal(after.filter((event) => event === 'app start').length, 1)
  },
)

t.test(
  'a part that crashes while the stack is awake comes back, and nobody else is touched',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'app')
    await docker.create('db', part(docker))
    await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { blog: { containers: namesOf(docker, 'db', 'app') } })
    t.equal((await wakedock.send('blog')).status, 200)

    await docker.putFile(docker.name('db'), '/tmp', 'crash')
    t.strictSame(await record.orderAfter(4), ['db start', 'app start', 'db die', 'db start'])
    await wakedock.says(`blog/${docker.name('db')}`, 'target_changed', ({ msg }) => /exit code 1/.test(msg))
    t.match(await wakedock.service('blog'), { state: 'awake', failure: null })
    t.equal((await wakedock.send('blog')).status, 200)
  },
)

t.test(
  'a part that a person stops stays down until the stack wakes again: WakeDock does not fight a hand',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'app')
    const db = await docker.create('db', part(docker))
    await docker.create('app')
    const wakedock = await startWakeDock(t, docker, { blog: { containers: namesOf(docker, 'db', 'app') } })
    t.equal((await wakedock.send('blog')).status, 200)

    await db.handle.stop({ t: 5 })
    const view = await until('the API says so', async () => {
      const now = await wakedock.service('blog')
      return now.parts[0]?.state === 'asleep' && now
    })
    t.equal(view.state, 'awake')
    t.equal((await wakedock.send('blog')).status, 200)
    t.match(await wakedock.cli('sleep', 'blog', '--wait'), { code: 0 })
    t.equal((await wakedock.send('blog')).status, 200)
    t.strictSame(await record.order(), [
      'db start',
      'app start',
      'db die',
      'app die',
      'db start',
      'app start',
    ])
  },
)

for (const [how, exitCode] of [
  ['is killed', 137],
  ['crashes', 1],
] as const) {
  t.test(
    `when the main part ${how} the stack sleeps, and the next request wakes all of it`,
    { skip, buffered: true },
    async (t) => {
      const docker = await openDocker(t)
      const record = recordOf(docker, 'db', 'web')
      await docker.create('db', part(docker))
      const serve = part(docker, { first: 'echo hello >/tmp/index.html; httpd -p 80 -h /tmp' })
      const web = await docker.create('web', { ...serve, expose: [80] })
      const wakedock = await startWakeDock(t, docker, { blog: { containers: namesOf(docker, 'db', 'web') } })
      t.equal((await wakedock.send('blog')).status, 200)

      if (how === 'is killed') await web.handle.kill()
      else await docker.putFile(web.name, '/tmp', 'crash')
      t.strictSame(await record.orderAfter(4), ['db start', 'web start', 'web die', 'db die'])
      await wakedock.reaches('blog', ['asleep'])
      t.match(await wakedock.says('blog', 'target_changed'), { what: `ended with exit code ${exitCode}` })
      t.equal((await wakedock.send('blog')).status, 200)
      t.strictSame((await record.order()).slice(4), ['db start', 'web start'])
    },
  )
}

t.test('what runs when WakeDock starts is taken over as a stack, and sleeps as one', { skip }, async (t) => {
  const docker = await openDocker(t)
  const record = recordOf(docker, 'db', 'app')
  await docker.run('db', part(docker))
  await docker.run('app')
  const containers = namesOf(docker, 'db', 'app')
  const wakedock = await startWakeDock(t, docker, { blog: { ...FLEETING, containers } })
  await wakedock.says('blog', 'adopted')
  t.strictSame(await record.orderAfter(4), ['db start', 'app start', 'app die', 'db die'])
  await wakedock.reaches('blog', ['asleep'])
})
