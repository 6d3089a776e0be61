/** The tables of the holds bench. */
import type { Answer } from './held-requests.ts'
import type { Memory } from './process-memory.ts'
import { figure, median, spread, summarize, table } from './report.ts'

/** One process's 1,000 requests. */
export interface HoldSample {
  readonly who: string
  /** Of each body; 0: none. */
  readonly bytes: number
  readonly before: Memory
  readonly held: Memory
  /** All are answered. */
  readonly after: Memory
  /** … and it has come to rest. */
  readonly late: Memory
  readonly answers: readonly Answer[]
  /** Null where there is nothing to start. */
  readonly starts: number | null
}

/** KiB of RSS that one held request adds. */
export function perRequest({ before, held }: HoldSample, requests: number): number {
  return ((held.rss - before.rss) * 1024) / requests
}

export function holdTables(
  samples: readonly HoldSample[],
  requests: number,
  settle: number,
): readonly string[] {
  const groups = [...Map.groupBy(samples, ({ who, bytes }) => `${who}, ${bodyOf(bytes)}`)]
  const memory = groups.map(([name, those]) => {
    const each = summarize(those.map((one) => perRequest(one, requests)))
    const middle = (pick: (one: HoldSample) => number): string => figure(median(those.map(pick)))
    return [
      name,
      String(each.n),
      figure(each.median),
      figure(each.p95),
      spread(each),
      middle(({ before }) => before.rss),
      middle(({ held }) => held.rss),
      middle(({ after }) => after.rss),
      middle(({ late }) => late.rss),
      middle(({ late }) => late.peak),
    ]
  })
  const account = groups.map(([name, those]) => [name].concat(accountOf(those)))
  const head = ['n', 'KiB a held request', 'p95', 'middle half', 'RSS before', 'held', 'answered']
  return [
    table(['who', ...head, `${settle} s later`, 'peak'], memory),
    'What became of them, all samples together; and the time from the first answer to the last, ms:',
    table(
      ['who', 'sent', 'answered 200, intact', 'said they were held', 'starts', 'first to last', 'p95'],
      account,
    ),
  ]
}

function accountOf(samples: readonly HoldSample[]): readonly string[] {
  const answers = samples.flatMap((one) => one.answers)
  const took = summarize(
    samples.map((one) => {
      const at = one.answers.map((answer) => answer.at)
      return Math.max(...at) - Math.min(...at)
    }),
  )
  const starts = samples.map((one) => one.starts ?? '').join(' ')
  const good = answers.filter(({ status, intact }) => status === 200 && intact).length
  const held = answers.filter((answer) => answer.held).length
  return [String(answers.length), String(good), String(held), starts, figure(took.median), figure(took.p95)]
}

function bodyOf(bytes: number): string {
  return bytes === 0 ? 'no body' : `${bytes / 1024} KiB body`
}
