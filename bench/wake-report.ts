/** The tables of the wake bench. */
import { overhead, type Inside, type Wake } from './contestants/wake.ts'
import { titleOf, type WakeCase } from './wake-cases.ts'
import { figure, median, percentile, spread, summarize, table } from './report.ts'

/** One contestant's wakes of one app. */
export interface Result {
  readonly contestant: string
  readonly of: WakeCase
  readonly wakes: readonly Wake[]
}

const app = (result: Result): string => titleOf(result.of)

function middle<T>(of: readonly T[], pick: (one: T) => number): string {
  return figure(median(of.map(pick)))
}

export function overheadTable(results: readonly Result[]): string {
  const head = [
    'app',
    'who',
    'n',
    'overhead',
    'p95',
    'middle half',
    'overhead by start_ms',
    'p95',
    'start call',
    'boot',
    'wish to first byte',
  ]
  const rows = results.map((result) => {
    const { contestant, wakes } = result
    const of = summarize(wakes.map(overhead))
    const byReport = summarize(wakes.map((wake) => overhead({ ...wake, start: wake.reportedStart })))
    return [
      app(result),
      contestant,
      String(of.n),
      figure(of.median),
      figure(of.p95),
      spread(of),
      figure(byReport.median),
      figure(byReport.p95),
      middle(wakes, ({ start }) => start),
      middle(wakes, ({ boot }) => boot),
      middle(wakes, ({ total }) => total),
    ]
  })
  return table(head, rows)
}

/**
 * Of medians, and of 95th percentiles. What the engine's start call varies by is many times what WakeDock adds: the total
 * says little, but for a paused app.
 */
export function differences(results: readonly Result[], cases: readonly WakeCase[]): string {
  const rows = cases.map((one) => {
    const difference = (of: typeof median, pick: (wake: Wake) => number): string => {
      const by = (name: string): number => {
        const found = results.find(({ contestant, of: its }) => contestant === name && its === one)
        return of(found?.wakes.map(pick) ?? [])
      }
      return figure(by('WakeDock') - by('floor'))
    }
    const late = (values: readonly number[]): number => percentile(values, 95)
    return [
      titleOf(one),
      difference(median, overhead),
      difference(late, overhead),
      one.mode === 'pause'
        ? ''
        : difference(median, ({ untilStart, sinceListening }) => untilStart + sinceListening),
      difference(median, ({ total }) => total),
    ]
  })
  const head = ['overhead', 'p95', 'until start + since listening', 'wish to first byte']
  return table(['WakeDock − floor', ...head], rows)
}

/** A paused app listens all the time. */
export function listeningTable(results: readonly Result[]): string {
  const booting = results.filter(({ of }) => of.mode !== 'pause')
  const rows = booting.map((result) => {
    const { contestant, wakes } = result
    const of = summarize(wakes.map(({ sinceListening }) => sinceListening))
    const until = middle(wakes, ({ untilStart }) => untilStart)
    return [app(result), contestant, until, figure(of.median), figure(of.p95), spread(of)]
  })
  return table(['app', 'who', 'until start', 'since listening', 'p95', 'middle half'], rows)
}

export function splitTable(results: readonly Result[]): string {
  const rows = told(results).map(({ result, insides }) => [
    app(result),
    middle(insides, ({ wake, ready }) => wake - ready),
    middle(insides, ({ ready }) => ready),
    figure(median(insides.map(({ wake }, index) => (result.wakes[index]?.total ?? 0) - wake))),
  ])
  return table(['app', 'start', 'ready', 'proxy'], rows)
}

/** For each mode, one row a call, of the wakes that made the calls that most of them made, in that order. */
export function callTable(results: readonly Result[]): string {
  const order = (calls: Inside['calls'] | undefined): string => (calls ?? []).map(({ what }) => what).join()
  const modes = Map.groupBy(told(results), ({ result }) => result.of.mode)
  const rows = Array.from(modes, ([mode, those]) => {
    const all = those.flatMap(({ insides }) => insides.map(({ calls }) => calls))
    const orders = Map.groupBy(all, order)
    const [most = []] = [...orders.values()].toSorted((a, b) => b.length - a.length)
    return (most[0] ?? []).map(({ what }, index) => {
      const calls = most.flatMap((wake) => wake[index] ?? [])
      const which = `${mode} (${most.length} of ${all.length} wakes)`
      return [which, what, middle(calls, ({ after }) => after), middle(calls, ({ took }) => took)]
    })
  })
  return table(['mode', 'call', 'after the answer before it, or the wish', 'took'], rows.flat())
}

/** Who can tell, with what is told. */
function told(results: readonly Result[]): { result: Result; insides: Inside[] }[] {
  return results.flatMap((result) => {
    const insides = result.wakes.flatMap(({ inside }) => inside ?? [])
    return insides.length === 0 ? [] : [{ result, insides }]
  })
}
