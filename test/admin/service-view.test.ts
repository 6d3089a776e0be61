/** A service as the API shows it. */
import t from 'tap'
import type { Target } from '../../src/domain/service.ts'
import { startAdmin } from '../helpers/admin.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'
import { service } from '../helpers/service.ts'
import { stackSnapshot } from '../helpers/stack-snapshot.ts'

const FULL = snapshot('blog', {
  state: 'failed',
  since: NOW - 5000,
  inFlight: 1,
  held: 2,
  lastActive: NOW - 1000,
  sleepsAt: NOW + 1000,
  kept: 'dependent',
  pinned: { until: NOW + 7_200_000 },
  health: 'unhealthy',
  waitingFor: ['db'],
  neededBy: ['shop'],
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
  totals: { wakes: 4, failedWakes: 1, sleeps: 3, holds: 9, awakeMs: 60_000, asleepMs: 0 },
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
    tls: null,
    in_flight: 1,
    held: 2,
    last_active: '2026-11-21T09:59:59.000Z',
    sleeps_at: '2026-11-21T10:00:01.000Z',
    idle_timeout_ms: 900_000,
    kept: 'dependent',
    pinned: true,
    pinned_until: '2026-11-21T12:00:00.000Z',
    health: 'unhealthy',
    memory_bytes: null,
    waking: null,
    waiting_for: ['db'],
    needed_by: ['shop'],
    parts: [],
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
    totals: { wakes: 4, failed_wakes: 1, sleeps: 3, holds: 9, awake_ms: 60_000, asleep_ms: 0 },
  })
})

t.test('a service without a past has nulls, not zeros', async (t) => {
  const { ask } = await startAdmin(t)
  const { json } = await ask('GET /api/v1/services/blog')
  t.match(json, { last_active: null, sleeps_at: null, last_wake: null, last_sleep: null, failure: null })
  t.match(json, { kept: null, pinned: false, pinned_until: null, health: null, waiting_for: [], parts: [] })
})

t.test('whether the certificate of an https target is checked', async (t) => {
  const tls = (insecure: boolean) =>
    ({ scheme: 'https', tls: { ca: 'x', serverName: 'a', insecure } }) as const
  const url = { kind: 'url', key: 'url:x', host: 'a', port: 443 } as const
  const shown = async (target: Target): Promise<unknown> => {
    const control = new FakeControl(snapshot('blog', { service: service('blog', { target }) }))
    const { ask } = await startAdmin(t, { control })
    return (await ask('GET /api/v1/services/blog')).json
  }
  t.match(await shown({ ...url, ...tls(false) }), { tls: 'verified' })
  t.match(await shown({ ...url, scheme: 'https' }), { tls: 'verified' })
  t.match(await shown({ ...url, ...tls(true) }), { tls: 'unverified' })
  const stack = stackSnapshot()
  const parts = stack.parts.map((part) =>
    part.name === 'nextcloud/app' && part.target.kind === 'container'
      ? { ...part, target: { ...part.target, ...tls(true) } }
      : part,
  )
  const { ask } = await startAdmin(t, { control: new FakeControl({ ...stack, parts }) })
  const { json } = await ask('GET /api/v1/services/nextcloud')
  t.match(json, { tls: 'unverified' })
  t.notMatch(JSON.stringify(json), 'serverName')
})

t.test('a stack shows its containers, in the order of its config', async (t) => {
  const { ask } = await startAdmin(t, { control: new FakeControl(stackSnapshot()) })
  const { json } = await ask('GET /api/v1/services/nextcloud')
  t.match(json, { target: 'containers db, cache, app', waiting_for: ['nextcloud/cache'] })
  const parts = { since: '2026-11-21T09:48:00.000Z', health: null, failure: null }
  const late = '2026-11-21T09:59:57.000Z'
  const failure = {
    reason: 'exited',
    message: 'it\u001b[2J ended',
    hint: 'See its log.',
    at: late,
    retry_at: null,
  }
  t.strictSame((json as { parts: unknown }).parts, [
    { ...parts, name: 'nextcloud/db', target: 'container db', state: 'awake', health: 'healthy' },
    { ...parts, name: 'nextcloud/cache', target: 'container cache', state: 'failed', since: late, failure },
    {
      ...parts,
      name: 'nextcloud/app',
      target: 'container app',
      state: 'waking',
      since: late,
      health: 'starting',
    },
  ])
})

t.test('containers that a stack no longer names come last, by name', async (t) => {
  const { parts, ...rest } = stackSnapshot()
  const [app, cache, db] = parts
  if (app === undefined || cache === undefined || db === undefined) return t.fail('the stack has three parts')
  const extra = (name: string) => ({ ...db, name, target: { ...db.target, key: `container:${name}` } })
  const control = new FakeControl({ ...rest, parts: [extra('z'), app, extra('y'), cache, db] })
  const { ask } = await startAdmin(t, { control })
  const { json } = await ask('GET /api/v1/services/nextcloud')
  const names = [{ name: 'nextcloud/db' }, { name: 'nextcloud/cache' }, { name: 'nextcloud/app' }]
  return t.match(json, { parts: [...names, { name: 'y' }, { name: 'z' }] })
})

t.test('every way in which the core names a wake and a sleep passes', async (t) => {
  const wake = { at: NOW, outcome: 'ready', startMs: 1, readyMs: 1, totalMs: 2 } as const
  for (const trigger of ['request', 'operator', 'external', 'dependent', 'pin', 'schedule'] as const) {
    const changes = { lastWake: { ...wake, trigger } }
    const { ask } = await startAdmin(t, { control: new FakeControl(snapshot('blog', changes)) })
    t.match((await ask('GET /api/v1/services/blog')).json, { last_wake: { trigger } })
  }
  for (const reason of ['idle', 'operator', 'unneeded'] as const) {
    const changes = { lastSleep: { at: NOW, reason, tookMs: 1 } }
    const { ask } = await startAdmin(t, { control: new FakeControl(snapshot('blog', changes)) })
    t.match((await ask('GET /api/v1/services/blog')).json, { last_sleep: { reason } })
  }
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
    [{ kind: 'group', key: 'stack:blog/app', name: 'db, app', main: 'container:app' }, 'containers db, app'],
    [
      { kind: 'group', key: 'compose:nextcloud/app', name: 'nextcloud/app', main: 'container:app' },
      'compose nextcloud/app',
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
