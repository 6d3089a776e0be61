/**
 * Containers that cannot be woken: what the client is told, what the admin is told to do, and that doing it is enough.
 * WakeDock is never restarted here.
 */
import t from 'tap'
import type { FailureReason } from '../../src/errors.ts'
import { dockerSkip, openDocker, until, type ContainerOptions, type TestDocker } from '../helpers/docker.ts'
import { historyOf } from './engine-events.ts'
import { startWakeDock, type Reply, type WakeDock } from './wakedock.ts'

const skip = dockerSkip()
/** A busy machine needs some of it to start a container, and only what is known after that tells the failures apart. */
const START_TIMEOUT = '5s'

// Each mostly waits for a timeout.
t.jobs = 3

/** BusyBox serves once there is a file `good`; until then it ends at once. */
const needsFile = (docker: TestDocker): ContainerOptions => ({
  image: docker.busyboxImage,
  command: ['sh', '-c', 'test -e /tmp/good && exec httpd -f -p 80 -h /tmp; exit 3'],
  expose: [80],
})

async function replace(docker: TestDocker): Promise<void> {
  await docker.create('app')
}

interface Case {
  readonly name: string
  /** null: there is none. */
  readonly container: ((docker: TestDocker) => ContainerOptions) | null
  readonly answer: { readonly status: number; readonly code: string }
  readonly failure: { readonly reason: FailureReason; readonly message: RegExp; readonly hint: RegExp }
  /** Whether requests are refused for a while after it. Where asking costs nothing, they are not. */
  readonly backoff: boolean
  /** What the hint says. */
  readonly remedy: (docker: TestDocker) => Promise<void>
}

const CASES: readonly Case[] = [
  {
    name: 'a missing container',
    container: null,
    answer: { status: 502, code: 'WAKEDOCK_WAKE_FAILED' },
    failure: { reason: 'missing', message: /does not exist/, hint: /Create it/ },
    backoff: false,
    remedy: replace,
  },
  {
    name: 'a command that exits at once',
    container: needsFile,
    answer: { status: 502, code: 'WAKEDOCK_WAKE_FAILED' },
    failure: { reason: 'exited', message: /exit code 3/, hint: /log/ },
    backoff: true,
    remedy: (docker) => docker.putFile(docker.name('app'), '/tmp', 'good'),
  },
  {
    name: 'a command that does not exist',
    container: (docker) => ({ image: docker.busyboxImage, command: ['no-such-program'], expose: [80] }),
    answer: { status: 502, code: 'WAKEDOCK_WAKE_FAILED' },
    failure: { reason: 'refused', message: /no-such-program/, hint: /command/ },
    backoff: true,
    remedy: replace,
  },
  {
    name: 'an app that never listens',
    container: () => ({ env: { NEVER_LISTEN: '1' } }),
    answer: { status: 504, code: 'WAKEDOCK_WAKE_TIMEOUT' },
    failure: { reason: 'not_ready', message: /port 3000 refuses connections/, hint: /start_timeout/ },
    backoff: true,
    remedy: replace,
  },
  {
    name: 'an app that answers 503 for ever',
    container: () => ({ env: { ALWAYS_503: '1' } }),
    answer: { status: 504, code: 'WAKEDOCK_WAKE_TIMEOUT' },
    failure: { reason: 'not_ready', message: /answers 503/, hint: /ready/ },
    backoff: true,
    remedy: replace,
  },
]

for (const each of CASES) {
  t.test(
    `${each.name}: the client is told, the admin is told what to do, and doing it is enough`,
    { skip, buffered: true },
    async (t) => {
      const docker = await openDocker(t)
      if (each.container !== null) await docker.create('app', each.container(docker))
      const wakedock = await startWakeDock(t, docker, { app: { start_timeout: START_TIMEOUT } })

      const [got, posted] = await Promise.all([
        wakedock.send('app'),
        wakedock.send('app', '/', { method: 'POST', body: 'x' }),
      ])
      for (const reply of [got, posted]) t.match(reply, each.answer)
      t.equal(got.headers['cache-control'], 'no-store')
      t.match(got.headers['proxy-status'], /^WakeDock; error=/)
      t.notMatch(got.text, docker.name('app'), 'what is inside is not the client’s business')

      const view = await wakedock.service('app')
      t.equal(view.state, 'failed')
      t.match(view.failure, each.failure)
      const line = await wakedock.says('app', 'wake_finished')
      t.match(line, { level: 'error', reason: each.failure.reason, hint: each.failure.hint })
      t.match(line.msg, each.failure.hint, 'the line is complete without its fields')

      if (each.backoff) t.match(await refused(wakedock, each), { code: 'WAKEDOCK_WAKE_FAILED' })
      else t.match(await wakedock.send('app'), each.answer, 'asking again costs nothing')

      await each.remedy(docker)
      const reply = await until(
        'it recovers',
        async () => {
          const again = await wakedock.send('app', '/good')
          return again.status === 200 && again
        },
        60_000,
      )
      t.equal(reply.code, null, 'the app answers')
      t.match(await wakedock.service('app'), { state: 'awake', failure: null })
    },
  )
}

t.test(
  'an app that is slower than start_timeout is found ready by a later request, without another start',
  { skip, buffered: true },
  async (t) => {
    const docker = await openDocker(t)
    const history = historyOf(docker, 'app')
    await docker.create('app', { env: { BOOT_MS: '5000' } })
    const wakedock = await startWakeDock(t, docker, { app: { start_timeout: '2s' } })
    t.match(await wakedock.send('app'), { status: 504, code: 'WAKEDOCK_WAKE_TIMEOUT' })
    await until('it is ready', async () => (await wakedock.send('app')).status === 200, 60_000)
    t.equal(await history.count('start'), 1)
  },
)

/** The refusal in the backoff. A machine that took longer than the backoff gets the failure once more, and a longer one. */
async function refused(wakedock: WakeDock, { answer }: Case): Promise<Reply> {
  return until('requests are refused for a while', async () => {
    const reply = await wakedock.send('app')
    if (reply.status !== 503) {
      if (reply.status !== answer.status) throw new Error(`${reply.status} ${reply.text}`)
      return false
    }
    if (!(Number(reply.headers['retry-after']) >= 1)) throw new Error('without Retry-After')
    return reply
  })
}
