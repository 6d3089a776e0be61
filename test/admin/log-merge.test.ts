/** The parts of a stack as one log: in order, a part that is silent, one that fails, and how far ahead it reads. */
import t from 'tap'
import { mergeLogs, type PartLog } from '../../src/admin/log-merge.ts'
import type { LogLine } from '../../src/domain/ports.ts'
import { TargetError } from '../../src/errors.ts'
import { settled } from '../helpers/fake-clock.ts'

const line = (at: number | null, text: string): LogLine => ({ at, stream: 'stdout', text })
const never = (): Promise<never> => new Promise(() => undefined)

/** Lines by their times, and then its end. */
function past(part: string | null, ...lines: LogLine[]): PartLog {
  async function* read() {
    yield* lines
  }
  return { part, lines: read() }
}

/** One that says something when the test says so. */
function live(part: string) {
  const waiting: ((line: LogLine) => void)[] = []
  let asked = 0
  async function* read(): AsyncGenerator<LogLine> {
    for (;;) {
      asked += 1
      yield await new Promise<LogLine>((resolve) => void waiting.push(resolve))
    }
  }
  const log: PartLog = { part, lines: read() }
  return {
    log,
    say: (line: LogLine) => waiting.shift()?.(line),
    asked: () => asked,
  }
}

/** Reads in the background; what has come so far, as "part text". */
function reading(logs: PartLog[], patience: () => Promise<unknown>): string[] {
  const got: string[] = []
  void (async () => {
    for await (const { part, text } of mergeLogs(logs, patience)) got.push(`${part} ${text}`)
    got.push('end')
  })()
  return got
}

t.test('what is past comes in the order of its times', async (t) => {
  const got = reading(
    [past('a', line(1, 'one'), line(4, 'four')), past('b', line(2, 'two'), line(3, 'three')), past('c')],
    never,
  )
  await settled()
  t.strictSame(got, ['a one', 'b two', 'b three', 'a four', 'end'])
})

t.test('a line without a time stays where it stands in its part', async (t) => {
  const got = reading(
    [past('a', line(5, 'five')), past('b', line(2, 'two'), line(null, 'none'), line(9, 'nine'))],
    never,
  )
  await settled()
  t.strictSame(got, ['b two', 'b none', 'a five', 'b nine', 'end'])
})

t.test('a silent part is waited for at first, and then no more', async (t) => {
  const silent = live('b')
  const busy = live('a')
  const patience = Promise.withResolvers<void>()
  const got = reading([busy.log, silent.log], () => patience.promise)
  await settled()
  busy.say(line(2, 'two'))
  await settled()
  t.strictSame(got, [], 'the other one may have something older')
  silent.say(line(1, 'one'))
  await settled()
  t.strictSame(got, ['b one'])
  patience.resolve()
  await settled()
  t.strictSame(got, ['b one', 'a two'])
  busy.say(line(3, 'three'))
  await settled()
  t.strictSame(got.slice(2), ['a three'], 'lines pass as they come')
})

t.test('of several, one that fails says so in a line', async (t) => {
  const failing: PartLog = {
    part: 'b',
    lines: {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new TargetError('missing', 'it is gone', 'Create it.')),
      }),
    },
  }
  const got = reading([past('a', line(1, 'one')), failing], never)
  await settled()
  t.strictSame(got, ['b (WakeDock: it is gone. Create it.)', 'a one', 'end'])
  await t.rejects(
    Array.fromAsync(mergeLogs([failing], never)),
    { reason: 'missing', message: 'it is gone' },
    'the only one',
  )
})

t.test('it reads one line of each ahead, and lets go of all when it is left', async (t) => {
  let left = 0
  let read = 0
  async function* endless(): AsyncGenerator<LogLine> {
    try {
      for (;;) yield line((read += 1), 'x')
    } finally {
      left += 1
    }
  }
  const merged = mergeLogs(
    [
      { part: 'a', lines: endless() },
      { part: 'b', lines: endless() },
    ],
    never,
  )
  await merged.next()
  await settled()
  t.equal(read, 2)
  await merged.return(undefined)
  await settled()
  t.equal(left, 2)
})
