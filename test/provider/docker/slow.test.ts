/** Calls that hang, one after the other: each ends at its deadline, and what is known afterwards is what Docker says then. */
import type { ServerResponse } from 'node:http'
import t from 'tap'
import { clock as realClock } from '../../../src/clock.ts'
import type { Clock } from '../../../src/domain/ports.ts'
import { DEADLINES } from '../../../src/provider/docker/connection.ts'
import { createDockerProvider } from '../../../src/provider/docker/provider.ts'
import { until } from '../../helpers/docker.ts'
import type { Scope } from '../../helpers/docker.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { Listener, containerTarget } from '../outside.ts'
import { inspection, json, openFakeEngine } from './fake-engine.ts'
import { upstreamOf } from './scene.ts'

const app = containerTarget('app')
const ID = 'c'.repeat(64)
const INSPECT = 'GET /containers/app/json'
const LIST = 'GET /containers/json'
const silent = (): void => {}

/** Deadlines of a second: the answers that must come are on this machine. */
async function open(t: Scope, clock: Clock = realClock, ms = 1000) {
  const engine = await openFakeEngine(t)
  const deadlines = { ...DEADLINES, quick: ms, start: ms, stopMargin: ms }
  const provider = createDockerProvider({ host: engine.host, network: null, clock, deadlines })
  t.teardown(() => provider.close())
  return { engine, provider, listener: new Listener() }
}

for (const [what, state] of [
  ['start', 'exited'],
  ['unpause', 'paused'],
  ['pause', 'running'],
] as const) {
  t.test(`a call that hangs: ${what}`, async (t) => {
    const { engine, provider, listener } = await open(t)
    engine.answers.set(INSPECT, json(inspection('app', state)))
    const called = Promise.withResolvers<void>()
    engine.answers.set(`POST /containers/${ID}/${what}`, () => called.resolve())
    provider.watch([app], listener)
    await listener.reaches(app, state === 'exited' ? 'stopped' : state)
    const verb: Promise<unknown> = what === 'pause' ? provider.pause(app) : provider.start(app)
    await called.promise
    // It has happened all the same: Docker was only slow to say so.
    engine.answers.set(INSPECT, json(inspection('app', what === 'pause' ? 'paused' : 'running')))
    engine.emit(what, 'app')
    await t.rejects(async () => verb, {
      reason: 'unreachable',
      message: new RegExp(`no answer within 1 s: cannot ${what}`),
    })
    await listener.reaches(app, what === 'pause' ? 'paused' : 'running')
    t.notMatch(listener.log.join(' '), 'lost', 'Docker as a whole is not away')
  })
}

t.test('a question that hangs is asked again', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  engine.answers.set(INSPECT, silent)
  provider.watch([app], listener)
  await listener.hears('back')
  // Beside the next ping.
  await until('it is given up', () => clock.pending === 2)
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  await clock.advance(1000)
  await listener.reaches(app, 'running')
  await t.resolves(provider.inspect(app))
})

t.test('a stream that is open and dead: the ping that hangs tells', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  provider.watch([app], listener)
  await listener.reaches(app, 'running')
  engine.answers.set('GET /_ping', silent)
  engine.answers.set(INSPECT, json(inspection('app', 'exited')))
  await until('the ping is due', () => clock.pending === 1)
  const [dead] = engine.streams
  await clock.advance(30_000)
  await listener.reaches(app, 'stopped')
  t.notOk(
    [...engine.streams].some((stream) => stream === dead),
    'another stream',
  )
  t.notMatch(listener.log.join(' '), 'lost', 'Docker answered at once')
})

t.test('a list that hangs holds nothing up for long, and is asked for again', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  const heard: string[] = []
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  engine.answers.set(LIST, silent)
  provider.watch([app], listener)
  provider.discover(
    { projects: [], labelled: true },
    (found) => void heard.push(found.map(({ name }) => name).join(' ')),
    (error) => void heard.push(error.reason),
  )
  await listener.reaches(app, 'running')
  t.strictSame(heard, ['unreachable'])
  engine.answers.set(LIST, json([{ Id: ID, Names: ['/app'], Labels: {}, Created: 1 }]))
  await clock.advance(1000)
  await until('it is told', () => heard.length === 2)
  t.strictSame(heard, ['unreachable', 'app'])
})

t.test('a HEALTHCHECK whose call hangs can be called off', async (t) => {
  // Nothing but the signal ends it in the time of this test.
  const { engine, provider } = await open(t, realClock, 3_600_000)
  const shown = inspection('app', 'running')
  const check = { Config: { Healthcheck: { Test: ['CMD', 'true'] }, ExposedPorts: { '80/tcp': {} } } }
  engine.answers.set(INSPECT, json({ ...shown, ...check }))
  const upstream = upstreamOf(await provider.inspect(app))
  const off = new AbortController()
  const asked = Promise.withResolvers<void>()
  engine.answers.set(`POST /containers/${ID}/exec`, () => asked.resolve())
  const result = provider.runHealthcheck(upstream, off.signal)
  await asked.promise
  off.abort()
  t.strictSame(await result, { ready: false, why: 'its HEALTHCHECK was called off' })
  engine.answers.set(`POST /containers/${ID}/exec`, json({ message: 'Forbidden' }, 403))
  t.match(await provider.runHealthcheck(upstream, new AbortController().signal), {
    ready: false,
    why: 'Docker forbids WakeDock to run the HEALTHCHECK of container app: Forbidden',
  })
})

t.test('the list comes first: what it makes is there when the statuses come', async (t) => {
  const { engine, provider, listener } = await open(t)
  engine.answers.set(LIST, json([{ Id: ID, Names: ['/app'], Labels: {}, Created: 1 }]))
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  provider.watch([], listener)
  provider.discover({ projects: [], labelled: true }, (found) => {
    listener.log.push(`heard ${found.length}`)
    provider.watch([app], listener)
  })
  t.strictSame(listener.log, [], 'not from within the call')
  await listener.reaches(app, 'running')
  t.strictSame(listener.log, ['heard 1', 'back', 'running'])
  t.strictSame(
    engine.requests.filter((line) => line !== 'GET /version'),
    ['GET /events', LIST, INSPECT],
  )
  provider.discover(null, () => {})
  provider.watch([], listener)
  await until('nothing is left to follow', () => engine.streams.size === 0)
})

t.test('nothing is started before the list: what it needs may be on it', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  const START = `POST /containers/${ID}/start`
  engine.answers.set(INSPECT, json(inspection('app', 'exited')))
  engine.answers.set(START, json(null, 304))
  const listing = Promise.withResolvers<ServerResponse>()
  engine.answers.set(LIST, (_request, response) => listing.resolve(response))
  provider.watch([app], listener)
  provider.discover({ projects: ['next'], labelled: false }, () => {})
  const list = await listing.promise
  await t.rejects(provider.start(app), { reason: 'unreachable', message: /has not listed/ })
  t.notOk(engine.requests.includes(START))
  list.end('[]')
  await listener.hears('back')
  await t.resolves(provider.start(app))
  t.ok(engine.requests.includes(START))
})

t.test('with something to list Docker is followed, whoever listens and whenever', async (t) => {
  const { engine, provider, listener } = await open(t)
  engine.answers.set(LIST, json([]))
  const heard = Promise.withResolvers<void>()
  provider.discover({ projects: ['next'], labelled: false }, () => heard.resolve())
  await heard.promise
  await until('it is followed', () => engine.streams.size === 1)
  provider.watch([], listener)
  await listener.hears('back')
  engine.answers.set(LIST, json([{ Id: ID, Names: ['/next-app'], Labels: {}, Created: 1 }]))
  const found = new Promise<string | undefined>((resolve) => {
    provider.discover({ projects: ['next'], labelled: false }, ([first]) => resolve(first?.name))
  })
  engine.emit('create', 'next-app', { 'com.docker.compose.project': 'next' })
  t.equal(await found, 'next-app')
})

const WORDS: Readonly<Record<number, string>> = {
  404: `No such container: ${ID}`,
  503: `Cannot pause container ${ID}: OCI runtime pause failed: unable to freeze: unknown`,
}
const pauses: [
  what: string,
  states: (string | null)[],
  status: number,
  asked: number,
  error: RegExp | null,
][] = [
  ['one that runs', ['running'], 204, 1, null],
  ['one that is paused already', ['paused'], 409, 0, null],
  ['one that is down', ['exited'], 409, 0, null],
  ['one that is gone', [null], 404, 0, null],
  ['one that somebody pauses meanwhile', ['running', 'paused'], 409, 1, null],
  ['one that ends meanwhile', ['running', 'exited'], 409, 1, null],
  ['one that is removed meanwhile', ['running', null], 404, 1, null],
  ['one that Docker restarts all the time', ['restarting'], 409, 1, /refused to pause container app: odd/],
  ['one that is too busy to be frozen', ['running'], 503, 3, /unable to freeze/],
  ['one that cannot be frozen', ['running'], 500, 1, /refused to pause container app: odd/],
]
for (const [what, states, status, asked, error] of pauses) {
  t.test(`a pause of ${what}`, async (t) => {
    const { engine, provider } = await open(t)
    const PAUSE = `POST /containers/${ID}/pause`
    const show = (state: string | null = null): void => {
      for (const path of [INSPECT, `GET /containers/${ID}/json`]) {
        if (state === null) engine.answers.delete(path)
        else engine.answers.set(path, json(inspection('app', state)))
      }
    }
    show(states[0])
    engine.answers.set(PAUSE, (request, response) => {
      if (states.length > 1) show(states[1])
      if (status === 204) response.writeHead(204).end()
      else json({ message: WORDS[status] ?? 'odd' }, status)(request, response)
    })
    if (error === null) await provider.pause(app)
    else await t.rejects(provider.pause(app), { reason: 'refused', message: error })
    t.equal(engine.requests.filter((line) => line === PAUSE).length, asked)
  })
}

const usages: [
  what: string,
  state: string | null,
  stats: [body: object, status: number],
  expected: object,
][] = [
  [
    'one that runs',
    'running',
    [{ read: '2026', cpu_stats: { cpu_usage: { total_usage: 5e8 } } }, 200],
    { cpuSeconds: 0.5, networkBytes: null },
  ],
  ['one that is gone', null, [{}, 200], { reason: 'missing' }],
  ['one that is down', 'exited', [{}, 200], { reason: 'refused', message: /does not run/ }],
  ['one that ends meanwhile', 'running', [{ read: '0001-01-01T00:00:00Z' }, 200], { reason: 'refused' }],
  [
    'one that is removed meanwhile',
    'running',
    [{ message: 'No such container: x' }, 404],
    { reason: 'missing' },
  ],
  ['one that a proxy keeps secret', 'running', [{ message: 'Forbidden' }, 403], { message: /forbids/ }],
]
for (const [what, state, [body, status], expected] of usages) {
  t.test(`the use of ${what}`, async (t) => {
    const { engine, provider } = await open(t)
    if (state !== null) engine.answers.set(INSPECT, json(inspection('app', state)))
    engine.answers.set(`GET /containers/${ID}/stats`, json(body, status))
    t.match(await provider.usage(app).catch((error: unknown) => error), expected)
  })
}
