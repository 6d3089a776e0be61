/** What `wakedock status` prints, as whole screens. */
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { viewService } from '../../src/admin/service-view.ts'
import { statusTable } from '../../src/cli/status-table.ts'
import { NOW, snapshot } from '../helpers/fake-control.ts'
import { service } from '../helpers/service.ts'

const PLAIN = { now: NOW, color: false, columns: Infinity }
const MINUTE = 60_000

const lastWake = { trigger: 'request', outcome: 'ready', startMs: 210, readyMs: 1030, totalMs: 1240 } as const
const SERVICES = [
  snapshot('blog', {
    state: 'awake',
    since: NOW - 12 * MINUTE,
    inFlight: 2,
    lastActive: NOW,
    sleepsAt: NOW + 14 * MINUTE,
    lastWake: { ...lastWake, at: NOW - 12 * MINUTE },
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

const KEPT = [
  snapshot('blog', { state: 'awake', kept: 'pin', pinned: { until: NOW + 118 * MINUTE } }),
  snapshot('cache', { state: 'awake', kept: 'dependent', neededBy: ['blog'] }),
  snapshot('db', { state: 'awake', kept: 'dependent', neededBy: ['a-service-with-a-long-name', 'b', 'c'] }),
  snapshot('shop', { state: 'failed', kept: 'pin', pinned: { until: null } }),
  snapshot('wiki', { state: 'awake', kept: 'schedule' }),
  snapshot('yard', { state: 'asleep', kept: 'schedule' }),
  snapshot('zoo', { state: 'stopping', kept: 'schedule' }),
].map(viewService)

const screen = (...lines: string[]): string => `${lines.join('\n')}\n`
const width = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

t.test('the table', async (t) => {
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
})

t.test('where a service is kept awake, why stands in the place of the time', async (t) => {
  t.equal(
    statusTable(KEPT, PLAIN),
    screen(
      'SERVICE  STATE     SINCE  IN-FLIGHT  HELD  SLEEPS-IN                      LAST-WAKE',
      'blog     awake     1 m    0          0     pinned 1 h 58 m                -',
      'cache    awake     1 m    0          0     needed by blog                 -',
      'db       awake     1 m    0          0     needed by a-service-with-… +2  -',
      'shop     failed    1 m    0          0     pinned                         -',
      'wiki     awake     1 m    0          0     scheduled                      -',
      'yard     asleep    1 m    0          0     -                              -',
      'zoo      stopping  1 m    0          0     -                              -',
    ),
  )
})

t.test('a narrow terminal loses columns from the right, and then letters of the names', async (t) => {
  const two = SERVICES.slice(0, 2)
  t.match(statusTable(two, { ...PLAIN, columns: 50 }), /^SERVICE {4}STATE {3}SINCE {5}IN-FLIGHT {2}HELD\n/u)
  for (const columns of [66, 50, 40, 30, 20, 18]) {
    t.ok(width(statusTable(two, { ...PLAIN, columns })) <= columns, `fits ${columns}`)
    t.ok(width(statusTable(KEPT, { ...PLAIN, columns })) <= columns, `fits ${columns} with reasons`)
  }
  t.match(statusTable(two, { ...PLAIN, columns: 14 }), /\nnextc… {2}asleep\n/u)
})

t.test('no services', async (t) => {
  t.equal(statusTable([], PLAIN), 'No services are configured.\n')
})

t.test('colour does not move the columns', async (t) => {
  const colored = statusTable(SERVICES, { ...PLAIN, color: true })
  t.ok(colored.includes('\u001b[32mawake \u001b[39m  12 m'))
  t.equal(stripVTControlCharacters(colored), statusTable(SERVICES, PLAIN))
})

t.test(
  'a part that fails behind a service that answers is told; one whose service says so is not told twice',
  async (t) => {
    const failing = {
      reason: 'exited',
      message: 'container cron ended',
      hint: 'See its log.',
      at: NOW,
      retryAt: null,
    } as const
    const part = {
      name: 'blog/cron',
      target: service('cron').target,
      state: 'failed',
      since: NOW,
      health: null,
    } as const
    const parts = [{ ...part, failure: failing }]
    const lines = (failure: typeof failing | null): string[] =>
      statusTable([viewService(snapshot('blog', { state: 'awake', parts, failure }))], PLAIN)
        .split('\n')
        .slice(3, -1)
    t.strictSame(lines(null), ['blog/cron: container cron ended. See its log.'])
    t.strictSame(lines(failing), ['blog: container cron ended. See its log.'])
  },
)
