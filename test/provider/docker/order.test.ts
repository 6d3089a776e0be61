/** What a real engine does only under stress, from a fake one: late answers, dead streams, broken answers, refusals. */
import t from 'tap'
import type { ServerResponse } from 'node:http'
import { DEADLINES, chooseVersion, parseHost } from '../../../src/provider/docker/connection.ts'
import { createEngine } from '../../../src/provider/docker/engine.ts'
import { parse } from '../../../src/provider/docker/events.ts'
import type { Change } from '../../../src/provider/docker/events.ts'
import { toFault } from '../../../src/provider/docker/faults.ts'
import { createDockerProvider } from '../../../src/provider/docker/provider.ts'
import type { Clock } from '../../../src/domain/ports.ts'
import { createVerbs } from '../../../src/provider/docker/verbs.ts'
import { until } from '../../helpers/docker.ts'
import type { Scope } from '../../helpers/docker.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { clock as realClock } from '../../../src/clock.ts'
import { Listener, containerTarget } from '../outside.ts'
import { inspection, json, openFakeEngine } from './fake-engine.ts'

const app = containerTarget('app')
const INSPECT = 'GET /containers/app/json'
const START = `POST /containers/${'c'.repeat(64)}/start`

async function open(t: Scope, clock: Clock = realClock) {
  const engine = await openFakeEngine(t)
  const provider = createDockerProvider({ host: engine.host, network: null, clock })
  t.teardown(() => provider.close())
  return { engine, provider, listener: new Listener() }
}

t.test('a status that was asked for before a start is not told after it', async (t) => {
  const { engine, provider, listener } = await open(t)
  engine.answers.set(INSPECT, json(inspection('app', 'exited')))
  provider.watch([app], listener)
  await listener.reaches(app, 'stopped')

  // The question that this event causes hangs, until after the start.
  const late: ServerResponse[] = []
  engine.answers.set(INSPECT, (_request, response) => void late.push(response))
  engine.emit('die', 'app')
  const held = await until('the question is asked', () => late[0])

  engine.answers.set(INSPECT, json(inspection('app', 'exited')))
  engine.answers.set(START, (_request, response) => {
    engine.answers.set(INSPECT, json(inspection('app', 'running')))
    response.writeHead(204).end()
  })
  t.match(await provider.start(app), { state: 'running' })
  held.end(JSON.stringify(inspection('app', 'exited')))
  await listener.reaches(app, 'running')
  t.strictSame(listener.log, ['back', 'stopped', 'running'])
})

t.test('an engine that has stopped answering behind an open stream is noticed by the ping', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  provider.watch([app], listener)
  await listener.reaches(app, 'running')
  await clock.advance(30_000)
  await until('a ping', () => engine.requests.includes('GET /_ping'))

  for (const what of ['GET /_ping', 'GET /version']) {
    engine.answers.set(what, (_request, response) => void response.destroy())
  }
  await until('the next ping is due', () => clock.pending > 0)
  await clock.advance(30_000)
  await listener.hears('lost:unreachable')
  engine.answers.set('GET /version', json({ ApiVersion: '1.41' }))
  await until('the wait before the next attempt', () => clock.pending > 0)
  await clock.advance(250)
  await listener.hears('back', 2)
  t.match(await listener.reaches(app, 'running'), { upstream: { port: 80 } })
})

t.test('every five minutes the containers are asked about, event or not', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  provider.watch([app], listener)
  await listener.reaches(app, 'running')
  engine.answers.set(INSPECT, json(inspection('app', 'exited')))
  for (let ping = 1; ping <= 10; ping += 1) {
    t.equal(listener.last(app)?.state, 'running')
    await until('the ping is due', () => clock.pending > 0)
    await clock.advance(30_000)
    await until('it is sent', () => engine.requests.filter((what) => what === 'GET /_ping').length === ping)
  }
  await listener.reaches(app, 'stopped')
})

t.test('the waits between attempts double up to a second', async (t) => {
  const clock = new FakeClock()
  const { engine, provider, listener } = await open(t, clock)
  let attempts = 0
  engine.answers.set('GET /version', (_request, response) => {
    attempts += 1
    response.destroy()
  })
  provider.watch([app], listener)
  for (const [index, wait] of [250, 500, 1000, 1000, 1000].entries()) {
    await until('the wait begins', () => attempts === index + 1 && clock.pending === 1)
    await clock.advance(wait - 1)
    t.equal(clock.pending, 1, `still waiting ${wait - 1} ms after attempt ${index + 1}`)
    await clock.advance(1)
    t.equal(clock.pending, 0)
    await until(`attempt after ${wait} ms`, () => attempts === index + 2)
  }
  t.strictSame(listener.log, ['lost:unreachable'])
})

t.test('an answer that breaks off fails instead of hanging for ever', async (t) => {
  const fake = await openFakeEngine(t)
  fake.answers.set(INSPECT, (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{')
    setImmediate(() => response.destroy())
  })
  const { options, place } = parseHost(fake.host)
  const engine = createEngine(options, place, { ...DEADLINES, quick: 100 })
  await t.rejects(engine.inspect('app'), { message: /gave no answer within 0.1 s/, reason: 'unreachable' })
  engine.close()
})

t.test('a stop that Docker never answers ends after the grace: the container is stuck', async (t) => {
  const fake = await openFakeEngine(t)
  fake.answers.set(INSPECT, json(inspection('app', 'running')))
  fake.answers.set(`POST /containers/${'c'.repeat(64)}/stop`, () => {})
  const { options, place } = parseHost(fake.host)
  const engine = createEngine(options, place, { ...DEADLINES, stopMargin: 50 })
  const clock = new FakeClock()
  const ask = (): Promise<never> => Promise.reject(new Error('not asked'))
  const verbs = createVerbs({ engine, clock, find: (name) => engine.inspect(name), ask })
  const stop = verbs.stop(app, 0)
  await until('Docker is asked', () => fake.requests.some((what) => what.endsWith('/stop')))
  await clock.advance(10_000)
  await t.rejects(stop, { message: /did not end, not even when killed/, reason: 'stuck' })
  engine.close()
})

t.test('nothing is asked of Docker as long as there is no container', async (t) => {
  const { engine, provider, listener } = await open(t)
  provider.watch([], listener)
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  provider.watch([app], listener)
  await listener.reaches(app, 'running')
  t.equal(engine.requests[0], 'GET /version')
  provider.watch([], listener)
  await until('the stream is closed', () => engine.streams.size === 0)
  provider.watch([app], listener)
  await listener.hears('back', 2)
})

t.test('a proxy that forbids a call is told how to allow it', async (t) => {
  const { engine, provider } = await open(t)
  engine.answers.set(INSPECT, json(inspection('app', 'exited')))
  engine.answers.set(START, json({ message: 'Forbidden' }, 403))
  await t.rejects(provider.start(app), { message: /forbids/, reason: 'refused', hint: /socket proxy/ })
})

const versions: [speaks: string, from: string, chosen: string | RegExp][] = [
  ['1.41', '1.12', '1.41'],
  ['1.54', '1.44', '1.44'],
  ['1.9', '1.2', /needs 1.41 or later/],
  ['2.0', '1.24', '1.41'],
]
for (const [ApiVersion, MinAPIVersion, chosen] of versions) {
  t.test(`an engine that speaks ${MinAPIVersion} to ${ApiVersion}`, (t) => {
    const choose = (): string => chooseVersion({ ApiVersion, MinAPIVersion })
    if (typeof chosen === 'string') t.equal(choose(), chosen)
    else t.throws(choose, { message: chosen, reason: 'refused' })
    t.end()
  })
}

const hosts: [host: string, options: object, remote: string | null][] = [
  ['unix:///run/docker.sock', { host: '', socketPath: '/run/docker.sock', protocol: 'http' }, null],
  ['tcp://proxy', { host: 'proxy', port: '2375', protocol: 'http' }, 'proxy'],
  ['tcp://nas:2376', { host: 'nas', port: '2376', protocol: 'https' }, 'nas'],
  ['http://[::1]:99', { host: '::1', port: '99', protocol: 'http' }, '::1'],
  ['https://nas', { host: 'nas', port: '443', protocol: 'https' }, 'nas'],
]
for (const [host, options, remote] of hosts) {
  t.test(`docker.host ${host}`, (t) => {
    t.match(parseHost(host), { options, remote })
    t.end()
  })
}
t.test('docker.host of another form is refused', (t) => {
  for (const host of ['ssh://nas', '/run/docker.sock', '']) t.throws(() => parseHost(host), /is not unix:/)
  t.notMatch(parseHost('tcp://user:secret@nas').place.host, /secret/)
  t.end()
})

const socket = { host: '/run/docker.sock', socketPath: '/run/docker.sock' }
const faults: [code: string, message: RegExp, hint: RegExp][] = [
  ['ENOENT', /no such socket/, /Start Docker.*mount/],
  ['EACCES', /permission denied/, /group/],
  ['ECONNREFUSED', /connection refused/, /systemctl start docker/],
  ['ENOTFOUND', /unknown host name/, /host name/],
  ['ECONNRESET', /connection closed/, /restarting/],
  ['EWEIRD', /odd/, /docker info/],
]
for (const [code, message, hint] of faults) {
  t.test(`${code} is explained`, (t) => {
    const fault = toFault(Object.assign(new Error('odd'), { code }), 'start container x', socket)
    t.match(fault, { reason: 'unreachable', message, hint })
    t.match(fault.message, /run\/docker\.sock.*cannot start container x/)
    t.end()
  })
}

const labels = { name: 'new', oldName: '/old', 'wakedock.enable': 'true' }
const events: [line: string, change: Change | null][] = [
  [
    JSON.stringify({ Action: 'rename', Actor: { ID: 'c1', Attributes: labels } }),
    { action: 'rename', labels, names: ['c1', 'new', 'old'] },
  ],
  [
    '{"Action":"connect","Actor":{"ID":"net","Attributes":{"container":"c1","name":"web"}}}',
    { action: 'connect', labels: { container: 'c1', name: 'web' }, names: ['net', 'web', 'c1'] },
  ],
  ['{"Actor":{"ID":"c1","Attributes":{"odd":1}}}', { action: '', labels: {}, names: ['c1'] }],
  ['{"Actor":{}}', null],
  ['null', null],
  ['{', null],
]
for (const [line, change] of events) {
  t.test(`the event ${line}`, (t) => {
    t.strictSame(parse(line), change)
    t.end()
  })
}
