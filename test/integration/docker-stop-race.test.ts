/**
 * The race that loses wakes: Docker answers "not modified" to a start while a stop is under way. So a request that comes
 * during the stop has to wait for its end.
 */
import t from 'tap'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

t.test(
  'requests that come while the container takes 3 s to obey SIGTERM are held, and answered after one more start',
  { skip: dockerSkip() },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app', { env: { TERM_DELAY_MS: '3000' } })
    const wakedock = await startWakeDock(t, docker, { app: { idle_timeout: '1s', min_awake: 0 } })

    const first = JSON.parse((await wakedock.send('app', '/boot')).text)
    await wakedock.says('app', 'sleep_started')
    t.equal((await wakedock.service('app')).state, 'stopping')
    const [got, posted] = await Promise.all([
      wakedock.send('app', '/boot'),
      wakedock.send('app', '/echo', { method: 'POST', body: 'kept' }),
    ])

    const second = JSON.parse(got.text)
    t.ok(
      second.startedAt > (await history.first('die')),
      'answered by the next run, not by the one that ends',
    )
    t.ok(second.startedAt > first.startedAt)
    t.match(posted, { status: 200, text: 'kept' })
    const held = /^wake;dur=(\d+)$/.exec(String(got.headers['server-timing']))?.[1]
    t.ok(Number(held) > 1000, `held for ${held} ms`)
    const actions = (await history.all()).map(({ action }) => action)
    t.strictSame(actions.slice(0, 6), ['create', 'start', 'kill', 'die', 'stop', 'start'])
    t.equal(actions.filter((action) => action === 'start').length, 2)
  },
)
