/**
 * The tables of the benches that send load. A ratio is taken within each round, from two turns that were seconds apart, and then
 * the median of those: a machine that gets slower in mid-run moves figures, but not ratios.
 */
import { figure, median, summarize, table, type Summary } from './report.ts'
import type { Sample, Series } from './rounds.ts'

/** One kind of load and who bore it. */
export interface Case {
  readonly title: string
  /** `rate`: more is better; `latency`: the median of one request at a time. */
  readonly shows: 'rate' | 'latency'
  readonly series: readonly Series[]
}

/** `a`'s rate by `b`'s, round by round. @throws RangeError when there is no round that both were in. */
export function ratio(a: Series, b: Series): Summary {
  const pairs = a.samples.flatMap(({ rate }, round) => {
    const other = b.samples[round]
    return other === undefined ? [] : [rate / other.rate]
  })
  return summarize(pairs)
}

/** Microseconds that `a` adds to the median of `floor`, round by round. */
export function added(a: Series, floor: Series): Summary {
  const pairs = a.samples.flatMap(({ p50 }, round) => {
    const other = floor.samples[round]
    return other === undefined ? [] : [p50 - other.p50]
  })
  return summarize(pairs)
}

/** Microseconds of CPU time that one request costs the proxy; null where there is none. */
export function cpuPerRequest(sample: Sample): number | null {
  return sample.cpu === null ? null : (sample.cpu * 1000) / sample.requests
}

/** One row a contestant: the figure and its spread, its ratios to the `bases`, and where the time went. */
export function rateTable({ series }: Case, bases: readonly string[], unit = 'requests/s'): string {
  const against = bases.flatMap((name) => series.find((one) => one.name === name) ?? [])
  const head = [
    'proxy',
    unit,
    'middle half',
    ...against.flatMap(({ name }) => [`× ${name}`, 'middle half']),
    'CPU µs each',
    'CPU busy',
    'by others',
  ]
  const rows = series.map((one) => {
    const { median: middle, q1, q3 } = summarize(one.samples.map(({ rate }) => rate))
    const ratios = against.flatMap((base) => {
      if (base === one) return ['1', '']
      const each = ratio(one, base)
      return [each.median.toFixed(2), `${each.q1.toFixed(2)} to ${each.q3.toFixed(2)}`]
    })
    return [one.name, count(middle), `${count(q1)} to ${count(q3)}`, ...ratios, ...cpuCells(one)]
  })
  return table(head, rows)
}

/** One row a contestant: microseconds, and what of them is its own. */
export function latencyTable({ series }: Case, floor: string): string {
  const base = series.find(({ name }) => name === floor)
  const head = [
    'proxy',
    'median µs',
    'added µs',
    'middle half',
    '99th percentile µs',
    'CPU µs each',
    'CPU busy',
    'by others',
  ]
  const rows = series.map((one) => {
    const extra = base === undefined || base === one ? null : added(one, base)
    return [
      one.name,
      count(median(one.samples.map(({ p50 }) => p50))),
      extra === null ? '' : count(extra.median),
      extra === null ? '' : `${count(extra.q1)} to ${count(extra.q3)}`,
      count(median(one.samples.map(({ p99 }) => p99))),
      ...cpuCells(one),
    ]
  })
  return table(head, rows)
}

/** All cases side by side, as the README shows them: `figure (× the first base, × the second)`, or microseconds added. */
export function summaryTable(cases: readonly Case[], bases: readonly string[], floor: string): string {
  const names = [...new Set(cases.flatMap(({ series }) => series.map(({ name }) => name)))]
  const head = cases.map(({ title, shows }) =>
    shows === 'latency' ? `${title}: µs added` : `${title} (${bases.map((name) => `× ${name}`).join(', ')})`,
  )
  return table(
    ['proxy', ...head],
    names.map((name) => [name].concat(cases.map((one) => summaryCell(one, name, bases, floor)))),
  )
}

function summaryCell({ shows, series }: Case, name: string, bases: readonly string[], floor: string): string {
  const find = (wanted: string): Series | undefined => series.find((one) => one.name === wanted)
  const one = find(name)
  if (one === undefined) return '–'
  if (shows === 'latency') {
    const base = find(floor)
    return base === undefined || base === one ? '' : count(added(one, base).median)
  }
  const ratios = bases.map((wanted) => {
    const base = find(wanted)
    return base === undefined ? '–' : ratio(one, base).median.toFixed(2)
  })
  return `${count(median(one.samples.map(({ rate }) => rate)))} (${ratios.join(', ')})`
}

/** CPU per request; how much of its core the proxy had; and how much others had, who should have had none. */
function cpuCells({ samples }: Series): [string, string, string] {
  const each = samples.flatMap((sample) => cpuPerRequest(sample) ?? [])
  return [
    each.length === 0 ? '' : figure(median(each)),
    share(samples, ({ cpu }) => cpu),
    share(samples, ({ others }) => others),
  ]
}

/** Of one core, in the median round; nothing where there is no such time. */
function share(samples: readonly Sample[], pick: (sample: Sample) => number | null): string {
  const shares = samples.flatMap((sample) => {
    const spent = pick(sample)
    return spent === null ? [] : [spent / sample.seconds / 10]
  })
  return shares.length === 0 ? '' : `${median(shares).toFixed(0)} %`
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
