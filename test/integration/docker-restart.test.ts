/** WakeDock itself ends, by force or by order: no container ends with it, and the next WakeDock takes them over. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { dockerSkip, openDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock } from './wakedock.ts'

const skip = dockerSkip()
const IDLE = 3000

// They mostly wait.
t.jobs = 2

t.test(
  'after a SIGKILL running containers are adopted, and sleep when they are idle',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    const { handle } = await docker.create('app')
    await docker.create('idle')
    const services = { app: { idle_timeout: `${IDLE}ms`, min_awake: 0 }, idle: {} }
    // Not t.testdir(): a second run of this file at the same time would write its config to the same place.
    const folder = await mkdtemp(join(tmpdir(), 'wakedock-test-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))

    const first = await startWakeDock(t, docker, services, { folder })
    const before = JSON.parse((await first.send('app', '/boot')).text)
    const cut = first.send('app', '/stream?seconds=60')
    await first.reaches('app', ['awake'])
    await Promise.all([t.rejects(cut), first.end('SIGKILL')])
    t.equal((await handle.inspect()).State.Running, true)

    const begun = Date.now()
    const second = await startWakeDock(t, docker, services, { folder })
    await second.says('app', 'adopted')
    await second.reaches('app', ['awake', 'stopping', 'asleep'])
    const died = await history.first('die')
    t.ok(died - begun >= IDLE, `a full idle window: stopped ${died - begun} ms after the start`)
    t.match(await second.reaches('app', ['asleep']), { last_wake: { trigger: 'external', outcome: 'ready' } })
    t.equal(await history.count('start'), 1, 'to take over is no start')
    t.match(await second.service('idle'), { state: 'asleep', last_wake: null }, 'what slept is left asleep')

    const again = JSON.parse((await second.send('app', '/boot')).text)
    t.ok(again.startedAt > before.startedAt, 'and it wakes as ever')
  },
)

t.test('a request finds what was adopted awake, with no start', { skip, buffered: true }, async (t) => {
  const docker = await openDocker(t)
  const history = historyOf(docker, 'app')
  await docker.run('app')
  const wakedock = await startWakeDock(t, docker, { app: {} })
  // At once: what the provider has to say may come before it or after it.
  t.equal((await wakedock.send('app')).status, 200)
  t.equal(await history.count('start'), 1, 'ours, not WakeDock’s')
  t.equal((await wakedock.reaches('app', ['awake'])).state, 'awake')
})

t.test(
  'an orderly end refuses what waits, lets streams finish, and leaves containers running',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const busy = await docker.create('busy')
    const slow = await docker.create('slow', { env: { NEVER_LISTEN: '1' } })
    const wakedock = await startWakeDock(t, docker, { busy: {}, slow: {} })

    const flowing = Promise.withResolvers<void>()
    const stream = wakedock.send('busy', '/stream?seconds=5', { onData: () => flowing.resolve() })
    const held = wakedock.send('slow', '/', { method: 'POST', body: 'x' })
    await flowing.promise
    // It runs, and is probed in vain.
    await wakedock.reaches('slow', ['waking'])
    while (!(await slow.handle.inspect()).State.Running) await wakedock.service('slow')

    const ended = wakedock.end('SIGTERM')
    const refused = await held
    t.match(refused, { status: 503, code: 'WAKEDOCK_SHUTTING_DOWN' })
    t.match(refused.headers['retry-after'], /^\d+$/)
    t.match(await stream, { status: 200, text: /chunk 49\nend\n$/ })
    await ended
    t.equal(wakedock.process.exitCode, 0)
    t.equal((await busy.handle.inspect()).State.Running, true)
    t.equal((await slow.handle.inspect()).State.Running, true)
  },
)
