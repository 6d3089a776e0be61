/** The logs of containers, against an engine made of answers: what is asked for, resumed, waited for, closed and refused. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import type { LogLine } from '../../../src/domain/ports.ts'
import { DEADLINES } from '../../../src/provider/docker/connection.ts'
import { createDockerProvider } from '../../../src/provider/docker/provider.ts'
import { until } from '../../helpers/docker.ts'
import type { Scope } from '../../helpers/docker.ts'
import { FakeClock } from '../../helpers/fake-clock.ts'
import { Listener, containerTarget, readAll } from '../outside.ts'
import { inspection, json, openFakeEngine } from './fake-engine.ts'

const app = containerTarget('app')
const INSPECT = 'GET /containers/app/json'
const LOGS = `GET /containers/${'c'.repeat(64)}/logs`
const STAMP = '2026-11-21T16:22:34.26468911'

function frame(text: string): Buffer {
  const bytes = Buffer.from(text)
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

/** The line of the nth ten nanoseconds. */
const line = (n: number, text = `line ${n}`): Buffer => frame(`${STAMP}${n}Z ${text}\n`)

async function open(t: Scope) {
  const engine = await openFakeEngine(t)
  const clock = new FakeClock()
  const provider = createDockerProvider({ host: engine.host, network: null, clock })
  t.teardown(() => provider.close())
  engine.answers.set(INSPECT, json(inspection('app', 'running')))
  /** Requests for the log, by their queries. */
  const asked: string[] = []
  /** Those that are still open. */
  const streams = new Set<ServerResponse>()
  const answer = (send: (response: ServerResponse) => void): void => {
    engine.answers.set(LOGS, (request: IncomingMessage, response) => {
      const query = new URLSearchParams(request.url?.split('?')[1])
      asked.push(`tail=${query.get('tail')} since=${query.get('since')} follow=${query.get('follow')}`)
      streams.add(response)
      response.on('close', () => streams.delete(response))
      response.writeHead(200).flushHeaders()
      send(response)
    })
  }
  return { engine, clock, provider, asked, streams, answer }
}

/** Follows in the background; what has come so far. */
function follow(provider: Parameters<typeof readAll>[0], tail: number) {
  const stop = new AbortController()
  const texts: string[] = []
  const ended = (async () => {
    const lines: AsyncIterable<LogLine> = provider.logs(app, { tail, follow: true, signal: stop.signal })
    for await (const { text } of lines) texts.push(text)
    return 'ended'
  })()
  ended.catch(() => undefined)
  return { stop, texts, ended, has: (count: number) => until(`${count} lines`, () => texts.length >= count) }
}

t.test('the last lines of a container, with their times, and then it ends', async (t) => {
  const { provider, asked, answer } = await open(t)
  answer((response) => response.end(Buffer.concat([line(1), line(2)])))
  t.strictSame(await readAll(provider, app, { tail: 20 }), [
    { at: Date.UTC(2026, 10, 21, 16, 22, 34, 264), stream: 'stdout', text: 'line 1' },
    { at: Date.UTC(2026, 10, 21, 16, 22, 34, 264), stream: 'stdout', text: 'line 2' },
  ])
  t.strictSame(await readAll(provider, app, { tail: 0 }), [], 'none is none')
  t.equal(asked[0], 'tail=20 since=null follow=false')
})

t.test('a container with a terminal is read as one', async (t) => {
  const { engine, provider, answer } = await open(t)
  engine.answers.set(INSPECT, json({ ...inspection('app', 'running'), Config: { Tty: true } }))
  answer((response) => response.end(`${STAMP}1Z hi\r\n`))
  t.match(await readAll(provider, app), [{ text: 'hi' }])
})

t.test('what is followed goes on with the next run, from the line after the last', async (t) => {
  const { engine, provider, asked, streams, answer } = await open(t)
  provider.watch([app], new Listener())
  await until('events', () => engine.streams.size === 1)
  answer((response) => response.write(Buffer.concat([line(1), line(2), line(2, 'at the same time')])))
  const { texts, has } = follow(provider, 10)
  await has(3)
  // The run ends; the engine sends what is of the last line's time once more.
  answer((response) => response.end(Buffer.concat([line(2), line(2, 'at the same time'), line(3)])))
  for (const stream of streams) stream.end()
  engine.emit('die', 'app')
  await has(4)
  answer((response) => response.write(Buffer.concat([line(3), line(4)])))
  await until('it rests', () => streams.size === 0)
  engine.emit('start', 'app')
  await has(5)
  t.strictSame(texts, ['line 1', 'line 2', 'at the same time', 'line 3', 'line 4'])
  t.equal(asked[0], 'tail=10 since=null follow=true')
  t.match(asked[1], /^tail=all since=\d{10}\.264689112 follow=true$/)
  t.match(asked.at(-1), /since=\d+\.264689113 /)
})

t.test('of a terminal nothing is asked for twice', async (t) => {
  const { engine, clock, provider, asked, answer } = await open(t)
  engine.answers.set(INSPECT, json({ ...inspection('app', 'running'), Config: { Tty: true } }))
  answer((response) => response.end('2026-11-21T16:22:34.999999999Z $ '))
  const { texts, has } = follow(provider, 10)
  await has(1)
  await until('it rests', () => clock.pending > 0)
  answer((response) => response.end(`${STAMP}1Z hello\n`))
  await clock.advance(5_000)
  await has(2)
  t.strictSame(texts, ['$ ', 'hello'])
  t.equal(asked.at(-1), `tail=all since=${Date.UTC(2026, 10, 21, 16, 22, 35) / 1000}.000000000 follow=true`)
})

t.test('without events it looks again every few seconds, and not more often', async (t) => {
  const { clock, provider, asked, answer } = await open(t)
  answer((response) => response.end(line(1)))
  const { texts, has } = follow(provider, 10)
  await has(1)
  await until('it rests', () => clock.pending > 0)
  t.equal(asked.length, 1)
  answer((response) => response.end(Buffer.concat([line(1), line(2)])))
  await clock.advance(4_999)
  t.equal(asked.length, 1)
  await clock.advance(1)
  await has(2)
  t.strictSame(texts, ['line 1', 'line 2'])
})

t.test('one that was removed is waited for, and the new one is read from its beginning', async (t) => {
  const { engine, provider, asked, streams, answer } = await open(t)
  provider.watch([app], new Listener())
  await until('events', () => engine.streams.size === 1)
  answer((response) => response.write(line(5)))
  const { texts, has } = follow(provider, 10)
  await has(1)
  engine.answers.delete(INSPECT)
  for (const stream of streams) stream.end()
  engine.emit('destroy', 'app')
  const other = 'd'.repeat(64)
  engine.answers.set(`GET /containers/${other}/logs`, (request, response) => {
    asked.push(String(request.url))
    response.write(line(1, 'anew'))
  })
  engine.answers.set(INSPECT, json({ ...inspection('app', 'running'), Id: other }))
  engine.emit('create', 'app')
  await has(2)
  t.strictSame(texts, ['line 5', 'anew'])
  t.match(asked.at(-1), /tail=all/)
  t.notMatch(asked.at(-1), /since/)
})

t.test('an engine that goes away amid a followed log is waited for', async (t) => {
  const { clock, provider, streams, answer } = await open(t)
  answer((response) => response.write(line(1)))
  const { texts, has } = follow(provider, 10)
  await has(1)
  answer((response) => response.write(Buffer.concat([line(1), line(2)])))
  for (const stream of streams) stream.destroy()
  await until('it rests', () => clock.pending > 0)
  await clock.advance(5_000)
  await has(2)
  t.strictSame(texts, ['line 1', 'line 2'])
})

t.test('with none of the past, only what comes', async (t) => {
  const { provider, asked, answer } = await open(t)
  answer((response) => {
    if (asked.length === 1) response.end(line(1))
    else response.write(Buffer.concat([line(1), line(2)]))
  })
  const { texts, has } = follow(provider, 0)
  await has(1)
  t.strictSame(texts, ['line 2'])
  t.match(asked, [/^tail=1 since=null follow=false$/, /^tail=all since=\d+\.264689111 follow=true$/])
})

t.test('whoever wants no more has the request to the engine closed at once', async (t) => {
  const ends: [
    what: string,
    end: (scene: Awaited<ReturnType<typeof open>>, stop: AbortController) => unknown,
  ][] = [
    ['by the signal', (_scene, stop) => stop.abort()],
    ['by the end of WakeDock', ({ provider }) => provider.close()],
  ]
  for (const [what, end] of ends) {
    const scene = await open(t)
    scene.answer((response) => response.write(line(1)))
    const { stop, has, ended } = follow(scene.provider, 10)
    await has(1)
    t.equal(scene.streams.size, 1)
    end(scene, stop)
    t.equal(await ended, 'ended', `${what}: without an error`)
    await until('closed', () => scene.streams.size === 0)
  }
  const scene = await open(t)
  scene.answer((response) => response.write(line(1)))
  for await (const { text } of scene.provider.logs(app, {
    tail: 1,
    follow: true,
    signal: new AbortController().signal,
  })) {
    t.equal(text, 'line 1')
    break
  }
  await until('closed', () => scene.streams.size === 0, 5_000)
})

t.test('a request that the engine does not answer in time is closed', async (t) => {
  const { engine } = await open(t)
  const deadlines = { ...DEADLINES, quick: 300 }
  const provider = createDockerProvider({
    host: engine.host,
    network: null,
    clock: new FakeClock(),
    deadlines,
  })
  t.teardown(() => provider.close())
  let unanswered = 0
  engine.answers.set(LOGS, (_request, response) => {
    unanswered += 1
    response.on('close', () => (unanswered -= 1))
  })
  const late = { reason: 'unreachable', message: /no answer within 0.3 s: cannot read the log/ }
  await t.rejects(readAll(provider, app), late)
  await until('closed', () => unanswered === 0)
})

t.test('a slow reader makes the engine wait', async (t) => {
  const { provider, answer } = await open(t)
  let sent = 0
  const much = Buffer.concat(Array.from({ length: 100 }, (_, n) => line(n % 10, 'x'.repeat(1000))))
  answer((response) => {
    const send = (): void => {
      while (sent < 300) {
        sent += 1
        if (!response.write(much)) return void response.once('drain', send)
      }
      response.end()
    }
    send()
  })
  const lines = provider.logs(app, { tail: 1, follow: false, signal: new AbortController().signal })
  const reader = lines[Symbol.asyncIterator]()
  await reader.next()
  // Thirty megabytes are at the engine; a few are on the way, in buffers of sockets.
  let before = -1
  await until('the engine waits', () => before === (before = sent))
  t.ok(sent < 100, `${sent} of 300 pieces were sent`)
  let read = 1
  while ((await reader.next()).done !== true) read += 1
  t.equal(read, 30_000)
})

const refusals: [
  what: string,
  status: number,
  body: object,
  expected: { reason: string; message: RegExp },
][] = [
  [
    'a log driver that cannot be read',
    501,
    { message: 'configured logging driver does not support reading' },
    { reason: 'refused', message: /log driver of container app/ },
  ],
  [
    'a container that was removed just then',
    404,
    { message: 'No such container: app' },
    { reason: 'missing', message: /does not exist/ },
  ],
  [
    'a socket proxy that forbids it',
    403,
    { message: 'forbidden' },
    { reason: 'refused', message: /forbids WakeDock to read the log of container app/ },
  ],
]
for (const [what, status, body, expected] of refusals) {
  t.test(what, async (t) => {
    const { engine, provider } = await open(t)
    engine.answers.set(LOGS, json(body, status))
    await t.rejects(readAll(provider, app), expected)
  })
}

t.test('no container, no engine, and a log that breaks off', async (t) => {
  const { engine, provider, answer } = await open(t)
  answer((response) => void response.write(line(1), () => response.destroy()))
  await t.rejects(readAll(provider, app), {
    reason: 'unreachable',
    message: /log of container app broke off/,
  })
  engine.answers.delete(INSPECT)
  const missing = { reason: 'missing', message: /does not exist/ }
  await t.rejects(readAll(provider, app), missing)
  await t.rejects(readAll(provider, app, { follow: true }), missing, 'followed as well')
  const nowhere = createDockerProvider({ host: 'unix:///nowhere', network: null, clock: new FakeClock() })
  const away = { reason: 'unreachable', message: /Docker does not answer/ }
  await t.rejects(readAll(nowhere, app, { follow: true }), away)
})
