/** What people do to the container beside WakeDock: it follows within a second, and the next request works. */
import t from 'tap'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

/** Milliseconds: how soon the state has to follow. */
const SOON = 1000
const skip = dockerSkip()

t.test('the state follows docker stop, start, pause and unpause within a second', { skip }, async (t) => {
  const docker = await openDocker(t)
  const history = historyOf(docker, 'app')
  const { handle } = await docker.create('app')
  const wakedock = await startWakeDock(t, docker, { app: {} })
  t.equal((await wakedock.send('app')).status, 200)

  await handle.stop({ t: 5 })
  await wakedock.reaches('app', ['asleep'], SOON)
  await handle.start()
  await wakedock.reaches('app', ['waking', 'awake'], SOON)
  await wakedock.reaches('app', ['awake'])
  t.match(await wakedock.says('app', 'wake_finished', (line) => line['trigger'] === 'external'), {
    outcome: 'ready',
  })

  await handle.pause()
  await wakedock.reaches('app', ['asleep'], SOON)
  await handle.unpause()
  await wakedock.reaches('app', ['waking', 'awake'], SOON)
  await wakedock.reaches('app', ['awake'])

  await handle.pause()
  await wakedock.reaches('app', ['asleep'], SOON)
  t.match(await wakedock.send('app'), { status: 200, text: /^hello/ }, 'a request wakes what is paused')
  t.equal(await history.count('start'), 2, 'the first request, and the hand; to resume is no start')
  t.equal(await history.count('unpause'), 2)

  await handle.stop({ t: 5 })
  t.equal((await wakedock.send('app')).status, 200, 'a request wakes what was stopped by hand')
})

t.test('after rm and create under the same name the next request works', { skip }, async (t) => {
  const docker = await openDocker(t)
  const old = await docker.create('app', { env: { PORT: '3000' } })
  const wakedock = await startWakeDock(t, docker, { app: {} })
  const before = JSON.parse((await wakedock.send('app', '/boot')).text)
  const address = await addressOf(old.handle)

  await old.handle.remove({ force: true })
  // Docker may hand out the address again: to somebody else, who answers on the same port.
  await docker.run('stranger')
  const next = await docker.create('app', { env: { PORT: '3001' }, expose: [3001] })
  const after = await wakedock.send('app', '/boot')
  t.equal(after.status, 200)
  t.ok(JSON.parse(after.text).startedAt > before.startedAt, 'the new one answers')
  t.not(next.id, old.id)
  t.not(`${await addressOf(next.handle)}:3001`, `${address}:3000`)
  t.match(await wakedock.service('app'), { state: 'awake', failure: null })

  // As `docker compose up` does it: the new one runs before WakeDock has been asked for anything.
  await next.handle.remove({ force: true })
  await docker.run('app')
  t.match(await wakedock.send('app', '/echo', { method: 'POST', body: 'x' }), { status: 200, text: 'x' })
})

t.test('a removed container is told within a second, and so is its return', { skip }, async (t) => {
  const docker = await openDocker(t)
  const { handle } = await docker.create('app')
  const wakedock = await startWakeDock(t, docker, { app: {} })
  t.equal((await wakedock.send('app')).status, 200)

  await handle.remove({ force: true })
  const view = await wakedock.reaches('app', ['failed'], SOON)
  t.match(view.failure, { reason: 'missing', hint: /Create it/ })
  await docker.create('app')
  await wakedock.reaches('app', ['asleep'], SOON)
  await docker.api.getContainer(docker.name('app')).rename({ name: docker.name('away') })
  await wakedock.reaches('app', ['failed'], SOON)
  await docker.api.getContainer(docker.name('away')).rename({ name: docker.name('app') })
  await wakedock.reaches('app', ['asleep'], SOON)
})

interface Inspectable {
  inspect(): Promise<{ NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }>
}

async function addressOf(container: Inspectable): Promise<string> {
  const { Networks } = (await container.inspect()).NetworkSettings
  return Networks['bridge']?.IPAddress ?? ''
}
