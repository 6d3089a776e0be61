/** The admin API over a real connection: health, metrics, services, orders, reload, and how it says no. */
import { connect } from 'node:net'
import t from 'tap'
import type { ActionResult, ServiceSnapshot } from '../../src/domain/gate.ts'
import { createLogger } from '../../src/log.ts'
import { startAdmin, TOKENS } from '../helpers/admin.ts'
import { FAILURE, FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

const FULL = snapshot('blog', {
  state: 'failed',
  since: NOW - 5000,
  inFlight: 1,
  held: 2,
  lastActive: NOW - 1000,
  sleepsAt: NOW + 1000,
  lastWake: {
    at: NOW - 9000,
    trigger: 'request',
    outcome: 'failed',
    startMs: 200,
    readyMs: 1000,
    totalMs: 1200,
  },
  lastSleep: { at: NOW - 90_000, reason: 'idle', tookMs: 310 },
  failure: {
    reason: 'exited',
    message: 'it ended',
    hint: 'See its log.',
    at: NOW - 5000,
    retryAt: NOW + 4000,
  },
  totals: { wakes: 4, failedWakes: 1, sleeps: 3, holds: 9, awakeMs: 60_000 },
})

t.test('a service is shown with everything that is known of it, and nothing else', async (t) => {
  const { ask } = await startAdmin(t, { control: new FakeControl(FULL) })
  const { status, json, headers } = await ask('GET /api/v1/services/blog')
  t.equal(status, 200)
  t.equal(headers['cache-control'], 'no-store')
  t.strictSame(json, {
    name: 'blog',
    state: 'failed',
    since: '2026-11-21T09:59:55.000Z',
    hosts: ['blog.example.com'],
    routes: [{ host: 'blog.example.com', path: '/', strip_prefix: false }],
    target: 'container blog',
    in_flight: 1,
    held: 2,
    last_active: '2026-11-21T09:59:59.000Z',
    sleeps_at: '2026-11-21T10:00:01.000Z',
    idle_timeout_ms: 900_000,
    last_wake: {
      at: '2026-11-21T09:59:51.000Z',
      trigger: 'request',
      outcome: 'failed',
      start_ms: 200,
      ready_ms: 1000,
      total_ms: 1200,
    },
    last_sleep: { at: '2026-11-21T09:58:30.000Z', reason: 'idle', took_ms: 310 },
    failure: {
      reason: 'exited',
      message: 'it ended',
      hint: 'See its log.',
      at: '2026-11-21T09:59:55.000Z',
      retry_at: '2026-11-21T10:00:04.000Z',
    },
    totals: { wakes: 4, failed_wakes: 1, sleeps: 3, holds: 9, awake_ms: 60_000 },
  })
})

t.test('a service without a past has nulls, not zeros', async (t) => {
  const { ask } = await startAdmin(t)
  const { json } = await ask('GET /api/v1/services/blog')
  t.match(json, { last_active: null, sleeps_at: null, last_wake: null, last_sleep: null, failure: null })
})

t.test('targets are named, never with a command, an environment or a credential', async (t) => {
  const base = snapshot('x').service
  const targets = [
    [
      {
        kind: 'process',
        key: 'p',
        name: 'demo',
        command: ['node', '--secret=s3cret'],
        cwd: '/',
        env: { KEY: 's3cret' },
        port: 1,
        scheme: 'http',
      },
      'process demo',
    ],
    [
      { kind: 'url', key: 'u', scheme: 'https', host: '2001:db8::1', port: 8443 },
      'url https://[2001:db8::1]:8443',
    ],
  ] as const
  for (const [target, name] of targets) {
    const { ask } = await startAdmin(t, {
      control: new FakeControl(snapshot('x', { service: { ...base, target } })),
    })
    const { json, text } = await ask('GET /api/v1/services/x')
    t.match(json, { target: name })
    t.notMatch(text, /s3cret/u)
  }
})

t.test('the list has the services in the order of the config', async (t) => {
  const { ask } = await startAdmin(t)
  t.match((await ask('GET /api/v1/services')).json, { services: [{ name: 'blog' }, { name: 'shop' }] })
})

t.test('an order is taken at once, with or without a body', async (t) => {
  const never = new Promise<ActionResult>(() => {})
  const { ask, control } = await startAdmin(t)
  control.result = () => never
  t.match(await ask('POST /api/v1/services/blog/wake'), { status: 202, json: { name: 'blog' } })
  t.match(await ask('POST /api/v1/services/blog/sleep'), { status: 202 })
  t.match(await ask('POST /api/v1/services/blog/sleep?wait=false', { headers: JSON_TYPE, body: '{}' }), {
    status: 202,
  })
  await ask('POST /api/v1/services/blog/sleep', { headers: JSON_TYPE, body: '{"force":true}' })
  t.same(control.orders, ['wake blog', 'sleep blog', 'sleep blog', 'sleep blog force'])
})

t.test('an order that fails after it was taken troubles nobody', async (t) => {
  const { ask, control } = await startAdmin(t)
  control.result = () => Promise.reject(new Error('late'))
  t.match(await ask('POST /api/v1/services/blog/wake'), { status: 202 })
  t.match(await ask('GET /healthz'), { status: 200 })
})

t.test('with wait=true the answer is the outcome', async (t) => {
  const { ask } = await startAdmin(t)
  t.match(await ask('POST /api/v1/services/blog/wake?wait=true'), { status: 200, json: { state: 'awake' } })
  t.match(await ask('POST /api/v1/services/blog/sleep?wait=true'), { status: 200, json: { state: 'asleep' } })
})

const lastWake = { at: NOW, trigger: 'operator', startMs: 1, readyMs: 1, totalMs: 2 } as const
const OUTCOMES: readonly (readonly [
  verb: string,
  what: string,
  after: Partial<ServiceSnapshot>,
  status: number,
  code: string,
])[] = [
  [
    'wake',
    'fails',
    { failure: FAILURE, lastWake: { ...lastWake, outcome: 'failed' } },
    502,
    'WAKEDOCK_WAKE_FAILED',
  ],
  [
    'wake',
    'times out',
    { failure: FAILURE, lastWake: { ...lastWake, outcome: 'timeout' } },
    504,
    'WAKEDOCK_WAKE_TIMEOUT',
  ],
  ['wake', 'is called off', {}, 409, 'WAKEDOCK_CALLED_OFF'],
  ['sleep', 'is called off by a request', {}, 409, 'WAKEDOCK_CALLED_OFF'],
  ['sleep', 'fails', { failure: FAILURE }, 502, 'WAKEDOCK_SLEEP_FAILED'],
]

for (const [verb, what, after, status, code] of OUTCOMES) {
  t.test(`a ${verb} that ${what} answers ${status}`, async (t) => {
    const { ask, control } = await startAdmin(t)
    control.result = (current) =>
      Promise.resolve({ done: false, why: 'That is why.', snapshot: { ...current, ...after } })
    const answer = await ask(`POST /api/v1/services/blog/${verb}?wait=true`)
    t.match(answer, { status, json: { status, code, detail: 'That is why.' } })
    t.match(answer.headers['content-type'], /^application\/problem\+json/u)
    if (after.failure !== undefined) t.match(answer.json, { reason: 'exited', hint: 'See its log.' })
  })
}

const REFUSED: readonly (readonly [
  what: string,
  call: string,
  body: string | null,
  status: number,
  code: string,
])[] = [
  ['an unknown service', 'GET /api/v1/services/blgo', null, 404, 'WAKEDOCK_NO_SUCH_SERVICE'],
  [
    'an order to an unknown service',
    'POST /api/v1/services/blgo/wake',
    null,
    404,
    'WAKEDOCK_NO_SUCH_SERVICE',
  ],
  [
    'a sleep of an unknown service',
    'POST /api/v1/services/blgo/sleep',
    null,
    404,
    'WAKEDOCK_NO_SUCH_SERVICE',
  ],
  ['an unknown path', 'GET /api/v2/services', null, 404, 'WAKEDOCK_NOT_FOUND'],
  ['another method', 'DELETE /api/v1/services/blog', null, 404, 'WAKEDOCK_NOT_FOUND'],
  ['an unknown field', 'POST /api/v1/services/blog/sleep', '{"forse":true}', 400, 'WAKEDOCK_INVALID_INPUT'],
  [
    'a field of another type',
    'POST /api/v1/services/blog/sleep',
    '{"force":"yes"}',
    400,
    'WAKEDOCK_INVALID_INPUT',
  ],
  [
    'a body where none belongs',
    'POST /api/v1/services/blog/wake',
    '{"force":true}',
    400,
    'WAKEDOCK_INVALID_INPUT',
  ],
  ['what is not JSON', 'POST /api/v1/services/blog/sleep', '{', 400, 'WAKEDOCK_INVALID_INPUT'],
  ['an unknown word', 'POST /api/v1/services/blog/wake?wait=yes', null, 400, 'WAKEDOCK_INVALID_INPUT'],
  [
    'an unknown parameter',
    'POST /api/v1/services/blog/wake?weight=true',
    null,
    400,
    'WAKEDOCK_INVALID_INPUT',
  ],
  ['a large body', 'POST /api/v1/services/blog/sleep', ' '.repeat(20_000), 413, 'WAKEDOCK_BODY_TOO_LARGE'],
]

for (const [what, call, body, status, code] of REFUSED) {
  t.test(`${what} is refused with ${code}`, async (t) => {
    const { ask, control } = await startAdmin(t)
    const answer = await ask(call, body === null ? {} : { headers: JSON_TYPE, body })
    t.match(answer, { status, json: { type: 'about:blank', status, code } })
    t.same(control.orders, [])
  })
}

t.test('a form of another site cannot smuggle a body in as text', async (t) => {
  const { ask, control } = await startAdmin(t)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const answer = await ask('POST /api/v1/services/blog/sleep', {
      headers: { 'content-type': type },
      body: '{"force":true}',
    })
    t.match(answer.json, { code: 'WAKEDOCK_INVALID_INPUT', detail: 'Send the body as application/json.' })
  }
  t.same(control.orders, [])
})

t.test('a path that cannot be read is refused like everything else, in our form', async (t) => {
  const { ask } = await startAdmin(t)
  for (const path of ['/%zz', `/api/v1/services/${'x'.repeat(300)}`]) {
    const answer = await ask(`GET ${path}`)
    t.match(answer.json, { type: 'about:blank', code: 'WAKEDOCK_INVALID_INPUT' })
    t.match(answer.headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    const rebound = await ask(`GET ${path}`, { headers: { host: 'evil.example' } })
    t.match(rebound, { status: 403, json: { code: 'WAKEDOCK_HOST_REFUSED' } })
  }
})

t.test('the log says by name who gave an order', async (t) => {
  const lines: string[] = []
  const log = await createLogger({
    level: 'info',
    format: 'json',
    tty: false,
    color: false,
    destination: { write: (line) => void lines.push(line) },
  })
  const { ask } = await startAdmin(t, { tokens: TOKENS, log })
  await ask('POST /api/v1/config/reload', { headers: { authorization: 'Bearer operate-secret' } })
  t.match(JSON.parse(lines[0] ?? ''), {
    event: 'order',
    token_name: 'ops',
    order: 'POST /api/v1/config/reload',
  })
  t.notMatch(lines.join(), /operate-secret/u)
})

t.test('a bug is logged, and answered without a word of it', async (t) => {
  const { ask, control, logged } = await startAdmin(t)
  control.list = () => {
    throw new Error('secret detail')
  }
  const answer = await ask('GET /api/v1/services')
  t.match(answer, { status: 500, json: { code: 'WAKEDOCK_INTERNAL' } })
  t.notMatch(answer.text, /secret detail/u)
  t.same(logged, ['error the admin API failed at GET /api/v1/services'])
})

t.test('metrics are text', async (t) => {
  const { ask } = await startAdmin(t)
  const answer = await ask('GET /metrics')
  t.match(answer, { status: 200, text: 'up 1\n' })
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/u)
})

t.test('a reload says what changed, or what is wrong', async (t) => {
  const good = await startAdmin(t)
  t.match(await good.ask('POST /api/v1/config/reload'), { status: 200, json: { changed: ['blog'] } })
  const bad = await startAdmin(t, { reload: () => Promise.resolve({ ok: false, faults: ['a.yaml:1:2 x'] }) })
  t.match(await bad.ask('POST /api/v1/config/reload'), {
    status: 422,
    json: { code: 'WAKEDOCK_CONFIG_REFUSED', faults: ['a.yaml:1:2 x'] },
  })
})

t.test('health is for everybody, what is wrong is for those who may read', async (t) => {
  const problems = ['docker does not answer']
  const { ask } = await startAdmin(t, { tokens: TOKENS, health: { ready: () => ({ ok: false, problems }) } })
  const reader = { headers: { authorization: 'Bearer read-secret' } }
  t.match(await ask('GET /healthz'), { status: 200 })
  t.strictSame((await ask('GET /healthz')).json, { status: 'ok' })
  t.strictSame((await ask('GET /healthz', reader)).json, { status: 'ok', version: '1.2.3' })
  t.match(await ask('GET /readyz'), { status: 503 })
  t.strictSame((await ask('GET /readyz')).json, { status: 'not ready' })
  t.strictSame((await ask('GET /readyz', reader)).json, { status: 'not ready', problems })
  const ready = await startAdmin(t)
  t.match(await ready.ask('GET /readyz'), { status: 200, json: { status: 'ready', problems: [] } })
})

t.test('every path but health asks for a token first, those that do not exist too', async (t) => {
  const { ask, control } = await startAdmin(t, { tokens: TOKENS })
  for (const call of [
    'GET /metrics',
    'GET /api/v1/services',
    'GET /api/v1/services/blog',
    'GET /nothing',
    'GET /%zz',
    `GET /api/v1/services/${'x'.repeat(300)}`,
    'POST /api/v1/services/blog/wake',
    'POST /api/v1/services/blog/sleep',
    'POST /api/v1/config/reload',
  ]) {
    const answer = await ask(call)
    t.match(answer, { status: 401, json: { code: 'WAKEDOCK_UNAUTHORIZED' } }, call)
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="wakedock"')
  }
  t.same(control.orders, [])
})

t.test('a token that may read does not operate', async (t) => {
  const { ask, control, logged } = await startAdmin(t, { tokens: TOKENS })
  const reader = { headers: { authorization: 'Bearer read-secret' } }
  t.match(await ask('GET /metrics', reader), { status: 200 })
  for (const path of ['services/blog/wake', 'services/blog/sleep', 'config/reload']) {
    t.match(await ask(`POST /api/v1/${path}`, reader), { status: 403, json: { code: 'WAKEDOCK_FORBIDDEN' } })
  }
  t.same(control.orders, [])
  const operator = { headers: { authorization: 'bearer operate-secret' } }
  t.match(await ask('POST /api/v1/services/blog/wake?wait=true', operator), { status: 200 })
  t.match(await ask('GET /api/v1/services', operator), { status: 200 })
  t.same(logged, ['info ops asks: POST /api/v1/services/blog/wake'])
})

t.test('a wrong token is logged without the token', async (t) => {
  const { ask, logged } = await startAdmin(t, { tokens: TOKENS })
  const answer = await ask('GET /metrics', { headers: { authorization: 'Bearer gue55' } })
  t.match(answer.headers['www-authenticate'], /error="invalid_token"/u)
  t.notMatch(answer.text, /gue55/u)
  t.same(logged, ['warn 127.0.0.1 sent the admin API a wrong token'])
})

t.test('close ends a request that waits, once its deadline is over', async (t) => {
  const { server, url, control } = await startAdmin(t)
  const ordered = Promise.withResolvers<void>()
  control.result = () => {
    ordered.resolve()
    return new Promise(() => {})
  }
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  const ended = new Promise((resolve) => socket.on('close', resolve))
  socket.write(
    'POST /api/v1/services/blog/wake?wait=true HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n',
  )
  await ordered.promise
  await server.close(1)
  await ended
  t.pass('the connection was closed')
})
