/** The last lines of a process: bounded, kept, followed, and a reader that is slow. */
import t from 'tap'
import { RecentLines } from '../../../src/provider/process/recent-lines.ts'
import type { LogOptions } from '../../../src/domain/ports.ts'
import { settled } from '../../helpers/fake-clock.ts'

function filled(count: number, text = (n: number): string => `line ${n}`): RecentLines {
  const lines = new RecentLines()
  for (let n = 1; n <= count; n += 1) lines.add({ at: n, stream: 'stdout', text: text(n) })
  return lines
}

async function textsOf(lines: RecentLines, options: Partial<LogOptions> = {}): Promise<string[]> {
  const { signal } = new AbortController()
  const read = await Array.fromAsync(lines.read({ tail: 5000, follow: false, signal, ...options }))
  return read.map(({ text }) => text)
}

t.test('the last lines, and of these as many as are asked for', async (t) => {
  const lines = filled(1500)
  const all = await textsOf(lines)
  t.equal(all.length, 1000)
  t.equal(all[0], 'line 501')
  t.strictSame(await textsOf(lines, { tail: 2 }), ['line 1499', 'line 1500'])
  t.strictSame(await textsOf(lines, { tail: 0 }), [])
  t.strictSame(await textsOf(new RecentLines()), [])
})

t.test('long lines are fewer, but the last one is always there', async (t) => {
  t.equal((await textsOf(filled(100, () => 'x'.repeat(16_384)))).length, 16)
  t.equal((await textsOf(filled(3, () => 'x'.repeat(1_000_000)))).length, 1)
})

t.test('a follower hears what comes, until it leaves', async (t) => {
  const lines = filled(2)
  const stop = new AbortController()
  const heard: string[] = []
  const ended = (async () => {
    for await (const { text } of lines.read({ tail: 1, follow: true, signal: stop.signal })) heard.push(text)
  })()
  await settled()
  lines.add({ at: 3, stream: 'stderr', text: 'line 3' })
  lines.add({ at: 4, stream: 'stderr', text: 'line 4' })
  await settled()
  lines.add({ at: 5, stream: 'stderr', text: 'line 5' })
  await settled()
  t.strictSame(heard, ['line 2', 'line 3', 'line 4', 'line 5'])
  stop.abort()
  await ended
  lines.add({ at: 6, stream: 'stdout', text: 'line 6' })
  await settled()
  t.equal(heard.length, 4)
})

t.test('a slow follower is told what it has missed', async (t) => {
  const lines = filled(10)
  const reader = lines.read({ tail: 10, follow: true, signal: new AbortController().signal })
  t.match(await reader.next(), { value: { text: 'line 1' } })
  for (let n = 11; n <= 1_110; n += 1) lines.add({ at: n, stream: 'stdout', text: `line ${n}` })
  t.match(await reader.next(), { value: { stream: 'stderr', text: /^\(109 lines are missing here/ } })
  t.match(await reader.next(), { value: { text: 'line 111' } })
  await reader.return(undefined)
})
