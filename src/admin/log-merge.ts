/**
 * The logs of a stack's parts as one, in the order of their times. A part of which nothing is to come for now would hold up all
 * the others, so it is waited for only at the beginning, while what is past still arrives; from then on lines pass as they come.
 */
import type { LogLine } from '../domain/ports.ts'
import { toTargetError } from '../errors.ts'

export interface PartLine extends LogLine {
  /** Name of the part it is of ("blog/db"); null: the service has no parts. */
  readonly part: string | null
}

export interface PartLog {
  readonly part: string | null
  readonly lines: AsyncIterable<LogLine>
}

/** One part, with the line of it that is next. */
interface Head {
  readonly part: string | null
  readonly lines: AsyncIterator<LogLine>
  line: LogLine | null
  /** It has been asked for a line, and has not answered. */
  asked: boolean
  ended: boolean
}

/**
 * Reads one line of each ahead, and no more.
 * @param patience resolves when a silent part is waited for no longer
 * @throws TargetError of the only part. What is wrong with one of several is told in a line, as the others can be read.
 */
export async function* mergeLogs(
  logs: readonly PartLog[],
  patience: () => Promise<unknown>,
): AsyncGenerator<PartLine> {
  const heads = logs.map(({ part, lines }): Head => {
    return { part, lines: lines[Symbol.asyncIterator](), line: null, asked: false, ended: false }
  })
  let patient = true
  let failure: unknown = null
  /** Wakes the loop. One promise for all: a race would leave a callback at every silent part, for every line of the others. */
  let news = Promise.withResolvers<void>()

  const ask = async (head: Head): Promise<void> => {
    head.asked = true
    try {
      const { done, value } = await head.lines.next()
      head.ended = done === true
      head.line = done === true ? null : value
    } catch (error) {
      head.ended = true
      if (heads.length === 1) failure = error
      else head.line = complaint(error)
    }
    head.asked = false
    news.resolve()
  }
  const wait = async (): Promise<void> => {
    await patience()
    patient = false
    news.resolve()
  }

  try {
    void wait()
    for (;;) {
      for (const head of heads) if (head.line === null && !head.asked && !head.ended) void ask(head)
      const ready = heads.filter(({ line }) => line !== null)
      const silent = heads.some(({ asked }) => asked)
      if (ready.length === 0 ? silent : silent && patient) {
        await news.promise
        news = Promise.withResolvers()
        continue
      }
      if (failure !== null) throw failure
      const next = earliest(ready)
      if (next === undefined || next.line === null) return
      const { line, part } = next
      next.line = null
      yield { ...line, part }
    }
  } finally {
    // Not waited for: one that is silent answers only when its signal aborts, which is its owner's to do.
    for (const head of heads) head.lines.return?.().catch(() => undefined)
  }
}

/** A line without a time is of the time of those around it: it goes first. */
function earliest(heads: readonly Head[]): Head | undefined {
  let first = heads[0]
  for (const head of heads) if ((head.line?.at ?? 0) < (first?.line?.at ?? 0)) first = head
  return first
}

function complaint(error: unknown): LogLine {
  const { message, hint } = toTargetError(error)
  return { at: null, stream: 'stderr', text: `(WakeDock: ${message}. ${hint})` }
}
