/** `depends_on` on a real engine: two services share a third one that nobody sends requests to. */
import t from 'tap'
import { dockerSkip, openDocker, type TestDocker } from '../helpers/docker.ts'
import { recordOf } from './engine-events.ts'
import { part } from './parts.ts'
import { NO_HOSTS, startWakeDock, type Services } from './wakedock.ts'

const skip = dockerSkip()
const SHARED = 'depends_on'

// They mostly wait.
t.jobs = 2

async function create(docker: TestDocker): Promise<void> {
  await docker.create('db', part(docker))
  await docker.create('blog')
  await docker.create('wiki')
}

function services(idle: string): Services {
  const policy = { idle_timeout: idle, min_awake: 0, [SHARED]: 'db' }
  // Its own idle timeout is for those who use it directly: nobody does.
  return { db: { ...NO_HOSTS, idle_timeout: '1h', min_awake: 0 }, blog: policy, wiki: policy }
}

t.test(
  'what two services need is started once, kept while either is awake, and stopped after the last',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'blog', 'wiki')
    await create(docker)
    const wakedock = await startWakeDock(t, docker, services('1s'))

    const stream = wakedock.send('blog', '/stream?seconds=6')
    t.equal((await wakedock.send('wiki')).status, 200)
    await wakedock.reaches('wiki', ['asleep'])
    t.match(await wakedock.service('db'), {
      state: 'awake',
      kept: 'dependent',
      needed_by: ['blog'],
      sleeps_at: null,
      last_wake: { trigger: 'dependent' },
    })
    t.match((await wakedock.cli('status')).out, /^db +awake .* needed by blog/m)

    t.match(await stream, { status: 200, text: /chunk 59\nend\n$/ })
    await wakedock.reaches('db', ['asleep'])
    const order = await record.order()
    t.equal(order[0], 'db start')
    t.strictSame(order.slice(1, 3).toSorted(), ['blog start', 'wiki start'])
    t.strictSame(order.slice(3), ['wiki die', 'blog die', 'db die'])
    t.match(await wakedock.service('db'), { last_sleep: { reason: 'unneeded' } })
  },
)

t.test(
  'the command line refuses to put to sleep what is needed, says by whom, and obeys --force',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'blog', 'wiki')
    await create(docker)
    const wakedock = await startWakeDock(t, docker, services('1h'))
    t.match(await wakedock.cli('wake', 'blog', '--wait'), { code: 0, out: /blog is awake/ })
    t.equal((await wakedock.send('wiki')).status, 200)

    const refused = await wakedock.cli('sleep', 'db')
    t.equal(refused.code, 1)
    t.match(refused.err, /blog and wiki need it/)
    t.match(refused.err, /force/)
    t.equal((await wakedock.service('db')).state, 'awake')
    t.strictSame(await record.order(), ['db start', 'blog start', 'wiki start'])

    t.match(await wakedock.cli('sleep', 'db', '--force', '--wait'), { code: 0, out: /db is asleep/ })
    const order = await record.order()
    t.strictSame(order.slice(3, 5).toSorted(), ['blog die', 'wiki die'])
    t.strictSame(order.slice(5), ['db die'])
    t.match(await wakedock.service('blog'), { state: 'asleep', last_sleep: { reason: 'operator' } })
    t.equal((await wakedock.send('blog')).status, 200, 'the next request wakes what it needs')
    t.strictSame((await record.order()).slice(6), ['db start', 'blog start'])
  },
)

t.test(
  'when what it needs cannot be started, the client is told, and the admin of whose fault it is',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'blog', 'wiki')
    await create(docker)
    await docker.create('db', { image: docker.busyboxImage, command: ['no-such-program'] })
    const wakedock = await startWakeDock(t, docker, services('1h'))
    const [blog, wiki] = await Promise.all([wakedock.send('blog'), wakedock.send('wiki')])
    for (const reply of [blog, wiki]) t.match(reply, { code: 'WAKEDOCK_WAKE_FAILED' })
    t.match(await wakedock.service('blog'), {
      state: 'failed',
      failure: { reason: 'dependency', message: /^db, which it needs, failed: .*no-such-program/ },
    })
    t.match(await wakedock.service('db'), { state: 'failed', failure: { reason: 'refused' } })
    t.strictSame(await record.order(), [])

    await docker.create('db', part(docker))
    t.match(await wakedock.cli('wake', 'blog', '--wait'), { code: 0 })
    t.equal((await wakedock.send('blog')).status, 200)
  },
)

t.test(
  'a database that was awake for itself goes on when nobody needs it any more',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'blog', 'wiki')
    await create(docker)
    await docker.create('db')
    // With hosts: somebody sends it requests.
    const wakedock = await startWakeDock(t, docker, { ...services('1s'), db: { idle_timeout: '1h' } })
    t.equal((await wakedock.send('blog')).status, 200)
    t.equal((await wakedock.send('db')).status, 200)
    await wakedock.reaches('blog', ['asleep'])
    t.match(await wakedock.service('db'), { state: 'awake', kept: null })
    t.type((await wakedock.service('db')).sleeps_at, 'string', 'by its own idle timeout')
    t.strictSame(await record.order(), ['db start', 'blog start', 'blog die'])
  },
)
