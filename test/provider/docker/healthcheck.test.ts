/** A container's own HEALTHCHECK, run by an engine made of answers. */
import t from 'tap'
import type { Upstream } from '../../../src/domain/ports.ts'
import { TargetError } from '../../../src/errors.ts'
import type { Container } from '../../../src/provider/docker/container.ts'
import { createEngine } from '../../../src/provider/docker/engine.ts'
import type { Exec } from '../../../src/provider/docker/engine.ts'
import { createHealthchecks } from '../../../src/provider/docker/healthcheck.ts'
import { FakeClock, settled } from '../../helpers/fake-clock.ts'
import { until } from '../../helpers/docker.ts'

const upstream: Upstream = {
  protocol: 'http',
  host: '127.0.0.1',
  port: 80,
  generation: 'g',
  relayed: false,
  healthcheck: true,
}
const never = new AbortController().signal

function container(status: string, test = ['CMD', 'check'], seconds = 30): Container {
  return {
    Id: 'a'.repeat(64),
    Name: '/app',
    State: { Status: 'running', Health: { Status: status } },
    Config: { Healthcheck: { Test: test, Timeout: seconds * 1e9 } },
    HostConfig: {},
    NetworkSettings: {},
  }
}

/** `exec` answers what the test lets it; the default is a command that succeeds at once. */
function open(exec: Partial<Exec> = {}, seen = container('starting')) {
  const clock = new FakeClock()
  const commands: (readonly string[])[] = []
  const engine = {
    ...createEngine({}, { host: 'nowhere', socketPath: null }),
    exec: {
      create(_container: Container, command: readonly string[], signal: AbortSignal) {
        commands.push(command)
        return exec.create?.(_container, command, signal) ?? Promise.resolve(`e${commands.length}`)
      },
      start: exec.start ?? (() => Promise.resolve('')),
      inspect: exec.inspect ?? (() => Promise.resolve({ running: false, exitCode: 0 })),
    },
  }
  const checks = createHealthchecks({ engine, clock })
  checks.learn(upstream, seen)
  return { checks, clock, commands }
}

/** As engine.ts does it: settles when it is called off. */
function hang(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(new TargetError('unreachable', 'silence', '')))
  return promise
}

const ended = (exitCode: number | null) => () => Promise.resolve({ running: false, exitCode })
const outcomes: [what: string, exec: Partial<Exec>, why: string | null][] = [
  ['exit code 0', {}, null],
  ['exit code 1', { inspect: ended(1) }, 'its HEALTHCHECK exits 1'],
  [
    'what it says',
    { inspect: ended(2), start: () => Promise.resolve('\nno database\nmore') },
    'its HEALTHCHECK exits 2: no database',
  ],
  [
    'its container ends with it',
    { inspect: () => Promise.resolve(null) },
    'its HEALTHCHECK did not end: the container has stopped',
  ],
  [
    'Docker refuses it',
    { create: () => Promise.reject(new TargetError('refused', 'Docker refused', '')) },
    'Docker refused',
  ],
]
for (const [what, exec, why] of outcomes) {
  t.test(`a HEALTHCHECK: ${what}`, async (t) => {
    const { checks, commands } = open(exec)
    const result = await checks.run(upstream, never)
    t.strictSame(result, why === null ? { ready: true } : { ready: false, why })
    t.strictSame(commands, [['check']])
  })
}

t.test('without one there is nothing to run', async (t) => {
  const { checks, commands } = open({}, container('', ['NONE']))
  const none = { ready: false, why: 'it has no HEALTHCHECK' }
  t.strictSame(await checks.run(upstream, never), none)
  t.strictSame(await checks.run({ ...upstream }, never), none, 'nor for a run that nobody has seen')
  t.strictSame(commands, [])
})

t.test('what Docker has found healthy by itself is not checked again', async (t) => {
  const { checks, commands } = open({ inspect: ended(1) })
  t.match(await checks.run(upstream, never), { ready: false })
  checks.learn(upstream, container('healthy'))
  t.strictSame(await checks.run(upstream, never), { ready: true })
  t.equal(commands.length, 1)
})

t.test('a run whose outputs are closed is waited for', async (t) => {
  const answers = [true, true, false].map((running) => ({ running, exitCode: running ? null : 0 }))
  const { checks, clock } = open({ inspect: () => Promise.resolve(answers.shift() ?? null) })
  const result = checks.run(upstream, never)
  for (const pause of [2, 4]) {
    await until('it waits', () => clock.pending === 2)
    await clock.advance(pause)
  }
  t.strictSame(await result, { ready: true })
})

t.test('after a run there is a rest as long as the run was', async (t) => {
  const running = Promise.withResolvers<string>()
  const { checks, clock, commands } = open({ start: () => running.promise, inspect: ended(1) })
  const first = checks.run(upstream, never)
  await clock.advance(80)
  running.resolve('')
  await first
  const second = checks.run(upstream, never)
  await clock.advance(79)
  t.equal(commands.length, 1)
  await clock.advance(1)
  await second
  t.equal(commands.length, 2)
})

t.test('a call that is called off in its rest runs nothing', async (t) => {
  const running = Promise.withResolvers<string>()
  const { checks, clock, commands } = open({ start: () => running.promise, inspect: ended(1) })
  const first = checks.run(upstream, never)
  await clock.advance(80)
  running.resolve('')
  await first
  const off = new AbortController()
  const second = checks.run(upstream, off.signal)
  await settled()
  off.abort()
  t.strictSame(await second, { ready: false, why: 'its HEALTHCHECK was called off' })
  t.equal(commands.length, 1)
})

t.test('two at once are one run', async (t) => {
  const running = Promise.withResolvers<string>()
  const { checks, commands } = open({ start: () => running.promise })
  const first = checks.run(upstream, never)
  t.strictSame(await checks.run(upstream, never), { ready: false, why: 'its HEALTHCHECK is still running' })
  running.resolve('')
  t.strictSame(await first, { ready: true })
  t.equal(commands.length, 1)
})

type GiveUp = (clock: FakeClock, controller: AbortController) => unknown
const given: [what: string, giveUp: GiveUp, why: string][] = [
  ['its own timeout', (clock) => clock.advance(5000), 'its HEALTHCHECK did not end within 5 s'],
  ['whoever asked for it', (_clock, off) => off.abort(), 'its HEALTHCHECK was called off'],
]
for (const [what, giveUp, why] of given) {
  t.test(`a run that was given up by ${what} is not joined by another while it lasts`, async (t) => {
    let lasts = true
    const asked: string[] = []
    const started = Promise.withResolvers<void>()
    const { checks, clock, commands } = open(
      {
        start(_id, _deadline, signal) {
          if (!lasts) return Promise.resolve('')
          started.resolve()
          return hang(signal)
        },
        inspect(id) {
          asked.push(id)
          return Promise.resolve({ running: lasts, exitCode: lasts ? null : 0 })
        },
      },
      container('starting', ['CMD', 'check'], 5),
    )
    const controller = new AbortController()
    const first = checks.run(upstream, controller.signal)
    await started.promise
    await giveUp(clock, controller)
    t.strictSame(await first, { ready: false, why })
    t.strictSame(await checks.run(upstream, never), {
      ready: false,
      why: 'an earlier run of its HEALTHCHECK has not ended yet',
    })
    t.equal(commands.length, 1)
    t.strictSame(asked, ['e1'])

    lasts = false
    await clock.advance(60_000)
    t.strictSame(await checks.run(upstream, never), { ready: true }, 'it has ended')
    t.equal(commands.length, 2)
  })
}
