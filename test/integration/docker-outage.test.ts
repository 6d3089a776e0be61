/** Docker itself is away: at WakeDock's start, for a while, and while containers serve. */
import t from 'tap'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import { startWakeDock, type WakeDock } from './wakedock.ts'

const skip = dockerSkip()

// They mostly wait.
t.jobs = 2

async function ready(wakedock: WakeDock): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${wakedock.admin}/readyz`)
  return { status: answer.status, text: await answer.text() }
}

t.test(
  'with the socket absent at the start requests wait for it, as long as they may',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay({ up: false })
    await docker.create('patient')
    await docker.create('hasty')
    const wakedock = await startWakeDock(
      t,
      docker,
      { patient: {}, hasty: { start_timeout: '2s' } },
      { host: relay.host },
    )

    const lost = await wakedock.logged('docker is away', ({ event }) => event === 'provider_lost')
    t.match(lost, { level: 'error', msg: /no such socket.*Start Docker/ })
    t.match(await ready(wakedock), { status: 503, text: /Start Docker/ })

    const held = wakedock.send('patient', '/echo', { method: 'POST', body: 'kept' })
    t.match(await wakedock.send('hasty'), { status: 504, code: 'WAKEDOCK_WAKE_TIMEOUT' })
    t.match((await wakedock.service('hasty')).failure, { reason: 'unreachable', hint: /Start Docker/ })
    t.match(await wakedock.service('patient'), { state: 'waking', held: 1 })

    await relay.up()
    t.match(await held, { status: 200, text: 'kept' })
    await until('the other one recovers', async () => (await wakedock.send('hasty')).status === 200, 60_000)
    await until('it says so', async () => (await ready(wakedock)).status === 200)
    t.match(await wakedock.service('hasty'), { state: 'awake', failure: null })
  },
)

t.test(
  'while Docker is away what is awake goes on, and what changed meanwhile is known afterwards',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const relay = await docker.relay()
    const stopped = await docker.create('stopped')
    const recreated = await docker.create('recreated')
    const wakedock = await startWakeDock(t, docker, { stopped: {}, recreated: {} }, { host: relay.host })
    t.equal((await wakedock.send('stopped')).status, 200)
    t.equal((await wakedock.send('recreated')).status, 200)

    await relay.down()
    await wakedock.logged('docker is away', ({ event }) => event === 'provider_lost')
    t.equal((await wakedock.send('stopped')).status, 200, 'the data path does not need Docker')
    await stopped.handle.stop({ t: 5 })
    await recreated.handle.remove({ force: true })
    await docker.run('recreated', { env: { PORT: '3001' }, expose: [3001] })

    await relay.up()
    await wakedock.reaches('stopped', ['asleep'])
    await wakedock.reaches('recreated', ['awake'])
    t.equal((await wakedock.send('recreated')).status, 200)
    t.equal((await wakedock.send('stopped')).status, 200)
  },
)
