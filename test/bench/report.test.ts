/** The arithmetic behind every figure that the README quotes, on samples small enough to be worked out by hand. */
import t from 'tap'
import { criticalPath } from '../../bench/contestants/stack-floor.ts'
import { overhead, readBoot, type Wake } from '../../bench/contestants/wake.ts'
import { parseCpuTicks } from '../../bench/process-cpu.ts'
import { parseMemory } from '../../bench/process-memory.ts'
import { figure, median, percentile, spread, summarize, table } from '../../bench/report.ts'
import { checkLoad } from '../../bench/services-report.ts'
import { CASES, servicesOf } from '../../bench/wake-cases.ts'
import { differences } from '../../bench/wake-report.ts'

const twenty = Array.from({ length: 20 }, (_, index) => 20 - index)

for (const [values, expected] of [
  [[7], 7],
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
  [[10, 9, 100], 10],
  [[-1, -3], -2],
] as const) {
  t.equal(median(values), expected, `the median of ${values.join(' ')} is ${expected}`)
}

for (const [p, expected] of [
  [0, 1],
  [25, 5],
  [50, 10],
  [94, 19],
  [95, 19],
  [96, 20],
  [100, 20],
] as const) {
  t.equal(percentile(twenty, p), expected, `percentile ${p} of 1 to 20 is ${expected}, one that was measured`)
}

t.test('a sample is neither sorted in place nor read past its ends', (t) => {
  const values = Object.freeze([3, 1, 2])
  t.match(summarize(values), { n: 3, median: 2, p95: 3, q1: 1, q3: 3, min: 1, max: 3 })
  t.throws(() => summarize([]), RangeError)
  t.throws(() => median([]), RangeError)
  t.end()
})

for (const [value, text] of [
  [0, '0.0'],
  [-0.04, '0.0'],
  [9.96, '10.0'],
  [99.94, '99.9'],
  [99.95, '100'],
  [-412.4, '-412'],
] as const) {
  t.equal(figure(value), text, `${value} is shown as ${text}`)
}

t.equal(spread(summarize(twenty)), '5.0 to 15.0', 'the spread is the middle half')

t.test('a table lines up, and a bar in a cell does not split it', (t) => {
  const text = table(['who', 'n'], [['a|b', '1'], ['WakeDock']])
  t.same(text.split('\n'), [
    '| who      |   n |',
    '| -------- | --: |',
    String.raw`| a\|b     |   1 |`,
    '| WakeDock |     |',
  ])
  t.end()
})

t.test('memory is read from what the kernel says, in MiB', (t) => {
  const status =
    'Name:\tnode\nVmHWM:\t  102400 kB\nVmRSS:\t   92160 kB\nRssAnon:\t   51200 kB\nRssFile:\t 1 kB\n'
  t.same(parseMemory(status), { rss: 90, anon: 50, peak: 100 })
  t.throws(() => parseMemory('Name:\tkthreadd\n'), /no VmRSS/)
  t.end()
})

t.test('the overhead is what neither the engine nor the app can be blamed for', (t) => {
  const wake = { total: 512, start: 290, reportedStart: 297, boot: 210, sinceListening: 13, untilStart: 4 }
  t.equal(overhead(wake), 12)
  t.throws(() => readBoot('{"pid":1}'), /how long it booted/)
  t.equal(readBoot(JSON.stringify({ bootMs: 210, listeningAt: Date.now() })).boot, 210)
  t.end()
})

t.test(
  'WakeDock is compared with the floor of the same case, and a paused app has no moment of listening',
  (t) => {
    const wake: Wake = {
      total: 100,
      start: 40,
      reportedStart: 45,
      boot: 50,
      sinceListening: 6,
      untilStart: 2,
    }
    const cases = CASES.filter(({ mode }) => mode === 'tcp' || mode === 'pause')
    const results = cases.flatMap((of, index) => [
      { contestant: 'WakeDock', of, wakes: [wake, { ...wake, total: 120 + index }] },
      { contestant: 'floor', of, wakes: [{ ...wake, total: 92, sinceListening: 3, untilStart: 0 }] },
    ])
    const rows = differences(results, cases).split('\n').slice(2)
    t.strictSame(
      rows.map((row) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      ),
      [
        ['tcp, boots in 0 ms', '18.0', '28.0', '5.0', '18.0'],
        ['tcp, boots in 200 ms', '18.5', '29.0', '5.0', '18.5'],
        ['tcp, boots in 1000 ms', '19.0', '30.0', '5.0', '19.0'],
        ['paused', '19.5', '31.0', '', '19.5'],
      ],
    )
    t.end()
  },
)

t.test('every case of the wake bench is a service of its own', (t) => {
  const app = { name: 'app' }
  const yaml = servicesOf(new Map(CASES.map((one) => [one, app])))
  const names = Array.from(yaml.matchAll(/^  ([a-z]+-\d+):/gm), ([, name]) => name)
  t.equal(new Set(names).size, CASES.length)
  t.match(yaml, 'tcp-200: { hosts: tcp-200.example.com, container: app, ready: tcp }')
  t.match(yaml, 'health-0: { hosts: health-0.example.com, container: app, ready: health }')
  t.match(yaml, 'pause-0: { hosts: pause-0.example.com, container: app, sleep_mode: pause }')
  t.end()
})

t.test('the critical path is what has to follow each other: calls and boots, not the wait for them', (t) => {
  t.equal(criticalPath({ total: 2000, starts: [300, 200], boots: [550, 250] }), 1300)
  t.end()
})

t.test('CPU time is user and kernel mode together, whatever the process calls itself', (t) => {
  const stat = '4711 (node) (x 1) S 1 4711 4711 0 -1 4194560 100 0 0 0 250 50 7 9 20 0 11 0 99 1 2'
  t.equal(parseCpuTicks(stat), 300)
  t.throws(() => parseCpuTicks('4711 (node) Z'), /no utime/)
  t.end()
})

t.test('a check of all services every 5 minutes costs what one resync does, spread over them', (t) => {
  const price = { done: 1, quiet: 1, inspects: 1, cpu: 600, stall: 1 }
  t.equal(checkLoad({ moves: { start: price, one: price, all: price, resync: price } }).toFixed(2), '0.20')
  t.end()
})
