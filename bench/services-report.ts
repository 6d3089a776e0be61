/** The tables of the services bench. */
import type { Memory } from './process-memory.ts'
import { figure, median, percentile, spread, summarize, table } from './report.ts'
import type { Price } from './watched-daemon.ts'

/** One process. */
export interface ServicesSample {
  readonly count: number
  readonly moves: Readonly<Record<Move, Price>>
  /** Right after the start, and after a time in which nothing has happened. */
  readonly early: Memory
  readonly late: Memory
  /** After the reads. */
  readonly read: Memory
  /** Percent of a core. */
  readonly asleep: number
  /** `GET /api/v1/services` and `GET /metrics`. */
  readonly list: Reads
  readonly scrape: Reads
}

interface Reads {
  /** Milliseconds. */
  readonly times: readonly number[]
  /** KiB. */
  readonly size: number
}

const MOVES = {
  start: 'start',
  one: 'reload, one changed',
  all: 'reload, all changed',
  resync: 'resync',
} as const
type Move = keyof typeof MOVES

/** Seconds between the checks of all targets that the Docker provider makes unasked (src/provider/docker/events.ts). */
const CHECK_EVERY = 300

export function servicesTables(samples: readonly ServicesSample[], settle: number): readonly string[] {
  const groups = [...Map.groupBy(samples, ({ count }) => count)]
  const names = Object.keys(MOVES) as Move[]
  const moves = names.flatMap((move) => groups.map(([count, those]) => moveRow(move, count, those)))
  const rest = groups.map(([count, those]) => {
    const middle = (pick: (one: ServicesSample) => number): string => figure(median(those.map(pick)))
    const asleep = those.map((one) => one.asleep)
    return [
      nameOf(count),
      String(those.length),
      percent(median(asleep)),
      percent(Math.max(...asleep)),
      percent(median(those.map(checkLoad))),
      middle(({ early }) => early.rss),
      middle(({ late }) => late.rss),
      middle(({ late }) => late.anon),
    ]
  })
  const reads = groups.map(([count, those]) => {
    const of = (pick: (one: ServicesSample) => Reads): string[] => {
      const times = those.flatMap((one) => pick(one).times)
      return [figure(median(times)), figure(percentile(times, 95)), figure(pick(those[0] ?? never()).size)]
    }
    const peak = figure(median(those.map(({ read }) => read.peak)))
    return [nameOf(count)].concat(
      of(({ list }) => list),
      of(({ scrape }) => scrape),
      peak,
    )
  })
  return [
    table(['move', 'with', 'n', 'done', 'p95', 'middle half', 'quiet', 'inspects', 'CPU', 'stall'], moves),
    `Asleep for ${settle} s: percent of a core, and what is to be added for the unasked check of all containers every ${CHECK_EVERY / 60} minutes (a resync’s CPU, spread over them); MiB:`,
    table(['with', 'n', 'CPU %', 'most', 'checks, %', 'RSS at start', 'RSS asleep', 'of it anonymous'], rest),
    'Reads of the admin API, ms and KiB, and the most memory that the process ever had, MiB:',
    table(['with', 'GET services', 'p95', 'size', 'GET /metrics', 'p95', 'size', 'peak RSS'], reads),
  ]
}

/** Percent of a core that a resync every CHECK_EVERY seconds comes to. */
export function checkLoad({ moves }: Pick<ServicesSample, 'moves'>): number {
  return (moves.resync.cpu / (CHECK_EVERY * 1000)) * 100
}

function moveRow(move: Move, count: number, samples: readonly ServicesSample[]): readonly string[] {
  const prices = samples.map((one) => one.moves[move])
  const done = summarize(prices.map((one) => one.done))
  const middle = (pick: (one: Price) => number): string => figure(median(prices.map(pick)))
  return [
    MOVES[move],
    nameOf(count),
    String(done.n),
    figure(done.median),
    figure(done.p95),
    spread(done),
    middle(({ quiet }) => quiet),
    String(median(prices.map(({ inspects }) => inspects))),
    middle(({ cpu }) => cpu),
    middle(({ stall }) => stall),
  ]
}

function nameOf(count: number): string {
  return count === 1 ? '1 service' : `${count} services`
}

/** Tenths would hide what is asked for here: half a percent. */
function percent(value: number): string {
  return value.toFixed(2)
}

function never(): never {
  throw new RangeError('a group is never empty')
}
