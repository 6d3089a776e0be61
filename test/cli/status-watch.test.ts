/** `wakedock status --watch` against a real admin server: on a terminal, in a pipe, and over a loss of the daemon. */
import t, { type Test } from 'tap'
import { dispatch } from '../../src/cli/dispatch.ts'
import type { ServeIo } from '../../src/cli/serve.ts'
import { startAdmin } from '../helpers/admin.ts'
import { fakeIo, run } from '../helpers/cli.ts'
import { FakeClock, settled } from '../helpers/fake-clock.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'

async function start(t: Test, words: string, changes: Partial<ServeIo> = {}) {
  const control = new FakeControl(snapshot('blog'), snapshot('shop'))
  const server = new FakeClock()
  const { url, server: admin } = await startAdmin(t, { control, clock: server })
  const io = fakeIo({ env: { NO_COLOR: '1' }, ...changes })
  const ended = dispatch(['status', ...words.split(' '), '--admin', url], io)
  /** Time passes, here and there, until it is shown. */
  const seen = async (what: RegExp | string): Promise<void> => {
    const isThere = (): boolean =>
      typeof what === 'string' ? (io.out + io.err).includes(what) : what.test(io.out + io.err)
    while (!isThere()) {
      await server.advance(1000)
      await io.clock.advance(1000)
      await settled()
    }
  }
  const set = (name: string, change: Parameters<typeof snapshot>[1]): void => {
    const index = control.snapshots.findIndex((one) => one.name === name)
    control.snapshots[index] = snapshot(name, change)
  }
  /** What the terminal shows: the last frame, line by line. */
  const frame = (): string[] => {
    const [last = ''] = io.out.split('\u001b[H').slice(-1)
    return last.split('\u001b[J')[0]?.replaceAll('\u001b[K', '').replace(/\r\n$/u, '').split('\r\n') ?? []
  }
  return { io, ended, seen, set, frame, control, admin, url }
}

const TERMINAL = { isTTY: true, columns: 60, rows: 10 }

t.test('on a terminal it is drawn over itself, and the terminal given back', async (t) => {
  const { io, ended, seen, set, frame } = await start(t, '--watch', TERMINAL)
  await seen('2 services: 2 asleep')
  t.ok(io.out.startsWith(ENTER))
  t.match(frame()[2], /^SERVICE {2}STATE {3}SINCE/u)
  set('shop', { state: 'awake', inFlight: 2 })
  await seen('2 services: 1 awake, 1 asleep')
  t.match(frame()[4], /^shop {5}awake {3}1 m {4}2 /u)
  io.signals.emit('SIGINT')
  t.equal(await ended, 130)
  t.ok(io.out.endsWith(LEAVE))
  t.equal(io.out.split(LEAVE).length, 2, 'once')
  t.equal(io.clock.pending, 0)
  t.equal(io.err, '')
})

t.test('it follows the size of the terminal, and never writes more lines than it has', async (t) => {
  const size = { columns: 60, rows: 10 }
  const changes = {
    isTTY: true,
    get columns() {
      return size.columns
    },
    get rows() {
      return size.rows
    },
  }
  // Spread would read the size once.
  const control = new FakeControl(...Array.from({ length: 20 }, (_, index) => snapshot(`s${index}`)))
  const { url } = await startAdmin(t, { control, clock: new FakeClock() })
  const io = fakeIo({ env: { NO_COLOR: '1' } })
  Object.defineProperties(io, Object.getOwnPropertyDescriptors(changes))
  const ended = dispatch(['status', '--watch', '--admin', url], io)
  while (!io.out.includes('… and 14 more')) await settled().then(() => io.clock.advance(50))
  size.rows = 6
  size.columns = 30
  io.signals.emit('resize')
  const [last = ''] = io.out.split('\u001b[H').slice(-1)
  const lines = last.replaceAll('\u001b[K', '').split('\r\n')
  t.equal(lines.length, 6)
  t.ok(lines.every((line) => line.length <= 30))
  t.notOk(last.includes('\u001b[J'), 'the screen is full: nothing is to be cleared behind its last line')
  io.signals.emit('SIGTSTP')
  t.ok(io.out.endsWith(LEAVE), 'Ctrl-Z')
  io.signals.emit('resize')
  t.ok(io.out.endsWith(LEAVE), 'nothing is drawn over the shell')
  io.signals.emit('SIGCONT')
  t.ok(io.out.endsWith(`${ENTER}\u001b[H${last}`), 'fg')
  io.signals.emit('end')
  t.ok(io.out.endsWith(LEAVE), 'also when the process ends without a word')
  const written = io.out.length
  io.signals.emit('SIGHUP')
  t.equal(await ended, 129)
  t.equal(io.out.length, written, 'once')
})

t.test('one service, in detail', async (t) => {
  const { io, ended, seen, set, frame } = await start(t, 'blog --watch', { ...TERMINAL, rows: 8 })
  await seen('state        asleep for 1 m')
  set('blog', { state: 'waking', waking: { since: NOW - 2000, phase: 'start' } })
  await seen('waking       starting, for 2 s')
  t.equal(frame().length, 8)
  t.equal(frame().at(-1), '…')
  io.signals.emit('SIGINT')
  await ended
})

t.test('in a pipe each change is a line', async (t) => {
  const { io, ended, seen, set, control } = await start(t, '--watch')
  await seen(/shop is asleep\n/u)
  set('blog', { state: 'awake', inFlight: 1, held: 2 })
  await seen(/blog is awake: 1 in flight, 2 requests held\n/u)
  control.snapshots.pop()
  await seen(/shop is not in the config any more\n/u)
  io.signals.emit('SIGTERM')
  t.equal(await ended, 143)
  const at = '2026-11-21T10:00:00.000Z'
  t.strictSame(io.out.split('\n'), [
    `${at} blog is asleep`,
    `${at} shop is asleep`,
    `${at} blog is awake: 1 in flight, 2 requests held`,
    `${at} shop is not in the config any more`,
    '',
  ])
})

t.test('a dumb terminal is a pipe', async (t) => {
  const { io, ended, seen } = await start(t, '--watch', { ...TERMINAL, env: { TERM: 'dumb' } })
  await seen(/shop is asleep\n/u)
  t.notOk(io.out.includes('\u001b'))
  io.signals.emit('SIGINT')
  await ended
})

t.test('--json: the view of each service whenever it changes', async (t) => {
  const { io, ended, seen, set, control } = await start(t, '--watch --json', TERMINAL)
  await seen(/"name":"shop"/u)
  set('blog', { state: 'awake' })
  await seen(/"name":"blog","state":"awake"/u)
  control.snapshots.pop()
  await seen(/"removed":true/u)
  io.signals.emit('SIGINT')
  await ended
  const lines = io.out
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  t.match(lines, [
    { name: 'blog', state: 'asleep' },
    { name: 'shop', state: 'asleep' },
    { name: 'blog', state: 'awake' },
    { name: 'shop', removed: true },
  ])
})

t.test('the daemon goes and comes back: what was removed meanwhile is gone as well', async (t) => {
  const first = await start(t, '--watch', { ...TERMINAL, columns: 80 })
  await first.seen('2 services: 2 asleep')
  await first.admin.close()
  await first.seen('does not answer; waiting until it is back')
  t.ok(
    first.frame().some((line) => line.startsWith('blog')),
    'what was known stays',
  )
  const listen = { kind: 'tcp', host: '127.0.0.1', port: Number(new URL(first.url).port) } as const
  const control = new FakeControl(snapshot('shop', { state: 'awake' }))
  await startAdmin(t, { control, settings: { listen, tokens: [] } })
  await first.seen('1 service: 1 awake')
  t.notOk(first.frame().some((line) => line.startsWith('blog')))
  first.io.signals.emit('SIGINT')
  await first.ended
})

t.test('what is wrong is said before the screen is taken', async (t) => {
  const { url } = await startAdmin(t)
  const { code, out, err } = await run(`status blgo --watch --admin ${url}`, TERMINAL)
  t.same({ code, out }, { code: 1, out: '' })
  t.match(err, /did you mean blog\?/u)
})
