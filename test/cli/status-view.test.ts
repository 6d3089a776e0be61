/** What `wakedock status` prints, as whole screens. */
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { viewService } from '../../src/admin/service-view.ts'
import { statusDetail, statusTable } from '../../src/cli/status-view.ts'
import { NOW, snapshot } from '../helpers/fake-control.ts'

const PLAIN = { now: NOW, color: false, columns: Infinity }

const lastWake = { trigger: 'request', outcome: 'ready', startMs: 210, readyMs: 1030, totalMs: 1240 } as const
const SERVICES = [
  snapshot('blog', {
    state: 'awake',
    since: NOW - 12 * 60_000,
    inFlight: 2,
    lastActive: NOW,
    sleepsAt: NOW + 14 * 60_000,
    lastWake: { ...lastWake, at: NOW - 720_000 },
    lastSleep: { at: NOW - 3_600_000, reason: 'idle', tookMs: 310 },
    totals: { wakes: 3, failedWakes: 1, sleeps: 2, holds: 9, awakeMs: 7_500_000 },
  }),
  snapshot('nextcloud', { since: NOW - 7_500_000 }),
  snapshot('wiki', {
    state: 'failed',
    since: NOW - 3000,
    held: 1,
    lastWake: { ...lastWake, outcome: 'timeout', at: NOW },
    failure: {
      reason: 'not_ready',
      message: 'GET / \u001b[2Janswers 503',
      hint: 'See its log.',
      at: NOW - 3000,
      retryAt: NOW + 5000,
    },
  }),
].map(viewService)

const screen = (...lines: string[]): string => `${lines.join('\n')}\n`

t.test('the table', (t) => {
  t.equal(
    statusTable(SERVICES, PLAIN),
    screen(
      'SERVICE    STATE   SINCE     IN-FLIGHT  HELD  SLEEPS-IN  LAST-WAKE',
      'blog       awake   12 m      2          0     14 m       1.24 s',
      'nextcloud  asleep  2 h 05 m  0          0     -          -',
      'wiki       failed  3 s       0          1     -          timeout',
      '',
      'wiki: GET /  [2Janswers 503. See its log.',
    ),
  )
  t.end()
})

t.test('a narrow terminal loses columns from the right, and then letters of the names', (t) => {
  const width = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))
  const two = SERVICES.slice(0, 2)
  t.match(statusTable(two, { ...PLAIN, columns: 50 }), /^SERVICE {4}STATE {3}SINCE {5}IN-FLIGHT {2}HELD\n/u)
  for (const columns of [66, 50, 40, 30, 20, 16]) {
    t.ok(width(statusTable(two, { ...PLAIN, columns })) <= columns, `fits ${columns}`)
  }
  t.match(statusTable(two, { ...PLAIN, columns: 14 }), /\nnextc… {2}asleep\n/u)
  t.end()
})

t.test('no services', (t) => {
  t.equal(statusTable([], PLAIN), 'No services are configured.\n')
  t.end()
})

t.test('colour does not move the columns', (t) => {
  const colored = statusTable(SERVICES, { ...PLAIN, color: true })
  t.ok(colored.includes('\u001b[32mawake \u001b[39m  12 m'))
  t.equal(stripVTControlCharacters(colored), statusTable(SERVICES, PLAIN))
  t.end()
})

t.test('one service that is awake', (t) => {
  const [blog] = SERVICES
  t.equal(
    blog && statusDetail(blog, PLAIN),
    screen(
      'blog',
      '  state        awake for 12 m',
      '  hosts        blog.example.com',
      '  target       container blog',
      '  in flight    2',
      '  held         0',
      '  last active  0 ms ago',
      '  sleeps       in 14 m (idle timeout 15 m)',
      '  last wake    12 m ago (request), ready after 1.24 s (start 210 ms, ready 1.03 s)',
      '  last sleep   1 h ago (idle), took 310 ms',
      '  totals       3 wakes (1 failed), 2 sleeps, 9 held requests, awake 2 h 05 m',
    ),
  )
  t.end()
})

t.test('one service that failed says what to do', (t) => {
  const wiki = SERVICES[2]
  const detail = wiki && statusDetail(wiki, PLAIN)
  t.match(
    detail,
    screen(
      '  failure      GET /  [2Janswers 503 (not_ready, 3 s ago)',
      '  what to do   See its log.',
      '  tried again  at a request, in 5 s or later',
    ),
  )
  t.match(detail, /last active {2}not since WakeDock started\n/u)
  t.match(detail, /last wake {4}0 ms ago \(request\), timeout after 1\.24 s/u)
  t.match(detail, /last sleep {3}-\n/u)
  const base = snapshot('x')
  const forever = snapshot('x', { service: { ...base.service, idleTimeout: 0 } })
  t.match(statusDetail(viewService(forever), PLAIN), /sleeps {7}never by itself/u)
  t.match(statusDetail(viewService(base), PLAIN), /sleeps {7}15 m after its last request/u)
  t.end()
})
