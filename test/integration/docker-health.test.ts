/** The HEALTHCHECK of real containers: run at WakeDock's pace, as Docker would run it, and told when Docker runs it. */
import type Docker from 'dockerode'
import t from 'tap'
import type { TargetStatus, Upstream } from '../../src/domain/ports.ts'
import { dockerSkip, until, type TestDocker } from '../helpers/docker.ts'
import { open, upstreamOf, type Scene } from '../provider/docker/scene.ts'

const skip = dockerSkip()
const HOUR = 3600e9
const never = new AbortController().signal

// They mostly wait.
t.jobs = 2

/** A container that runs until it is told to end. */
async function run(
  docker: TestDocker,
  suffix: string,
  check: Docker.HealthConfig,
  more: Docker.ContainerCreateOptions = {},
): Promise<Docker.Container> {
  const { handle } = await docker.run(suffix, {
    image: docker.busyboxImage,
    env: { GREETING: 'salut' },
    command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'],
    config: { ...more, Healthcheck: { Interval: HOUR, ...check } },
  })
  return handle
}

/** Of a container that is followed from now on: in a WakeDock nothing ends for want of something to wait for either. */
async function seen({ provider, listener, target }: Scene, suffix: string): Promise<Upstream> {
  const part = target(suffix, { addressed: false })
  provider.watch([part], listener)
  return (await listener.reaches(part, 'running')).upstream
}

const checks: [
  what: string,
  check: Docker.HealthConfig,
  more: Docker.ContainerCreateOptions,
  result: object,
][] = [
  ['a line for the shell that passes', { Test: ['CMD-SHELL', 'true && exit 0'] }, {}, { ready: true }],
  [
    'one that fails, and says why',
    { Test: ['CMD-SHELL', 'echo; echo -e "\\\\033[31mno database\\\\033[0m yet" >&2; exit 3'] },
    {},
    { ready: false, why: 'its HEALTHCHECK exits 3: no database yet' },
  ],
  ['a command', { Test: ['CMD', 'sh', '-c', 'exit 0'] }, {}, { ready: true }],
  [
    'a command that fails in silence',
    { Test: ['CMD', 'false'] },
    {},
    { ready: false, why: 'its HEALTHCHECK exits 1' },
  ],
  [
    'a command that is not there',
    { Test: ['CMD', 'no-such-program'] },
    {},
    { ready: false, why: /no-such-program.*executable file not found/ },
  ],
  [
    "as the container's user, in its folder and environment",
    { Test: ['CMD-SHELL', 'echo "$(id -u) $PWD $GREETING"; exit 1'] },
    { User: '1234', WorkingDir: '/tmp' },
    { ready: false, why: 'its HEALTHCHECK exits 1: 1234 /tmp salut' },
  ],
  [
    "with the image's own shell",
    { Test: ['CMD-SHELL', 'false; true'] },
    { Shell: ['/bin/sh', '-ec'] },
    { ready: false, why: 'its HEALTHCHECK exits 1' },
  ],
  ['one that was taken away', { Test: ['NONE'] }, {}, { ready: false, why: 'it has no HEALTHCHECK' }],
  [
    'more output than anybody reads',
    { Test: ['CMD-SHELL', 'yes | head -c 1000000; exit 1'] },
    {},
    { ready: false, why: 'its HEALTHCHECK exits 1: y' },
  ],
]
for (const [what, check, more, result] of checks) {
  t.test(`a HEALTHCHECK: ${what}`, { skip, buffered: true }, async (t) => {
    const scene = await open(t)
    await run(scene.docker, 'app', check, more)
    const upstream = await seen(scene, 'app')
    t.equal(upstream.healthcheck, what !== 'one that was taken away')
    t.match(await scene.provider.runHealthcheck(upstream, never), result)
  })
}

t.test('it is ready long before the interval of Docker', { skip, buffered: true }, async (t) => {
  const scene = await open(t)
  const handle = await run(scene.docker, 'db', { Test: ['CMD-SHELL', 'test -e /tmp/ready'] })
  const upstream = await seen(scene, 'db')
  t.match(await scene.provider.runHealthcheck(upstream, never), { ready: false })
  await scene.docker.putFile(scene.docker.name('db'), '/tmp', 'ready')
  t.match(await scene.provider.runHealthcheck(upstream, never), { ready: true })
  t.match((await handle.inspect()).State.Health?.Status, 'starting', 'Docker has not looked yet')
})

t.test(
  'what Docker finds out is told: healthy, unhealthy, and healthy again',
  { skip, buffered: true },
  async (t) => {
    const scene = await open(t)
    const { docker, provider, listener } = scene
    const db = scene.target('db', { addressed: false })
    provider.watch([db], listener)
    const check = { Test: ['CMD-SHELL', 'test -e /tmp/ready'], Interval: 2e8, Retries: 1 }
    const handle = await run(docker, 'db', check)
    const told = (health: string): Promise<TargetStatus> =>
      until(`it is ${health}; told: ${listener.log.join(' ')}`, () => {
        const status = listener.last(db)
        return status?.state === 'running' && status.health === health && status
      })
    const unhealthy = upstreamOf(await told('unhealthy'))
    await docker.putFile(docker.name('db'), '/tmp', 'ready')
    t.equal(upstreamOf(await told('healthy')), unhealthy, 'the same run')
    t.match(await provider.runHealthcheck(unhealthy, never), { ready: true })
    await handle.stop()
    await listener.reaches(db, 'stopped')
  },
)

t.test(
  'a run that takes too long is given up, and none is added while it lasts',
  { skip, buffered: true },
  async (t) => {
    const scene = await open(t)
    const test = 'echo x >>/tmp/runs; test -e /tmp/quick || while ! test -e /tmp/end; do sleep 0.05; done'
    const handle = await run(scene.docker, 'slow', { Test: ['CMD-SHELL', test], Timeout: 1e9 })
    const upstream = await seen(scene, 'slow')
    t.strictSame(await scene.provider.runHealthcheck(upstream, never), {
      ready: false,
      why: 'its HEALTHCHECK did not end within 1 s',
    })
    const again = { ready: false, why: 'an earlier run of its HEALTHCHECK has not ended yet' }
    t.strictSame(await scene.provider.runHealthcheck(upstream, never), again)
    t.strictSame(await scene.provider.runHealthcheck(upstream, never), again)
    const name = scene.docker.name('slow')
    await scene.docker.putFile(name, '/tmp', 'quick')
    await scene.docker.putFile(name, '/tmp', 'end')
    await until('it has ended', async () => (await scene.provider.runHealthcheck(upstream, never)).ready)
    const top = await handle.top()
    t.notMatch(JSON.stringify(top.Processes), /test -e/, 'nothing is left')
  },
)

t.test('of a container that has stopped or is paused it says so', { skip, buffered: true }, async (t) => {
  const scene = await open(t)
  const handle = await run(scene.docker, 'app', { Test: ['CMD', 'true'] })
  const upstream = await seen(scene, 'app')
  await scene.provider.pause(scene.target('app'))
  t.match(await scene.provider.runHealthcheck(upstream, never), { ready: false, why: /is paused/ })
  await handle.unpause()
  t.match(await scene.provider.runHealthcheck(upstream, never), { ready: true })
  await handle.stop()
  t.match(await scene.provider.runHealthcheck(upstream, never), { ready: false, why: /is not running/ })
})

t.test('a container that ends in the middle of it', { skip, buffered: true }, async (t) => {
  const scene = await open(t)
  const check = { Test: ['CMD-SHELL', 'touch /tmp/begun; sleep 600'] }
  const handle = await run(scene.docker, 'app', check)
  const upstream = await seen(scene, 'app')
  const result = scene.provider.runHealthcheck(upstream, never)
  await until('it has begun', () =>
    handle.getArchive({ path: '/tmp/begun' }).then(
      (archive) => archive.resume() !== null,
      () => false,
    ),
  )
  await handle.kill()
  t.match(await result, {
    ready: false,
    why: /its HEALTHCHECK (exits 137|did not end: the container has stopped)/,
  })
})
