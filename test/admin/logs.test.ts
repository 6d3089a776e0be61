/** GET …/logs: forms, parts, refusals, who may, and that it ends with its reader, its token and WakeDock. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { request } from 'undici'
import type { Insight, LogLine, LogOptions } from '../../src/domain/ports.ts'
import type { Target } from '../../src/domain/service.ts'
import { TargetError } from '../../src/errors.ts'
import { createDockerProvider } from '../../src/provider/docker/provider.ts'
import { startAdmin, token, TOKENS } from '../helpers/admin.ts'
import { until } from '../helpers/docker.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'
import { service } from '../helpers/service.ts'
import { inspection, json, openFakeEngine } from '../provider/docker/fake-engine.ts'
import { containerTarget } from '../provider/outside.ts'

const LINES: LogLine[] = [
  { at: NOW, stream: 'stdout', text: 'hello' },
  { at: null, stream: 'stderr', text: 'a "quoted" line' },
]

/** Says the same of every target, and keeps what it was asked. */
function fakeInsight(lines: (target: Target, options: LogOptions) => AsyncIterable<LogLine>) {
  const asked: string[] = []
  const insight: Pick<Insight, 'logs'> = {
    logs(target, options) {
      asked.push(`${target.key} tail=${options.tail} follow=${options.follow}`)
      return lines(target, options)
    },
  }
  return { asked, insight }
}

async function* past() {
  yield* LINES
}

/** Endless until its signal; `state` tells how it stands. */
function endless(text = 'x'.repeat(1000)) {
  const state = { read: 0, ended: 0 }
  async function* lines(_target: Target, { signal }: LogOptions): AsyncGenerator<LogLine> {
    while (!signal.aborted) {
      state.read += 1
      yield { at: NOW, stream: 'stdout', text }
      // As any source of lines: not all of them at once.
      if (state.read % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    state.ended += 1
  }
  return { state, ...fakeInsight(lines) }
}

/** One that has said a line, and then nothing until its signal. */
function silent() {
  const state = { open: 0 }
  async function* lines(_target: Target, { signal }: LogOptions): AsyncGenerator<LogLine> {
    state.open += 1
    yield* LINES
    await once(signal, 'abort')
    state.open -= 1
  }
  return { state, ...fakeInsight(lines) }
}

t.test('text by default, JSON lines for who asks for them', async (t) => {
  const { asked, insight } = fakeInsight(past)
  const { ask } = await startAdmin(t, { insight })
  const text = await ask('GET /api/v1/services/blog/logs')
  t.equal(text.status, 200)
  t.equal(text.text, 'hello\na "quoted" line\n')
  t.match(text.headers, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    vary: 'accept',
  })
  const lines = await request(`${(await startAdmin(t, { insight })).url}/api/v1/services/blog/logs?tail=5`, {
    headers: { accept: 'application/x-ndjson' },
  })
  t.equal(lines.headers['content-type'], 'application/x-ndjson')
  t.equal(
    await lines.body.text(),
    '{"at":"2026-11-21T10:00:00.000Z","stream":"stdout","text":"hello"}\n{"at":null,"stream":"stderr","text":"a \\"quoted\\" line"}\n',
  )
  t.strictSame(asked, ['container:blog tail=100 follow=false', 'container:blog tail=5 follow=false'])
})

t.test('a stack: the lines of its parts, by their names', async (t) => {
  const part = (name: string) => ({
    name: `shop/${name}`,
    target: containerTarget(name),
    state: 'awake' as const,
    since: NOW,
    health: null,
    failure: null,
  })
  const group: Target = { kind: 'group', key: 'containers:shop', name: 'db, app', main: 'container:app' }
  const shop = snapshot('shop', {
    service: service('shop', { target: group }),
    parts: [part('db'), part('app')],
  })
  const bare = snapshot('bare', { service: service('bare', { target: group }) })
  async function* said(target: Target): AsyncGenerator<LogLine> {
    yield { at: target.key === 'container:db' ? 2 : 1, stream: 'stdout', text: 'up' }
  }
  const { asked, insight } = fakeInsight(said)
  const { ask, url } = await startAdmin(t, { insight, control: new FakeControl(shop, bare) })
  t.equal((await ask('GET /api/v1/services/shop/logs')).text, 'app | up\ndb | up\n')
  const lines = await request(`${url}/api/v1/services/shop/logs?tail=1`, {
    headers: { accept: 'application/x-ndjson' },
  })
  t.match(
    await lines.body.text(),
    /"stream":"stdout","text":"up","part":"shop\/app"\}\n.*"part":"shop\/db"\}\n$/,
  )
  t.strictSame(asked.slice(0, 2), [
    'container:db tail=100 follow=false',
    'container:app tail=100 follow=false',
  ])
  t.match(await ask('GET /api/v1/services/bare/logs'), { status: 404, json: { code: 'WAKEDOCK_NO_LOGS' } })
})

const URL_TARGET: Target = { kind: 'url', key: 'url:x', scheme: 'http', host: '192.0.2.1', port: 80 }
const refused = (): AsyncIterable<LogLine> => ({
  [Symbol.asyncIterator]: () => ({
    next: () => Promise.reject(new TargetError('missing', 'container blog does not exist', 'Create it.')),
  }),
})

t.test('what is refused, with its remedy', async (t) => {
  const control = new FakeControl(
    snapshot('blog'),
    snapshot('nas', { service: service('nas', { target: URL_TARGET }) }),
  )
  const { insight } = fakeInsight(refused)
  const { ask } = await startAdmin(t, { insight, control })
  const cases: [call: string, status: number, problem: object][] = [
    ['GET /api/v1/services/nas/logs', 404, { code: 'WAKEDOCK_NO_LOGS', detail: /nas is a url/ }],
    ['GET /api/v1/services/none/logs', 404, { code: 'WAKEDOCK_NO_SUCH_SERVICE' }],
    [
      'GET /api/v1/services/blog/logs',
      502,
      {
        code: 'WAKEDOCK_LOGS_FAILED',
        detail: /does not exist\. Create it\./,
        reason: 'missing',
        hint: 'Create it.',
      },
    ],
    ['GET /api/v1/services/blog/logs?follow=true', 502, { code: 'WAKEDOCK_LOGS_FAILED' }],
    ['GET /api/v1/services/blog/logs?tail=-1', 400, { code: 'WAKEDOCK_INVALID_INPUT' }],
    ['GET /api/v1/services/blog/logs?tail=all', 400, { code: 'WAKEDOCK_INVALID_INPUT' }],
    ['GET /api/v1/services/blog/logs?follow=yes', 400, { code: 'WAKEDOCK_INVALID_INPUT' }],
    ['GET /api/v1/services/blog/logs?since=1h', 400, { code: 'WAKEDOCK_INVALID_INPUT' }],
  ]
  for (const [call, status, problem] of cases) t.match(await ask(call), { status, json: problem }, call)
  t.match(await ask('HEAD /api/v1/services/blog/logs?follow=true'), { status: 200, text: '' })
})

t.test('it takes a token that may operate, and nobody is counted as a user of the service', async (t) => {
  const { asked, insight } = fakeInsight(past)
  const { ask, control } = await startAdmin(t, { insight, tokens: TOKENS })
  const as = (value: string) => ({ headers: { authorization: `Bearer ${value}` } })
  t.match(await ask('GET /api/v1/services/blog/logs'), { status: 401 })
  t.match(await ask('GET /api/v1/services/blog/logs', as('read-secret')), { status: 403 })
  t.equal(asked.length, 0)
  t.match(await ask('GET /api/v1/services/blog/logs', as('operate-secret')), { status: 200 })
  t.strictSame(control.orders, [])
})

/** Follows; resolves when the head is there. */
async function follow(url: string, headers: Record<string, string> = {}) {
  const answer = await request(`${url}/api/v1/services/blog/logs?follow=true`, { headers })
  // What breaks off is what the tests are about.
  answer.body.on('error', () => undefined)
  return answer
}

t.test('a log that says nothing has its head sent all the same', async (t) => {
  async function* lines(_target: Target, { signal }: LogOptions): AsyncGenerator<LogLine> {
    if (!signal.aborted) await once(signal, 'abort')
    yield* []
  }
  const clock = new FakeClock()
  const { url } = await startAdmin(t, { insight: fakeInsight(lines).insight, clock })
  const head = follow(url)
  await until('it is waited for', () => clock.pending > 0)
  await clock.advance(300)
  t.equal((await head).statusCode, 200)
})

t.test('it ends when the client leaves, when its token goes, and when WakeDock ends', async (t) => {
  const { state, insight } = silent()
  const { url, server } = await startAdmin(t, { insight, tokens: TOKENS })
  const headers = { authorization: 'Bearer operate-secret' }
  const first = await follow(url, headers)
  t.equal(state.open, 1)
  first.body.destroy()
  await until('the log is let go', () => state.open === 0)

  const second = await follow(url, headers)
  server.update({ tokens: [token('ops', 'another-secret', 'operate')] })
  t.equal(await second.body.text(), 'hello\na "quoted" line\n', 'a proper end')
  t.equal(state.open, 0)

  const third = await follow(url, { authorization: 'Bearer another-secret' })
  await server.close(60_000)
  await third.body.text()
  t.equal(state.open, 0)
})

t.test('it ends properly also before anything was said', async (t) => {
  async function* lines(_target: Target, { signal }: LogOptions): AsyncGenerator<LogLine> {
    if (!signal.aborted) await once(signal, 'abort')
    yield* []
  }
  const clock = new FakeClock()
  const { url, server } = await startAdmin(t, { insight: fakeInsight(lines).insight, clock, tokens: TOKENS })
  const answer = follow(url, { authorization: 'Bearer operate-secret' })
  await until('it is waited for', () => clock.pending > 0)
  server.update({ tokens: [token('ops', 'another-secret', 'operate')] })
  t.equal(await (await answer).body.text(), '')
})

t.test("the engine's request is closed when the client leaves", async (t) => {
  const engine = await openFakeEngine(t)
  engine.answers.set('GET /containers/blog/json', json(inspection('blog', 'running')))
  let open = 0
  engine.answers.set(`GET /containers/${'c'.repeat(64)}/logs`, (_request, response) => {
    open += 1
    response.on('close', () => (open -= 1))
    response.writeHead(200).write(Buffer.from('\u0001\0\0\0\0\0\0\u0003hi\n', 'latin1'))
  })
  const insight = createDockerProvider({ host: engine.host, network: null, clock: new FakeClock() })
  t.teardown(() => insight.close())
  const { url } = await startAdmin(t, { insight })
  const { body } = await follow(url)
  t.equal(open, 1)
  body.destroy()
  await until('closed', () => open === 0)
})

t.test('a reader that takes nothing costs no memory, and holds up no end', async (t) => {
  const { state, insight } = endless()
  const { url, server } = await startAdmin(t, { insight })
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`GET /api/v1/services/blog/logs?follow=true HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
  // What the sockets of both sides take is some megabytes; without a bound it would be a gigabyte in a moment.
  let before = -1
  await until('nothing more is read', async () => {
    const same = before === state.read && state.read > 0
    before = state.read
    await new Promise((resolve) => setTimeout(resolve, 50))
    return same
  })
  t.ok(state.read < 20_000, `${state.read} lines of a kilobyte`)
  await server.close(60_000)
  await until('the log is let go', () => state.ended === 1)
})

t.test('a log that breaks off breaks the answer off, and the log of WakeDock says why', async (t) => {
  async function* lines(): AsyncGenerator<LogLine> {
    yield* LINES
    throw new TargetError('unreachable', 'Docker does not answer', 'Start it.')
  }
  const { url, logged } = await startAdmin(t, { insight: fakeInsight(lines).insight })
  const { body } = await follow(url)
  await t.rejects(body.text(), { message: /EOF|terminated|aborted|closed/i })
  t.strictSame(logged, ['warn blog: Docker does not answer. Start it.'])
})
