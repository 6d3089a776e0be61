/** What `wakedock status SERVICE` prints, as whole screens. */
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { viewService } from '../../src/admin/service-view.ts'
import { statusDetail } from '../../src/cli/status-detail.ts'
import type { ServiceSnapshot } from '../../src/domain/gate.ts'
import { FAILURE, NOW, snapshot } from '../helpers/fake-control.ts'
import { service as configured } from '../helpers/service.ts'
import { stackSnapshot } from '../helpers/stack-snapshot.ts'

const PLAIN = { now: NOW, color: false, columns: Infinity }
const MINUTE = 60_000

const lastWake = { trigger: 'request', outcome: 'ready', startMs: 210, readyMs: 1030, totalMs: 1240 } as const

const screen = (...lines: string[]): string => `${lines.join('\n')}\n`

function detail(changes: Partial<ServiceSnapshot>): string {
  return statusDetail(viewService(snapshot('blog', changes)), PLAIN)
}

t.test('one service that is awake', async (t) => {
  t.equal(
    detail({
      state: 'awake',
      since: NOW - 12 * MINUTE,
      inFlight: 2,
      lastActive: NOW,
      sleepsAt: NOW + 14 * MINUTE,
      lastWake: { ...lastWake, at: NOW - 12 * MINUTE },
      lastSleep: { at: NOW - 60 * MINUTE, reason: 'idle', tookMs: 310 },
      totals: { wakes: 3, failedWakes: 1, sleeps: 2, holds: 9, awakeMs: 7_500_000, asleepMs: 0 },
    }),
    screen(
      'blog',
      '  state        awake for 12 m',
      '  hosts        blog.example.com',
      '  target       container blog',
      '  in flight    2',
      '  held         0',
      '  last active  0 s ago',
      '  sleeps       in 14 m (idle timeout 15 m)',
      '  last wake    12 m ago (request), ready after 1.24 s (start 210 ms, ready 1.03 s)',
      '  last sleep   1 h ago (idle), took 310 ms',
      '  totals       3 wakes (1 failed), 2 sleeps, 9 held requests, awake 2 h 05 m',
    ),
  )
})

t.test('a certificate that nobody checks shows', (t) => {
  const target = { kind: 'url', key: 'url:x', scheme: 'https', host: 'nas', port: 443 } as const
  const tls = { ca: null, serverName: 'nas', insecure: true }
  const shown = (changes: object): string =>
    detail({ service: configured('blog', { target: { ...target, ...changes } }) })
  t.match(shown({ tls }), '\n  tls          its certificate is not checked (insecure_skip_verify)\n')
  t.notMatch(shown({}), '  tls  ')
  t.end()
})

t.test('one service that failed says what to do', async (t) => {
  const wiki = {
    state: 'failed',
    lastWake: { ...lastWake, outcome: 'timeout', at: NOW },
    failure: {
      reason: 'not_ready',
      message: 'GET / \u001b[2Janswers 503',
      hint: 'See its log.',
      at: NOW - 3000,
      retryAt: NOW + 5000,
    },
  } as const
  const text = detail(wiki)
  t.match(
    text,
    screen(
      '  failure      GET /  [2Janswers 503 (not_ready, 3 s ago)',
      '  what to do   See its log.',
      '  tried again  at a request, in 5 s or later',
    ),
  )
  t.match(text, /^blog\n {2}state {8}failed for 1 m\n {2}failure /u, 'first of all')
  t.match(text, /last active {2}not since WakeDock started\n/u)
  t.match(text, /last wake {4}0 s ago \(request\), timeout after 1\.24 s/u)
  t.match(text, /last sleep {3}-\n/u)
  t.match(detail({ ...wiki, kept: 'schedule' }), /tried again {2}in 5 s, because it is to be kept awake\n/u)
  t.match(detail({ failure: FAILURE }), /tried again {2}at the next request\n/u)
})

t.test('one of each is one, not ones', async (t) => {
  const totals = { wakes: 1, failedWakes: 0, sleeps: 1, holds: 1, awakeMs: 0, asleepMs: 0 }
  t.match(detail({ totals }), / totals {7}1 wake, 1 sleep, 1 held request, awake 0 ms\n/u)
})

const { service } = snapshot('blog')
const SLEEPS: readonly (readonly [what: string, changes: Partial<ServiceSnapshot>, ...rows: RegExp[]])[] = [
  ['an idle timeout of 0', { service: { ...service, idleTimeout: 0 } }, /sleeps {7}never by itself/u],
  ['nothing under way', {}, /sleeps {7}15 m after its last request\n {2}last wake/u],
  [
    'a pin with an end',
    { state: 'awake', kept: 'pin', pinned: { until: NOW + 118 * MINUTE } },
    /sleeps {7}not while it is pinned\n {2}pinned {7}for 1 h 58 m more\n/u,
  ],
  [
    'a pin without an end',
    { state: 'awake', kept: 'pin', pinned: { until: null } },
    / pinned {7}until it is unpinned\n/u,
  ],
  ['a schedule', { state: 'awake', kept: 'schedule' }, /sleeps {7}not before its schedule closes\n/u],
  [
    'a schedule that an operator overruled',
    { state: 'asleep', kept: 'schedule' },
    /sleeps {7}15 m after its last request\n/u,
  ],
  [
    'others that need it',
    { state: 'awake', kept: 'dependent', neededBy: ['shop', 'wiki'] },
    /sleeps {7}not while others need it\n {2}needed by {4}shop, wiki\n/u,
  ],
  [
    'a wake that waits for others',
    { state: 'waking', waitingFor: ['db', 'blog/cache'] },
    /state {8}waking for 1 m\n {2}waiting for {2}db, blog\/cache\n/u,
  ],
  [
    'what a wake waits for',
    { state: 'waking', waking: { since: NOW - 2000, phase: 'ready' } },
    / waking {7}waiting until it is ready, for 2 s\n/u,
  ],
  ['a HEALTHCHECK', { state: 'awake', health: 'unhealthy' }, / health {7}unhealthy\n/u],
  ['no hosts: only others use it', { service: { ...service, routes: [] } }, / hosts {8}-\n/u],
]

for (const [what, changes, ...rows] of SLEEPS) {
  t.test(`${what} is told`, async (t) => {
    for (const row of rows) t.match(detail(changes), row)
  })
}

t.test('what does not concern a service has no line', async (t) => {
  t.notMatch(detail({}), /pinned|needed by|waiting for|health|parts|failure/u)
})

t.test('what it uses is told once it has been looked at', (t) => {
  const text = statusDetail(viewService(snapshot('blog'), 45.4 * 1024 * 1024), PLAIN)
  t.match(text, / target .*\n {2}memory {7}45 MiB\n/u)
  t.notMatch(detail({}), / memory /u)
  t.end()
})

t.test('lines that do not fit go on beneath their text', (t) => {
  const view = viewService(snapshot('blog', { lastWake: { ...lastWake, at: NOW - 3000 } }))
  const text = statusDetail(view, { ...PLAIN, columns: 40 })
  t.match(
    text,
    screen(
      '  last wake    3 s ago (request), ready',
      '               after 1.24 s (start 210',
      '               ms, ready 1.03 s)',
    ),
  )
  t.ok(text.split('\n').every((line) => line.length <= 40))
  t.end()
})

t.test('a stack shows its containers, and why one of them failed', async (t) => {
  const options = { ...PLAIN, color: true }
  const colored = statusDetail(viewService(stackSnapshot()), options)
  const lines = stripVTControlCharacters(colored).split('\n')
  t.ok(lines.includes('  target       containers db, cache, app'))
  t.equal(
    lines.slice(lines.indexOf('  parts')).join('\n'),
    screen(
      '  parts',
      '    nextcloud/db     awake   for 12 m  container db, healthy',
      '    nextcloud/cache  failed  for 3 s   container cache',
      '      it [2J ended (exited, 3 s ago)',
      '      See its log.',
      '    nextcloud/app    waking  for 3 s   container app, starting',
    ),
  )
  t.ok(colored.includes('\u001b[31mfailed\u001b[39m  for 3 s '), 'in the colours of their states')
})
