/** What `wakedock status` prints, as whole screens. */
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { viewService } from '../../src/admin/service-view.ts'
import { statusFrame } from '../../src/cli/status-frame.ts'
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

t.test('a narrow terminal loses what is needed least, and then letters of the names', async (t) => {
  const two = SERVICES.slice(0, 2)
  const headings = (columns: number): string =>
    statusTable(two, { ...PLAIN, columns })
      .split('\n', 1)[0]
      ?.replaceAll(/ +/gu, ' ') ?? ''
  t.same([66, 60, 49, 40, 28, 14].map(headings), [
    'SERVICE STATE SINCE IN-FLIGHT HELD SLEEPS-IN LAST-WAKE',
    'SERVICE STATE SINCE IN-FLIGHT HELD SLEEPS-IN',
    'SERVICE STATE SINCE IN-FLIGHT SLEEPS-IN',
    'SERVICE STATE SINCE SLEEPS-IN',
    'SERVICE STATE SLEEPS-IN',
    'SERVI… STATE',
  ])
  for (const columns of [66, 50, 40, 30, 20, 18]) {
    t.ok(width(statusTable(two, { ...PLAIN, columns })) <= columns, `fits ${columns}`)
    t.ok(width(statusTable(KEPT, { ...PLAIN, columns })) <= columns, `fits ${columns} with reasons`)
  }
  t.match(statusTable(two, { ...PLAIN, columns: 14 }), /\nnextc… {2}asleep\n/u)
})

t.test('one long name costs letters of it, not columns', async (t) => {
  const long = viewService(snapshot('a-service-with-a-rather-long-name-that-somebody-chose'))
  t.equal(
    statusTable([long], { ...PLAIN, columns: 80 }),
    screen(
      'SERVICE                     STATE   SINCE  IN-FLIGHT  HELD  SLEEPS-IN  LAST-WAKE',
      'a-service-with-a-rather-l…  asleep  1 m    0          0     -          -',
    ),
  )
})

t.test('why something failed is broken into lines of whole words', async (t) => {
  const wiki = SERVICES.slice(2)
  const lines = statusTable(wiki, { ...PLAIN, columns: 30 })
    .split('\n')
    .slice(3)
  t.strictSame(lines, ['wiki: GET /  [2Janswers 503.', 'See its log.', ''])
})

const FRAME = { ...PLAIN, columns: 60, rows: 24, trouble: null }
const names = (lines: readonly string[]): string[] => lines.map((line) => line.split(' ', 1)[0] ?? '')

t.test('watched, it says how many there are and what time it is', async (t) => {
  const time = new Date(NOW).toTimeString().slice(0, 8)
  const [head, ...rest] = statusFrame(SERVICES, FRAME)
  t.equal(head, `3 services: 1 awake, 1 failed, 1 asleep${' '.repeat(13)}${time}`)
  t.equal(`${rest.slice(1).join('\n')}\n`, statusTable(SERVICES, FRAME))
  t.equal(statusFrame(SERVICES, { ...FRAME, columns: 30 })[0], '3 services: 1 awake, 1 failed…')
  t.equal(
    statusFrame(SERVICES, { ...FRAME, trouble: 'nobody there' })[0],
    `nobody there${' '.repeat(40)}${time}`,
  )
  t.strictSame(statusFrame([], FRAME).slice(1), ['', 'No services are configured.'])
})

t.test('a window that is too low shows what is not asleep, and how many are missing', async (t) => {
  const many = Array.from({ length: 9 }, (_, index) =>
    viewService(snapshot(`s${index}`, { state: index === 7 ? 'awake' : 'asleep' })),
  )
  t.same(
    names(statusFrame(many, { ...FRAME, rows: 12 })).slice(3),
    many.map(({ name }) => name),
    'all fit',
  )
  const low = statusFrame(many, { ...FRAME, rows: 7 })
  t.same(names(low).slice(3), ['s7', 's0', 's1', '…'])
  t.match(low.at(-1), /^… and 6 more: /u)
  for (const rows of [1, 2, 3, 4, 5, 8])
    t.ok(statusFrame(SERVICES, { ...FRAME, rows }).length <= rows, `fits ${rows} lines`)
  const both = statusFrame([...many, ...SERVICES.slice(2)], { ...FRAME, rows: 10 })
  t.match(both.at(-1), /^wiki: GET/u, 'a failure finds a place all the same')
  t.ok(both.length <= 10)
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
