/**
 * What keeps a service awake although nobody uses it, and what does not although somebody asks: pins, schedules and ignored requests.
 * That something does not sleep is seen beside another service that does, under the same rules.
 */
import t from 'tap'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock, type WakeDock } from './wakedock.ts'

const skip = dockerSkip()
const FLEETING = { idle_timeout: '1s', min_awake: 0 }

// They mostly wait.
t.jobs = 2

/** Wakes `control` and waits until it sleeps: for what was idle before, that was longer than its idle timeout. */
async function outlast(wakedock: WakeDock): Promise<void> {
  await wakedock.send('control')
  await wakedock.reaches('control', ['asleep'])
}

t.test(
  'a pinned service is woken and stays awake, until it is unpinned or ordered to sleep',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app')
    await docker.create('control')
    const wakedock = await startWakeDock(t, docker, { app: FLEETING, control: FLEETING })

    t.match(await wakedock.cli('pin', 'app'), { code: 0, out: /app is pinned until it is unpinned/ })
    t.match(await wakedock.reaches('app', ['awake']), { pinned: true, pinned_until: null, kept: 'pin' })
    await outlast(wakedock)
    t.match(await wakedock.service('app'), { state: 'awake', sleeps_at: null })
    t.match((await wakedock.cli('status')).out, /^app +awake .* pinned/m)
    t.match(await wakedock.cli('unpin', 'app'), { code: 0 })
    await wakedock.reaches('app', ['asleep'])
    t.equal(await history.count('die'), 1)

    const pin = `${wakedock.admin}/api/v1/services/app/pin`
    const body = JSON.stringify({ for: '2h' })
    const headers = { 'content-type': 'application/json' }
    const pinned = await fetch(pin, { method: 'PUT', headers, body })
    t.equal(pinned.status, 200)
    const { pinned_until: end } = await wakedock.reaches('app', ['awake'])
    t.ok(Date.parse(end ?? '') > Date.now() + 3_600_000, `pinned until ${end}`)
    await outlast(wakedock)
    t.equal((await wakedock.service('app')).state, 'awake')
    t.match(await wakedock.cli('sleep', 'app', '--wait'), { code: 0 })
    t.match(await wakedock.service('app'), { state: 'asleep', pinned: false })

    await fetch(pin, { method: 'PUT', headers, body })
    await wakedock.reaches('app', ['awake'])
    t.equal((await fetch(pin, { method: 'DELETE' })).status, 200)
    await wakedock.reaches('app', ['asleep'])
    t.match(await fetch(pin, { method: 'PUT', headers, body: '{"for":"soon"}' }), { status: 400 })
  },
)

t.test(
  'a service whose schedule is open is woken at the start and kept awake, but not against an order or a hand',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const open = await docker.create('open')
    await docker.create('closed')
    await docker.create('control')
    const schedule = (from: number, to: number) => ({
      schedule: [{ from: clockAt(from), to: clockAt(to) }],
      timezone: 'UTC',
    })
    const wakedock = await startWakeDock(t, docker, {
      open: { ...FLEETING, ...schedule(-60, 60) },
      closed: { ...FLEETING, ...schedule(120, 180) },
      control: FLEETING,
    })

    t.match(await wakedock.reaches('open', ['awake']), {
      kept: 'schedule',
      last_wake: { trigger: 'schedule' },
    })
    await outlast(wakedock)
    t.match(await wakedock.service('open'), { state: 'awake', sleeps_at: null })
    t.match(await wakedock.service('closed'), { state: 'asleep', kept: null, last_wake: null })
    t.match((await wakedock.cli('status')).out, /^open +awake .* scheduled/m)

    t.match(await wakedock.cli('sleep', 'open', '--wait'), { code: 0 })
    await outlast(wakedock)
    t.equal((await wakedock.service('open')).state, 'asleep', 'an order goes before the schedule')
    t.equal((await wakedock.send('open')).status, 200)
    await outlast(wakedock)
    t.equal((await wakedock.service('open')).state, 'awake', 'woken again, the schedule keeps it')

    await open.handle.stop({ t: 5 })
    await wakedock.reaches('open', ['asleep'])
    await outlast(wakedock)
    t.equal((await wakedock.service('open')).state, 'asleep', 'whoever stops it by hand means it')
  },
)

t.test(
  'an ignored request wakes nothing, passes while the service is awake, and does not keep it so',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app')
    const ignore = { user_agents: ['uptimerobot'], paths: ['/health'], methods: ['OPTIONS'] }
    const wakedock = await startWakeDock(t, docker, { app: { ...FLEETING, ignore } })
    const monitor = { headers: { 'user-agent': 'Mozilla/5.0 (compatible; UptimeRobot/2.0)' } }
    for (const [path, options] of [
      ['/', monitor],
      ['/health', {}],
      ['/health/deep?full=1', {}],
      ['/', { method: 'OPTIONS' }],
    ] as const) {
      const reply = await wakedock.send('app', path, options)
      t.match(reply, { status: 503, code: 'WAKEDOCK_NOT_WOKEN' })
      t.match(reply.headers['retry-after'], /^\d+$/)
    }
    t.match(await wakedock.service('app'), { state: 'asleep', last_wake: null })
    t.equal(await history.count('start'), 0)

    t.equal((await wakedock.send('app', '/healthy')).status, 200, 'another path is a visitor')
    const reply = await wakedock.send('app', '/', monitor)
    t.match(reply, { status: 200, text: /^hello/ })
    await until('it sleeps while the monitor goes on asking', async () => {
      const { code } = await wakedock.send('app', '/', monitor)
      return code === 'WAKEDOCK_NOT_WOKEN'
    })
    await wakedock.reaches('app', ['asleep'])
    t.equal(await history.count('start'), 1)
  },
)

/** What the clocks of UTC say so many minutes from now. */
function clockAt(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)
}
