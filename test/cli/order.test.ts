/** What `wake --wait` and `sleep --wait` show while they wait, and what a Ctrl-C means. */
import t, { type Test } from 'tap'
import { viewService } from '../../src/admin/service-view.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import { progressLine } from '../../src/cli/progress.ts'
import type { ServeIo } from '../../src/cli/serve.ts'
import type { ActionResult, ServiceSnapshot } from '../../src/domain/gate.ts'
import { startAdmin } from '../helpers/admin.ts'
import { fakeIo, run } from '../helpers/cli.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'

const TIMES = { elapsed: 2400, estimate: null, columns: Infinity }

type Doing = readonly [verb: 'wake' | 'sleep', changes: Partial<ServiceSnapshot>, line: string]
const WAITS: readonly Doing[] = [
  ['wake', { state: 'asleep' }, 'blog: waking · 2 s'],
  ['wake', { state: 'stopping' }, 'blog: stopping first · 2 s'],
  ['wake', { state: 'waking', waking: { since: NOW, phase: 'start' } }, 'blog: starting · 2 s'],
  ['wake', { waking: { since: NOW, phase: 'ready' } }, 'blog: waiting until it is ready · 2 s'],
  ['wake', { waking: { since: NOW, phase: 'needs' } }, 'blog: waiting for what it needs · 2 s'],
  [
    'wake',
    { waking: { since: NOW, phase: 'needs' }, waitingFor: ['db', 'cache', 'mail', 'auth'] },
    'blog: waiting for db, cache, mail and 1 more · 2 s',
  ],
  ['sleep', { state: 'awake' }, 'blog: going to sleep · 2 s'],
  ['sleep', { state: 'draining', inFlight: 2, held: 1 }, 'blog: waiting for 3 requests to end · 2 s'],
  ['sleep', { state: 'draining', inFlight: 1 }, 'blog: waiting for 1 request to end · 2 s'],
  ['sleep', { state: 'awake', neededBy: ['shop'] }, 'blog: waiting for shop to sleep first · 2 s'],
  ['sleep', { state: 'waking' }, 'blog: waiting for its wake to end · 2 s'],
  ['sleep', { state: 'stopping', inFlight: 1 }, 'blog: stopping · 2 s'],
]

t.test('what an order waits for', (t) => {
  for (const [verb, changes, line] of WAITS)
    t.equal(progressLine(verb, 'blog', viewService(snapshot('blog', changes)), TIMES), line)
  t.equal(progressLine('wake', 'blog', null, TIMES), 'blog: waking · 2 s')
  t.equal(progressLine('sleep', 'blog', null, TIMES), 'blog: going to sleep · 2 s')
  t.end()
})

t.test('how long it usually takes, and on a narrow terminal the times before the words', (t) => {
  const view = viewService(snapshot('blog', { waking: { since: NOW, phase: 'ready' } }))
  const line = (changes: object): string => progressLine('wake', 'blog', view, { ...TIMES, ...changes })
  t.equal(line({ estimate: 4000 }), 'blog: waiting until it is ready · 2 s of about 4 s')
  t.equal(line({ estimate: 1240 }), 'blog: waiting until it is ready · 2 s, usually 1.24 s')
  t.equal(line({ estimate: 4000, columns: 37 }), 'blog: waiting unt… · 2 s of about 4 s')
  t.equal(line({ columns: 4 }).length, 4)
  t.end()
})

/** An order of which a test says when it ends. */
async function start(t: Test, words: string, changes: Partial<ServeIo>) {
  const asleep = snapshot('blog')
  const control = new FakeControl(asleep)
  const end = Promise.withResolvers<ActionResult>()
  const ordered = Promise.withResolvers<void>()
  control.result = () => {
    ordered.resolve()
    return end.promise
  }
  const { url } = await startAdmin(t, {
    control,
    history: { of: () => undefined, estimate: () => 4000 },
  })
  let now = NOW
  const io = fakeIo({ now: () => now, ...changes })
  const ended = dispatch([...words.split(' '), '--admin', url], io)
  await ordered.promise
  const shown = async (what: string): Promise<void> => {
    for (;;) {
      if (io.err.includes(what)) return
      await new Promise((resolve) => setImmediate(resolve))
      await io.clock.advance(250)
    }
  }
  return {
    io,
    ended,
    control,
    shown,
    finish: (state: 'awake' | 'asleep') => {
      now += 1240
      end.resolve({ done: true, snapshot: { ...asleep, state } })
    },
  }
}

const TERMINAL = { stderrIsTTY: true, columns: 60 }

t.test('on a terminal one line is kept up to date, and is gone at the end', async (t) => {
  const { io, ended, control, shown, finish } = await start(t, 'wake blog --wait', TERMINAL)
  await shown('\r\u001b[Kblog: waking · 0 s')
  control.snapshots[0] = snapshot('blog', { waking: { since: NOW, phase: 'start' } })
  await shown('\r\u001b[Kblog: starting · 0 s')
  finish('awake')
  t.equal(await ended, 0)
  t.equal(io.out, 'blog is awake, after 1.24 s\n')
  t.ok(io.err.endsWith('\r\u001b[K'))
  t.equal(io.clock.pending, 0)
  t.notMatch(io.err, /\n/u)
})

for (const [what, changes] of [
  ['a script', {}],
  ['a dumb terminal', { stderrIsTTY: true, env: { TERM: 'dumb' } }],
] as const) {
  t.test(`${what} sees nothing of it`, async (t) => {
    const { io, ended, finish } = await start(t, 'wake blog --wait', changes)
    finish('awake')
    t.equal(await ended, 0)
    t.equal(io.err, '')
  })
}

t.test('Ctrl-C ends the wait, and says that the order goes on', async (t) => {
  const { io, ended } = await start(t, 'wake blog --wait', {})
  io.signals.emit('SIGINT')
  t.equal(await ended, 130)
  t.equal(
    io.err,
    'wakedock: blog goes on to wake; see "wakedock status blog", or call it off with "wakedock sleep blog"\n',
  )
  t.equal(io.out, '')
  const sleep = await start(t, 'sleep blog --wait', TERMINAL)
  sleep.io.signals.emit('SIGTERM')
  t.equal(await sleep.ended, 143)
  t.ok(sleep.io.err.includes('\r\u001b[Kwakedock: blog goes on to sleep; see'), 'the line is gone first')
})

t.test('the outcome tells an order from one that had nothing to do', async (t) => {
  const awake = snapshot('blog', { state: 'awake' })
  const { url } = await startAdmin(t, { control: new FakeControl(awake) })
  t.match(await run(`wake blog --wait --admin ${url}`), { out: 'blog is awake already\n' })
  t.match(await run(`sleep blog --wait --admin ${url}`), { out: 'blog is asleep, after 0 ms\n' })
  const busy = new FakeControl(snapshot('blog', { state: 'draining', inFlight: 2 }))
  const other = await startAdmin(t, { control: busy })
  t.match(await run(`sleep blog --admin ${other.url}`), {
    out: 'blog is draining: it stops when 2 requests have ended\n',
  })
})
