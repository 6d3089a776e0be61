/** The event stream as the command line reads it: its form, and over losses of the daemon. */
import t from 'tap'
import { followEvents, readEvents, type Position } from '../../src/cli/event-reader.ts'
import { CliError } from '../../src/cli/command.ts'
import { ApiError, Unreachable } from '../../src/cli/refusals.ts'
import { FakeClock, settled } from '../helpers/fake-clock.ts'

async function* linesOf(text: string, end?: Error): AsyncGenerator<string> {
  yield* text.split('\n')
  if (end !== undefined) throw end
}

const EVENT = (id: string): string => `id: ${id}\nevent: woke\ndata: {"id":"${id}"}\n\n`

t.test('blocks become events; ids count without one, and comments for nothing', async (t) => {
  const position: Position = { id: null }
  const text = `retry: 2000\nid: a-1\n\n: awake\n\nevent: woke\ndata: {"x":1}\n\ndata:{"y":\ndata: 2}\r\n\r\n`
  const events = await Array.fromAsync(readEvents(linesOf(text), position))
  t.strictSame(events, [
    { type: 'woke', data: { x: 1 } },
    { type: 'message', data: { y: 2 } },
  ])
  t.equal(position.id, 'a-1')
  t.strictSame(await Array.fromAsync(readEvents(linesOf('data: no JSON\n\ndata: 1\n\n'), position)), [])
  t.strictSame(await Array.fromAsync(readEvents(linesOf('data: {"cut":1}'), position)), [])
})

/** What each attempt to connect meets, in turn; the last one never ends. */
function rig(...attempts: (string | Error | { text: string; end: Error })[]) {
  const clock = new FakeClock()
  const leave = new AbortController()
  const asked: (string | null)[] = []
  const told: string[] = []
  const client = {
    events: (_query: object, { after }: { after: string | null }): Promise<AsyncIterable<string>> => {
      asked.push(after)
      const attempt = attempts.shift()
      if (attempt instanceof Error) return Promise.reject(attempt)
      if (attempt === undefined) return new Promise(() => undefined)
      if (typeof attempt === 'string') return Promise.resolve(linesOf(attempt))
      return Promise.resolve(linesOf(attempt.text, attempt.end))
    },
  }
  const watcher = { lost: () => void told.push('lost'), back: () => void told.push('back') }
  const ended = (async () => {
    for await (const { data } of followEvents(client, clock, {}, leave.signal, watcher))
      told.push(String(data['id']))
  })()
  // Looked at where a test wants it.
  ended.catch(() => undefined)
  return { clock, leave, asked, told, ended }
}

t.test('after a loss it goes on behind the last event, and says each loss once', async (t) => {
  const gone = new Unreachable('gone')
  const { clock, asked, told } = rig(
    EVENT('a-1'),
    gone,
    new ApiError('WAKEDOCK_SHUTTING_DOWN', 503, 'ending'),
    { text: EVENT('a-2'), end: gone },
    EVENT('b-1'),
  )
  await settled()
  t.strictSame(told, ['a-1', 'lost'])
  await clock.advance(1999)
  t.equal(asked.length, 1, 'not at once')
  await clock.advance(10_000)
  t.strictSame(told, ['a-1', 'lost', 'back', 'a-2', 'lost', 'back', 'b-1', 'lost'])
  t.strictSame(asked, [null, 'a-1', 'a-1', 'a-1', 'a-2', 'b-1'])
})

const LASTING: readonly (readonly [what: string, error: Error, ...before: string[]])[] = [
  ['a daemon that is not there in the first place', new Unreachable('nobody')],
  ['a token that is not taken any more', new ApiError('WAKEDOCK_UNAUTHORIZED', 401, 'token'), EVENT('a-1')],
  ['another program in its place', new CliError('not ours'), EVENT('a-1')],
  ['a bug', new TypeError('bug'), EVENT('a-1')],
]

for (const [what, error, ...before] of LASTING) {
  t.test(`${what} ends it`, async (t) => {
    const { clock, ended } = rig(...before, error)
    await clock.advance(5000)
    await t.rejects(ended, error)
  })
}

t.test('whoever leaves while it waits is not kept', async (t) => {
  const { clock, leave, ended } = rig(EVENT('a-1'))
  await settled()
  t.equal(clock.pending, 1)
  leave.abort()
  await ended
  t.equal(clock.pending, 0)
})
