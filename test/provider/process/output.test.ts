/** Lines from a process's output, and what a process that prints without end may take of WakeDock's time. */
import { PassThrough, Readable } from 'node:stream'
import t from 'tap'
import { readLines } from '../../../src/provider/process/output.ts'

async function linesOf(chunks: readonly string[]): Promise<string[]> {
  const lines: string[] = []
  await readLines(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), (line) => void lines.push(line))
  return lines
}

const CASES: readonly (readonly [title: string, chunks: readonly string[], lines: readonly string[]])[] = [
  ['lines', ['a\nb\n'], ['a', 'b']],
  ['a line in pieces', ['a', 'b', 'c\nd\n'], ['abc', 'd']],
  ['a last line without its end', ['a\nb'], ['a', 'b']],
  ['empty lines and CRLF', ['a\r\n\r\nb\n'], ['a', '', 'b']],
  ['a line of a megabyte, cut', ['x'.repeat(1_000_000), 'y\nb\n'], ['x'.repeat(16_384), 'b']],
  ['nothing', [], []],
]
for (const [title, chunks, expected] of CASES)
  t.test(title, async (t) => {
    t.strictSame(await linesOf(chunks), expected)
  })

t.test('a stream that breaks ends the reading, and loses no line before that', async (t) => {
  const stream = new PassThrough()
  const lines: string[] = []
  const read = readLines(stream, (line) => void lines.push(line))
  stream.write('a\nb')
  await new Promise(setImmediate)
  stream.destroy(new Error('broken'))
  await read
  t.strictSame(lines, ['a', 'b'])
})

/** Less than a tenth of a second's budget, so that few more pauses come after the last one asked for. */
const CHUNK = 'flood\n'.repeat(30)

/** Reads `chunk` over and over, until there have been `pauses` pauses; tells what had been read before each. */
async function flood(chunk: string, pauses: number) {
  let read = 0
  const lines: string[] = []
  const before: number[] = []
  const stream = new Readable({
    read() {
      read += chunk.length
      // Without a pause there would be no end.
      this.push(read < 20_000_000 ? chunk : null)
    },
  })
  const pause = (): Promise<void> => {
    before.push(chunk.includes('\n') ? lines.length : read)
    if (before.length === pauses) stream.destroy()
    return Promise.resolve()
  }
  await readLines(stream, (line) => void lines.push(line), { now: () => 0, pause })
  if (before.length < pauses) throw new Error(`only ${before.length} pauses`)
  return { lines, before }
}

t.test('a process that prints without end gives WakeDock time for other things', async (t) => {
  const { before } = await flood(CHUNK, 5)
  for (const [index, lines] of before.entries()) t.ok(lines <= (index + 1) * 400, `${lines} lines`)
})

t.test('one that prints without end and without lines is not read without end', async (t) => {
  const { before } = await flood('x'.repeat(50_000), 5)
  for (const [index, read] of before.entries()) t.ok(read <= (index + 3) * 150_000, `${read} bytes`)
})

t.test('one large piece of output is no way around that', async (t) => {
  const { before } = await flood('flood\n'.repeat(10_000), 1)
  t.ok((before[1] ?? Infinity) - (before[0] ?? 0) <= 400)
})

t.test('the log says once why such a process is slow, and says nothing of a burst', async (t) => {
  const told = async (pauses: number): Promise<number> =>
    (await flood(CHUNK, pauses)).lines.filter((line) => line.includes('slowed down')).length
  t.equal(await told(10), 0)
  t.equal(await told(60), 1)
})
