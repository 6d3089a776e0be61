/** The tables of the wake bench. */
import { overhead, type Inside, type Wake } from './contestants/wake.ts'
import { figure, median, spread, summarize, table } from './report.ts'

/** One contestant's wakes of one app. */
export interface Result {
  readonly contestant: string
  readonly bootMs: number
  readonly wakes: readonly Wake[]
}

const app = ({ bootMs }: Result): string => `boots in ${bootMs} ms`

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

/** Of medians. What the engine's start call varies by is many times what WakeDock adds: the total says little. */
export function differences(results: readonly Result[], boots: readonly number[]): string {
  const rows = boots.map((bootMs) => {
    const difference = (pick: (wake: Wake) => number): string => {
      const of = (name: string): number => {
        const found = results.find((one) => one.contestant === name && one.bootMs === bootMs)
        return median(found?.wakes.map(pick) ?? [])
      }
      return figure(of('WakeDock') - of('floor'))
    }
    return [
      `boots in ${bootMs} ms`,
      difference(overhead),
      difference(({ untilStart, sinceListening }) => untilStart + sinceListening),
      difference(({ total }) => total),
    ]
  })
  return table(['WakeDock − floor', 'overhead', 'until start + since listening', 'wish to first byte'], rows)
}

export function listeningTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
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

/** One row a call, of the wakes that made the calls that most of them made, in that order. */
export function callTable(results: readonly Result[]): string {
  const all = told(results).flatMap(({ insides }) => insides.map(({ calls }) => calls))
  const order = (calls: Inside['calls'] | undefined): string => (calls ?? []).map(({ what }) => what).join()
  const orders = Map.groupBy(all, order)
  const [most = []] = [...orders.values()].toSorted((a, b) => b.length - a.length)
  const rows = (most[0] ?? []).map(({ what }, index) => {
    const calls = most.flatMap((wake) => wake[index] ?? [])
    return [what, middle(calls, ({ after }) => after), middle(calls, ({ took }) => took)]
  })
  const which = `${most.length} of ${all.length} wakes`
  return table([`call (${which})`, 'after the answer before it, or the wish', 'took'], rows)
}

/** Who can tell, with what is told. */
function told(results: readonly Result[]): { result: Result; insides: Inside[] }[] {
  return results.flatMap((result) => {
    const insides = result.wakes.flatMap(({ inside }) => inside ?? [])
    return insides.length === 0 ? [] : [{ result, insides }]
  })
}
