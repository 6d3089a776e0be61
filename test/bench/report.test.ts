/** The arithmetic behind every figure that the README quotes, on samples small enough to be worked out by hand. */
import t from 'tap'
import { overhead, readBoot } from '../../bench/contestants/wake.ts'
import { parseMemory } from '../../bench/process-memory.ts'
import { figure, median, percentile, spread, summarize, table } from '../../bench/report.ts'

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
    'Name:\tnode\nVmHWM:\t   99999 kB\nVmRSS:\t   92160 kB\nRssAnon:\t   51200 kB\nRssFile:\t 1 kB\n'
  t.same(parseMemory(status), { rss: 90, anon: 50 })
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
