/** Several services behind one WakeDock, each with its own fate, and Docker's restart policy beside WakeDock's will. */
import t from 'tap'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

const skip = dockerSkip()

// They mostly wait.
t.jobs = 2

t.test(
  'one service sleeps, wakes and fails without disturbing its neighbour',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const busy = historyOf(docker, 'busy')
    await docker.create('busy')
    await docker.create('fleeting')
    await docker.create('broken', {
      image: docker.busyboxImage,
      command: ['sh', '-c', 'exit 3'],
      expose: [80],
    })
    const wakedock = await startWakeDock(t, docker, {
      busy: {},
      fleeting: { idle_timeout: '1s', min_awake: 0 },
      broken: {},
    })

    const stream = wakedock.send('busy', '/stream?seconds=6')
    const first = JSON.parse((await wakedock.send('fleeting', '/boot')).text)
    t.equal((await wakedock.send('broken')).status, 502)
    await wakedock.reaches('fleeting', ['asleep'])
    const second = JSON.parse((await wakedock.send('fleeting', '/boot')).text)
    t.ok(second.startedAt > first.startedAt)

    t.match(await stream, { status: 200, text: /chunk 59\nend\n$/ })
    t.strictSame(
      (await busy.all()).map(({ action }) => action),
      ['create', 'start'],
    )
    t.match(await wakedock.service('busy'), { state: 'awake', totals: { wakes: 1, failed_wakes: 0 } })
  },
)

t.test(
  'a container that crashes once while it boots is brought back by its restart policy, and stays down when put to sleep',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    const crashOnce =
      'test -e /tmp/crashed && exec httpd -f -p 80 -h /tmp; touch /tmp/crashed; sleep 1; exit 1'
    const { handle } = await docker.create('app', {
      image: docker.busyboxImage,
      command: ['sh', '-c', crashOnce],
      expose: [80],
      host: { RestartPolicy: { Name: 'always' } },
    })
    // httpd as process 1 ignores SIGTERM, so it takes the whole grace.
    const wakedock = await startWakeDock(t, docker, {
      app: { idle_timeout: '1s', min_awake: 0, stop_timeout: '1s' },
    })

    t.equal((await wakedock.send('app', '/crashed')).status, 200)
    t.equal(wakedock.log.filter(({ event }) => event === 'wake_started').length, 1, 'one wake')
    await wakedock.reaches('app', ['asleep'])
    t.equal((await handle.inspect()).State.Status, 'exited')
    t.equal(await history.count('start'), 2, 'WakeDock’s, and Docker’s after the crash')
  },
)
