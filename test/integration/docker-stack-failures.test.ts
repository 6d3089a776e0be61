/**
 * A stack of which one container cannot be started: the client hears of it at once, the admin hears which one it was and why, and
 * what this wake has started is stopped again.
 */
import t from 'tap'
import type { FailureReason } from '../../src/errors.ts'
import { dockerSkip, openDocker, until, type ContainerOptions, type TestDocker } from '../helpers/docker.ts'
import { recordOf } from './engine-events.ts'
import { part } from './parts.ts'
import { namesOf, startWakeDock } from './wakedock.ts'

const skip = dockerSkip()

// They mostly wait.
t.jobs = 2

interface Case {
  readonly name: string
  /** null: it does not exist. */
  readonly cache: ((docker: TestDocker) => ContainerOptions) | null
  readonly answer: { readonly status: number; readonly code: string }
  readonly failure: { readonly reason: FailureReason; readonly message: RegExp; readonly hint: RegExp }
  /** It runs on when it has failed, and is stopped. */
  readonly outlasts?: boolean
  /** What happens to the containers, in order. */
  readonly order: readonly string[]
}

const FAILED = { status: 502, code: 'WAKEDOCK_WAKE_FAILED' }

const CASES: readonly Case[] = [
  {
    name: 'ends with exit code 1 before it is healthy',
    cache: (docker) => part(docker, { checked: true, first: 'sleep 0.5; exit 1' }),
    answer: FAILED,
    failure: { reason: 'exited', message: /exit code 1/, hint: /log/ },
    order: ['db start', 'cache start', 'cache die', 'db die'],
  },
  {
    name: 'has a command that does not exist',
    cache: (docker) => ({ image: docker.busyboxImage, command: ['no-such-program'] }),
    answer: FAILED,
    failure: { reason: 'refused', message: /no-such-program/, hint: /command/ },
    order: ['db start', 'db die'],
  },
  {
    name: 'does not exist',
    cache: null,
    answer: FAILED,
    failure: { reason: 'missing', message: /does not exist/, hint: /Create it/ },
    order: ['db start', 'db die'],
  },
  {
    name: 'never becomes healthy',
    cache: (docker) => part(docker, { checked: true }),
    answer: { status: 504, code: 'WAKEDOCK_WAKE_TIMEOUT' },
    failure: { reason: 'not_ready', message: /HEALTHCHECK exits 1/, hint: /start_timeout/ },
    outlasts: true,
    order: ['db start', 'cache start', 'cache die', 'db die'],
  },
]

for (const { name, cache, answer, failure, order, outlasts = false } of CASES) {
  t.test(`the second of three containers ${name}`, { skip, buffered: true }, async (t) => {
    const docker = await openDocker(t)
    const record = recordOf(docker, 'db', 'cache', 'app')
    await docker.create('db', part(docker))
    if (cache !== null) await docker.create('cache', cache(docker))
    await docker.create('app')
    const containers = namesOf(docker, 'db', 'cache', 'app')
    const wakedock = await startWakeDock(t, docker, { blog: { containers, start_timeout: '5s' } })

    const reply = await wakedock.send('blog')
    t.match(reply, answer)
    t.notMatch(reply.text, docker.name('cache'), 'what is inside is not the client’s business')
    t.strictSame((await record.orderAfter(order.length)).toSorted(), [...order].toSorted())

    const view = await wakedock.service('blog')
    t.equal(view.state, 'failed')
    const why = `${view.failure?.message} ${view.failure?.hint}`
    t.match(why, docker.name('cache'), 'the service names the part')
    t.match(why, failure.message)
    t.match(why, failure.hint)
    const [db, culprit, app] = view.parts
    // One that was given up and then stopped sleeps like any other: what is wrong stands at the service.
    const left = outlasts ? { state: 'asleep', failure: null } : { state: 'failed', failure }
    t.match(culprit, { name: `blog/${docker.name('cache')}`, ...left })
    t.match(db, { failure: null })
    t.not(app?.state, 'awake')
    t.match((await wakedock.cli('status', 'blog')).out, failure.message)

    await until('nothing is left running', async () => {
      const running = await docker.api.listContainers({ filters: { name: [docker.name('')] } })
      return running.length === 0
    })
    t.strictSame(await record.order(), order, 'in this order')
  })
}

t.test('the main part ends at once: what was started for it is stopped', { skip }, async (t) => {
  const docker = await openDocker(t)
  const record = recordOf(docker, 'db', 'app')
  await docker.create('db', part(docker))
  await docker.create('app', { env: { EXIT_AFTER_MS: '0', EXIT_CODE: '3', NEVER_LISTEN: '1' } })
  const wakedock = await startWakeDock(t, docker, { blog: { containers: namesOf(docker, 'db', 'app') } })
  t.match(await wakedock.send('blog'), FAILED)
  t.match(await wakedock.service('blog'), {
    state: 'failed',
    failure: { reason: 'exited', message: new RegExp(`${docker.name('app')} ended with exit code 3`) },
  })
  t.strictSame(await record.orderAfter(4), ['db start', 'app start', 'app die', 'db die'])
})
