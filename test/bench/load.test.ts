/** The benches that send load: what counts as a failed run, how contestants take turns, and the arithmetic of their tables. */
import t from 'tap'
import { installed, whoIsThere } from '../../bench/contestants/proxy.ts'
import type { Contestant } from '../../bench/contestants/proxy-contestant.ts'
import {
  added,
  cpuPerRequest,
  latencyTable,
  ratio,
  rateTable,
  summaryTable,
} from '../../bench/load-report.ts'
import { parseLoad } from '../../bench/load.ts'
import { parseCoreTicks } from '../../bench/process-cpu.ts'
import { interleave, type Sample, type Series } from '../../bench/rounds.ts'
import { spreadHosts } from '../../bench/routes.ts'

const told = { requests: 100, seconds: 2, bytes: 200_000, p50: 90, p99: 400, refused: 0, errors: 0 }
const line = (changed: Partial<typeof told>): string =>
  `Running 2s test\n${JSON.stringify({ ...told, ...changed })}\n`

t.test('the line of a load generator is its result', async (t) => {
  const result = { requests: 100, seconds: 2, rate: 50, p50: 90, p99: 400 }
  t.strictSame(parseLoad(line({}), { receives: 2000 }), result)
})

for (const [what, output, message] of [
  ['one refusal', line({ refused: 1 }), /^1 of 100 answers were refusals/],
  ['one failed request', line({ errors: 1 }), /^1 requests failed/],
  ['one byte too few', line({ bytes: 199_999 }), /^answers lack bytes/],
  ['no answer at all', line({ requests: 0, bytes: 0 }), /^no request was answered/],
  ['a figure that is missing', '{"requests":1}\n', /^no refused in/],
  ['no line', 'unable to connect\n', /^the load generator tells nothing/],
] as const) {
  t.test(`${what} makes the run fail`, async (t) => {
    t.throws(() => parseLoad(output, { receives: 2000 }), { message })
  })
}

const sample = (rate: number, p50: number, cpu: number | null): Sample => ({
  requests: rate * 2,
  seconds: 2,
  rate,
  p50,
  p99: p50 * 4,
  cpu,
  others: cpu === null ? null : 100,
})

t.test(
  'contestants take turns, every second round backwards, and the first turn does not count',
  async (t) => {
    const turns: string[] = []
    const series = await interleave(
      [{ name: 'a' }, { name: 'b' }],
      { rounds: 2, seconds: 7 },
      ({ name }, seconds) => {
        turns.push(`${name} ${seconds}`)
        return Promise.resolve(sample(turns.length, 1, null))
      },
    )
    t.strictSame(turns, ['a 1', 'b 1', 'a 7', 'b 7', 'b 7', 'a 7'])
    t.strictSame(
      series.map(({ name, samples }) => [name, samples.map(({ rate }) => rate)]),
      [
        ['a', [3, 6]],
        ['b', [4, 5]],
      ],
    )
  },
)

t.test('a failure says whose it was', async (t) => {
  const measure = (): Promise<Sample> => Promise.reject(new Error('1 requests failed'))
  await t.rejects(interleave([{ name: 'Caddy' }], { rounds: 1, seconds: 1 }, measure), {
    message: 'Caddy: 1 requests failed',
  })
})

// The machine is half as fast in the second round: figures move, ratios do not.
const direct: Series = { name: 'direct', samples: [sample(9000, 10, null), sample(4500, 20, null)] }
const slow: Series = { name: 'slow', samples: [sample(1000, 110, 1800), sample(500, 130, 1800)] }
const fast: Series = { name: 'fast', samples: [sample(2000, 60, 1000), sample(1000, 80, 1000)] }
const series = [direct, slow, fast]

t.test('ratios and what is added are taken within a round', async (t) => {
  t.match(ratio(fast, slow), { n: 2, median: 2, min: 2, max: 2 })
  t.match(added(slow, direct), { n: 2, median: 105, min: 100, max: 110 })
  t.throws(() => ratio(fast, { name: 'absent', samples: [] }), RangeError)
  t.equal(cpuPerRequest(sample(1000, 1, 1800)), 900, '1.8 s for 2,000 requests, in microseconds')
  t.equal(cpuPerRequest(sample(1000, 1, null)), null)
})

const rows = (text: string): string[][] => {
  const lines = text.split('\n').filter((one) => !one.startsWith('| -'))
  return lines.map((one) =>
    one
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

t.test('the table of rates has a pair of columns for each base that ran', async (t) => {
  t.strictSame(rows(rateTable({ title: '', shows: 'rate', series }, ['slow', 'absent'])), [
    ['proxy', 'requests/s', 'middle half', '× slow', 'middle half', 'CPU µs each', 'CPU busy', 'by others'],
    ['direct', '6,750', '4,500 to 9,000', '9.00', '9.00 to 9.00', '', '', ''],
    ['slow', '750', '500 to 1,000', '1', '', '1350', '90 %', '5 %'],
    ['fast', '1,500', '1,000 to 2,000', '2.00', '2.00 to 2.00', '375', '50 %', '5 %'],
  ])
})

t.test('the table of latencies has what a proxy adds', async (t) => {
  t.strictSame(
    rows(latencyTable({ title: '', shows: 'latency', series }, 'direct')).map((row) => row.slice(0, 5)),
    [
      ['proxy', 'median µs', 'added µs', 'middle half', '99th percentile µs'],
      ['direct', '15', '', '', '60'],
      ['slow', '120', '105', '100 to 110', '480'],
      ['fast', '70', '55', '50 to 60', '280'],
    ],
  )
})

t.test('the summary has one column a case, and a dash for who was not in it', async (t) => {
  const cases = [
    { title: 'GET', shows: 'rate', series },
    { title: 'alone', shows: 'latency', series: [direct, fast] },
  ] as const
  t.strictSame(rows(summaryTable(cases, ['slow', 'absent'], 'direct')), [
    ['proxy', 'GET (× slow, × absent)', 'alone: µs added'],
    ['direct', '6,750 (9.00, –)', ''],
    ['slow', '750 (1.00, –)', '–'],
    ['fast', '1,500 (2.00, –)', '55'],
  ])
})

const STAT = `cpu  9 9 9 9 9 9 9 9 0 0
cpu0 100 1 50 9000 70 2 3 4 0 0
cpu1 200 0 0 9000 70 0 0 0 0 0
`

t.test('what a core did is all but its rest', async (t) => {
  t.equal(parseCoreTicks(STAT, 0), 160)
  t.equal(parseCoreTicks(STAT, 1), 200)
  t.throws(() => parseCoreTicks(STAT, 2), { message: '/proc/stat has no core 2' })
})

t.test('who is not installed is left out, and named', async (t) => {
  const one = (name: string, version: string | null): Contestant => ({
    name,
    version: () => version,
    start: () => Promise.reject(new Error('not started here')),
  })
  const all = [one('direct', ''), one('Caddy', '2.6.2'), one('nginx', null), one('haproxy', null)]
  const { present, missing } = installed(all)
  t.equal(
    whoIsThere(present, missing),
    'direct, Caddy 2.6.2; not installed here, and left out: nginx, haproxy.',
  )
  t.equal(whoIsThere(present, []), 'direct, Caddy 2.6.2.')
})

t.test('hosts are dealt to the services in turn, each to one', async (t) => {
  t.strictSame(spreadHosts(5, 2), [
    ['r0.example.com', 'r2.example.com', 'r4.example.com'],
    ['r1.example.com', 'r3.example.com'],
  ])
})
