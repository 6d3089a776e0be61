/** A stop whose answer is lost: the connection breaks while Docker carries it out, as it does when Docker is restarted. */
import t from 'tap'
import { createDockerProvider } from '../../../src/provider/docker/provider.ts'
import { clock } from '../../../src/clock.ts'
import type { ContainerTarget } from '../../../src/domain/service.ts'
import type { Scope } from '../../helpers/docker.ts'
import { inspection, json, openFakeEngine, type FakeEngine } from './fake-engine.ts'

const app: ContainerTarget = {
  kind: 'container',
  key: 'container:app',
  name: 'app',
  port: 80,
  scheme: 'http',
  addressed: true,
}
const STOP = `POST /containers/${'c'.repeat(64)}/stop`
const INSPECT = 'GET /containers/app/json'

async function open(t: Scope): Promise<{ engine: FakeEngine; stop: () => Promise<void> }> {
  const engine = await openFakeEngine(t)
  const provider = createDockerProvider({ host: engine.host, network: null, clock })
  t.teardown(() => provider.close())
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  return { engine, stop: () => provider.stop(app, 1_000) }
}

t.test('it is not over before Docker answers again, and says that the container is down', async (t) => {
  const { engine, stop } = await open(t)
  engine.answers.set(STOP, (request) => {
    engine.answers.set(INSPECT, (second) => {
      engine.answers.set(INSPECT, json(inspection('app', 'exited')))
      second.destroy()
    })
    request.destroy()
  })
  await stop()
  t.strictSame(
    engine.requests.filter((what) => what !== 'GET /version'),
    [INSPECT, STOP, INSPECT, INSPECT],
  )
})

t.test('a container that runs on is stopped again', async (t) => {
  const { engine, stop } = await open(t)
  engine.answers.set(STOP, (request) => {
    engine.answers.set(STOP, json('', 204))
    request.destroy()
  })
  await stop()
  t.equal(engine.requests.filter((what) => what === STOP).length, 2)
})

t.test(
  'where Docker cannot even be asked about the container, nothing was begun, and that is said at once',
  async (t) => {
    const { engine, stop } = await open(t)
    engine.answers.set(INSPECT, (request) => void request.destroy())
    await t.rejects(stop(), { message: /connection closed/, reason: 'unreachable' })
    t.notOk(engine.requests.includes(STOP))
  },
)

t.test('the same goes for a pause', async (t) => {
  const engine = await openFakeEngine(t)
  const provider = createDockerProvider({ host: engine.host, network: null, clock })
  t.teardown(() => provider.close())
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  const PAUSE = STOP.replace('/stop', '/pause')
  engine.answers.set(PAUSE, (request) => {
    engine.answers.set(INSPECT, (second) => {
      engine.answers.set(INSPECT, json(inspection('app', 'paused')))
      second.destroy()
    })
    request.destroy()
  })
  await provider.pause(app)
  t.equal(engine.requests.filter((what) => what === PAUSE).length, 1)
})

t.test('a refusal is one', async (t) => {
  const { engine, stop } = await open(t)
  engine.answers.set(STOP, json({ message: 'cannot stop container' }, 500))
  await t.rejects(stop(), { message: /cannot stop/, reason: 'refused' })
})
