/** The admin API over a real connection: health, metrics, reload, and how it says no. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createLogger } from '../../src/log.ts'
import { startAdmin, TOKENS } from '../helpers/admin.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

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
  ['a pin of an unknown service', 'PUT /api/v1/services/blgo/pin', null, 404, 'WAKEDOCK_NO_SUCH_SERVICE'],
  [
    'an unpin of an unknown service',
    'DELETE /api/v1/services/blgo/pin',
    null,
    404,
    'WAKEDOCK_NO_SUCH_SERVICE',
  ],
  ['a pin for a number', 'PUT /api/v1/services/blog/pin', '{"for":7200}', 400, 'WAKEDOCK_INVALID_INPUT'],
  [
    'a pin for nobody knows what',
    'PUT /api/v1/services/blog/pin',
    '{"fro":"2h"}',
    400,
    'WAKEDOCK_INVALID_INPUT',
  ],
  ['an unpin with a body', 'DELETE /api/v1/services/blog/pin', '{"for":"2h"}', 400, 'WAKEDOCK_INVALID_INPUT'],
  ['a pin that waits', 'PUT /api/v1/services/blog/pin?wait=true', null, 400, 'WAKEDOCK_INVALID_INPUT'],
  ['an unknown path', 'GET /api/v2/services', null, 404, 'WAKEDOCK_NOT_FOUND'],
  ['another method', 'DELETE /api/v1/services/blog', null, 405, 'WAKEDOCK_METHOD_NOT_ALLOWED'],
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
  const bad = await startAdmin(t, {
    config: { reload: () => Promise.resolve({ ok: false, faults: ['a.yaml:1:2 x'] }) },
  })
  t.match(await bad.ask('POST /api/v1/config/reload'), {
    status: 422,
    json: { code: 'WAKEDOCK_CONFIG_REFUSED', faults: ['a.yaml:1:2 x'] },
  })
})

t.test('health is for everybody, what is wrong is for those who may read', async (t) => {
  const problems = ['docker does not answer']
  const { ask } = await startAdmin(t, {
    tokens: TOKENS,
    health: { ready: () => ({ ok: false, problems }), providers: () => [] },
  })
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
    'PUT /api/v1/services/blog/pin',
    'DELETE /api/v1/services/blog/pin',
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
  for (const call of [
    'POST /api/v1/services/blog/wake',
    'POST /api/v1/services/blog/sleep',
    'PUT /api/v1/services/blog/pin',
    'DELETE /api/v1/services/blog/pin',
    'POST /api/v1/config/reload',
  ]) {
    t.match(await ask(call, reader), { status: 403, json: { code: 'WAKEDOCK_FORBIDDEN' } }, call)
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

t.test('close does not wait for a connection on which nothing has been asked', async (t) => {
  const { server, url } = await startAdmin(t)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const ended = once(socket, 'close')
  await once(socket, 'connect')
  // The server knows of it once it has answered what came later.
  await (await fetch(`${url}/healthz`)).text()
  await server.close(2 ** 30)
  await ended
})

t.test('close lets a request under way have its answer', async (t) => {
  const { server, ask, control } = await startAdmin(t)
  const [ordered, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  control.result = async (current) => {
    ordered.resolve()
    await awake.promise
    return { done: true, snapshot: current }
  }
  const answer = ask('POST /api/v1/services/blog/wake?wait=true')
  await ordered.promise
  const closed = server.close(2 ** 30)
  awake.resolve()
  t.match(await answer, { status: 200, json: { name: 'blog' } })
  await closed
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
