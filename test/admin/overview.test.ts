/** WakeDock as a whole over the API: the overview, histories, the config, Caddy's question, and methods. */
import t from 'tap'
import { createHistory } from '../../src/domain/history.ts'
import { startAdmin, TOKENS } from '../helpers/admin.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'

const MiB = 1024 * 1024

t.test('the overview adds up what all services do', async (t) => {
  const totals = { ...snapshot('x').totals, awakeMs: 1_000.4, asleepMs: 50 }
  const control = new FakeControl(
    snapshot('blog', { state: 'awake', inFlight: 2, totals }),
    snapshot('shop', { state: 'waking', held: 3, totals }),
    snapshot('wiki'),
  )
  const clock = new FakeClock()
  const begin = new Date(clock.wallTime()).toISOString()
  const { ask } = await startAdmin(t, {
    control,
    clock,
    health: {
      ready: () => ({ ok: true, problems: [] }),
      providers: () => [
        { name: 'docker', problem: 'Docker does not answer. Start it.' },
        { name: 'process', problem: null },
      ],
    },
    footprint: { of: () => null, saved: () => ({ bytesNow: 50 * MiB, byteMs: 1e15 + 0.5 }) },
    config: {
      state: () => ({ file: '/a.yaml', loadedAt: NOW, refused: { at: NOW, faults: ['a'] }, warnings: [] }),
    },
  })
  await clock.advance(90_000)
  clock.jump(3_600_000)
  const { status, json } = await ask('GET /api/v1/system/overview')
  t.equal(status, 200)
  const { memory, ...rest } = json as { memory: { rss_bytes: number; heap_used_bytes: number } }
  t.ok(memory.rss_bytes > memory.heap_used_bytes && memory.heap_used_bytes > MiB)
  t.strictSame(rest, {
    version: '1.2.3',
    started_at: begin,
    uptime_ms: 90_000,
    scope: 'operate',
    providers: [
      { name: 'docker', up: false, problem: 'Docker does not answer. Start it.' },
      { name: 'process', up: true, problem: null },
    ],
    services: { total: 3, asleep: 1, waking: 1, awake: 1, draining: 0, stopping: 0, failed: 0 },
    in_flight: 2,
    held: 3,
    asleep_ms: 100,
    awake_ms: 2_001,
    saved: { bytes_now: 50 * MiB, byte_ms: Math.round(1e15 + 0.5) },
    config: {
      file: '/a.yaml',
      loaded_at: new Date(NOW).toISOString(),
      refused: { at: new Date(NOW).toISOString(), faults: ['a'] },
    },
  })
})

t.test('the overview says what the caller may do', async (t) => {
  const { ask } = await startAdmin(t, { tokens: TOKENS })
  for (const [value, scope] of [
    ['read-secret', 'read'],
    ['operate-secret', 'operate'],
  ]) {
    const headers = { authorization: `Bearer ${value}` }
    t.match(await ask('GET /api/v1/system/overview', { headers }), { json: { scope } })
  }
})

t.test('a service shows what it used when last looked at', async (t) => {
  const { ask } = await startAdmin(t, {
    footprint: {
      of: (name) => (name === 'blog' ? 1_234.5 : null),
      saved: () => ({ bytesNow: 0, byteMs: 0 }),
    },
  })
  t.match(await ask('GET /api/v1/services/blog'), { json: { memory_bytes: 1_235 } })
  t.match(await ask('GET /api/v1/services'), {
    json: { services: [{ memory_bytes: 1_235 }, { memory_bytes: null }] },
  })
  t.match(await ask('POST /api/v1/services/blog/wake'), { json: { memory_bytes: 1_235 } })
})

t.test('a history has its states and wakes, and what the next wake will take', async (t) => {
  const clock = new FakeClock()
  const history = createHistory(clock)
  const begin = new Date(clock.wallTime()).toISOString()
  history.observer({ type: 'service_added', service: 'blog' })
  await clock.advance(1_000)
  history.observer({ type: 'state', service: 'blog', from: 'asleep', to: 'waking' })
  const wake = { trigger: 'request', outcome: 'ready', startMs: 100.4, readyMs: 50.2 } as const
  history.observer({ type: 'wake_finished', service: 'blog', ...wake, held: 1, error: null, retryIn: 0 })
  const { ask } = await startAdmin(t, { clock, history })
  const at = new Date(clock.wallTime()).toISOString()
  const blog = {
    since: begin,
    states: [
      { at: begin, state: 'asleep' },
      { at, state: 'waking' },
    ],
    wakes: [{ at, trigger: 'request', outcome: 'ready', start_ms: 100, ready_ms: 50, total_ms: 151 }],
    estimate_ms: 151,
  }
  const since = new Date(NOW - 60_000).toISOString()
  const shop = { since, states: [{ at: since, state: 'asleep' }], wakes: [], estimate_ms: null }
  t.strictSame((await ask('GET /api/v1/services/blog/history')).json, blog)
  t.strictSame((await ask('GET /api/v1/services/shop/history')).json, shop)
  t.strictSame((await ask('GET /api/v1/history')).json, { services: { blog, shop } })
  t.match(await ask('GET /api/v1/services/blgo/history'), {
    status: 404,
    json: { code: 'WAKEDOCK_NO_SUCH_SERVICE' },
  })
  t.match(await ask('HEAD /api/v1/history'), { status: 200, text: '' })
  t.match(await ask('GET /api/v1/history?since=1'), {
    status: 400,
    json: { detail: '"since" is no parameter; there is none here.' },
  })
})

t.test('the config is shown with what is known of it', async (t) => {
  const { ask } = await startAdmin(t, {
    config: {
      state: () => ({ file: '/a.yaml', loadedAt: NOW, refused: null, warnings: ['a.yaml:1:1 x'] }),
      document: () => Promise.resolve({ services: { blog: { hosts: ['a', 1, null, { deep: true }] } } }),
    },
  })
  t.strictSame((await ask('GET /api/v1/config')).json, {
    file: '/a.yaml',
    loaded_at: new Date(NOW).toISOString(),
    refused: null,
    warnings: ['a.yaml:1:1 x'],
    config: { services: { blog: { hosts: ['a', 1, null, { deep: true }] } } },
  })
})

t.test('a validation says what a reload would change, or what is wrong', async (t) => {
  const good = { ok: true, changes: ['blog changed'], warnings: ['w'] } as const
  const first = await startAdmin(t, { config: { validate: () => Promise.resolve(good) } })
  const answer = await first.ask('POST /api/v1/config/validate')
  t.strictSame([answer.status, answer.json], [200, good])
  const bad = { ok: false, faults: ['a.yaml:1:1 x'] } as const
  const second = await startAdmin(t, { config: { validate: () => Promise.resolve(bad) }, tokens: TOKENS })
  const as = (value: string) => ({ headers: { authorization: `Bearer ${value}` } })
  t.strictSame((await second.ask('POST /api/v1/config/validate', as('operate-secret'))).json, bad)
  t.match(await second.ask('POST /api/v1/config/validate', as('read-secret')), { status: 403 })
  t.match(await second.ask('GET /api/v1/config', as('read-secret')), { status: 200 })
})

const DOMAINS: readonly (readonly [query: string, status: number, asked: string | null])[] = [
  ['?domain=blog.example.com', 200, 'blog.example.com'],
  ['?domain=BLOG.example.COM.', 200, 'blog.example.com'],
  ['?domain=shop.example.com', 404, 'shop.example.com'],
  ['?domain=*.example.com', 404, null],
  ['?domain=..', 404, '.'],
  ['?domain=', 400, null],
  ['', 400, null],
  [`?domain=${'a'.repeat(255)}`, 400, null],
  ['?domain=a&domain=b', 400, null],
  ['?domain=blog.example.com&x=1', 400, null],
]

for (const [query, status, asked] of DOMAINS) {
  t.test(`Caddy asks ${query.slice(0, 40)} and is told ${status}`, async (t) => {
    let given: string | null = null
    const serves = (host: string): boolean => {
      given = host
      return host === 'blog.example.com'
    }
    const { ask } = await startAdmin(t, { tokens: TOKENS, serves })
    const answer = await ask(`GET /api/v1/caddy/ask${query}`)
    t.strictSame([answer.status, given], [status, asked])
    if (status !== 400) t.equal(answer.text, '')
    else t.match(answer.json, { code: 'WAKEDOCK_INVALID_INPUT', detail: /domain|"x"/ })
  })
}

const METHODS: readonly (readonly [call: string, allow: string | null])[] = [
  ['POST /api/v1/services', 'GET, HEAD'],
  ['DELETE /api/v1/services/blog', 'GET, HEAD'],
  ['GET /api/v1/services/blog/wake', 'POST'],
  ['POST /api/v1/services/blog/pin', 'PUT, DELETE'],
  ['OPTIONS /api/v1/events', 'GET, HEAD'],
  ['PUT /healthz', 'GET, HEAD'],
  ['GET /api/v1/config/reload?x=1', 'POST'],
  ['GET /api/v1/services/', null],
  ['POST /api/v1/services//wake', null],
  ['GET /api/v1/services/blog/wake/x', null],
  ['GET /api/v1', null],
  ['GET /%2e%2e/etc/passwd', null],
]

for (const [call, allow] of METHODS) {
  t.test(`${call} is answered with ${allow === null ? 404 : `405 and Allow: ${allow}`}`, async (t) => {
    const { ask, control } = await startAdmin(t)
    const answer = await ask(call)
    if (allow === null) t.match(answer, { status: 404 })
    else {
      t.match(answer, { status: 405, json: { code: 'WAKEDOCK_METHOD_NOT_ALLOWED' }, headers: { allow } })
    }
    t.strictSame(control.orders, [])
  })
}
