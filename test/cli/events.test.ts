/** `wakedock events` and `wakedock reload` against a real admin server. */
import t, { type Test } from 'tap'
import { EVENT_TYPES as OF_THE_API } from '../../src/admin/event-view.ts'
import { dispatch } from '../../src/cli/dispatch.ts'
import { EVENT_TYPES, sentenceOf } from '../../src/cli/event-sentences.ts'
import type { ServeIo } from '../../src/cli/serve.ts'
import { createFeed, type FeedEntry } from '../../src/domain/feed.ts'
import { startAdmin } from '../helpers/admin.ts'
import { fakeIo, run } from '../helpers/cli.ts'
import { NOW } from '../helpers/fake-control.ts'

process.env['TZ'] = 'UTC'

const WOKE: FeedEntry = { type: 'woke', service: 'blog', trigger: 'request', startMs: 210.4, readyMs: 1030 }
const STATE: FeedEntry = { type: 'state', service: 'blog', from: 'waking', to: 'awake' }
const SLEPT: FeedEntry = { type: 'slept', service: 'shop', cause: 'idle', tookMs: 310 }

/** A feed whose events all happened at NOW. */
function feedOf(...entries: FeedEntry[]) {
  const feed = createFeed({ clock: { wallTime: () => NOW } })
  for (const entry of entries) feed.add(entry)
  return feed
}

/** Runs it until it has written so many lines to standard output or error, and then presses Ctrl-C. */
async function until(lines: number, line: string, changes: Partial<ServeIo> = {}, then = () => {}) {
  let left = lines
  const io = fakeIo(changes)
  const note = (text: string): void => {
    left -= text.split('\n').length - 1
    if (left <= 0) io.signals.emit('SIGINT')
    else then()
  }
  const code = await dispatch(line.split(' '), {
    ...io,
    stdout: { write: (text) => (io.stdout.write(text), note(text)) },
    stderr: { write: (text) => (io.stderr.write(text), note(text)) },
  })
  return { code, out: io.out, err: io.err }
}

async function start(t: Test, ...entries: FeedEntry[]) {
  const feed = feedOf(...entries)
  const { url, server } = await startAdmin(t, { feed })
  return { feed, server, url, line: (words: string) => `events ${words} --admin ${url}` }
}

t.test('each is a line: the time, who, and a sentence; Ctrl-C ends it', async (t) => {
  const { line } = await start(t, STATE, WOKE, SLEPT)
  const woke = 'blog is ready after 1.24 s (start 210 ms, ready 1.03 s)'
  t.same(await until(2, line('--replay')), {
    code: 130,
    out: `2026-11-21T10:00:00.000Z ${woke}\n2026-11-21T10:00:00.000Z shop is asleep, after 310 ms\n`,
    err: '',
  })
  t.same(await until(1, line('blog --replay'), { isTTY: true, env: { NO_COLOR: '1' } }), {
    code: 130,
    out: `10:00:00 ${woke}\n`,
    err: '',
  })
  const later = { isTTY: true, env: { NO_COLOR: '1' }, now: () => NOW + 86_400_000 }
  t.equal((await until(1, line('blog --replay'), later)).out, `2026-11-21 10:00:00 ${woke}\n`)
})

t.test('colour is for a terminal, and for whoever insists', async (t) => {
  const { line } = await start(t, WOKE)
  const shown = async (changes: Partial<ServeIo>) => (await until(1, line('--replay'), changes)).out
  const green = '\u001b[32mis ready'
  t.ok((await shown({ isTTY: true })).includes(green))
  t.ok((await shown({ env: { FORCE_COLOR: '1' } })).includes(green))
  t.ok((await shown({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).includes(green))
  for (const env of [{ NO_COLOR: '1' }, { FORCE_COLOR: '0' }, { TERM: 'dumb' }])
    t.notOk((await shown({ isTTY: true, env })).includes('\u001b'), JSON.stringify(env))
  t.notOk((await shown({})).includes('\u001b'))
})

t.test('only some types; a state only for whoever asks for it', async (t) => {
  const { line } = await start(t, STATE, WOKE, SLEPT)
  t.match(await until(1, line('--replay --types slept')), { out: /^\S+ shop is asleep, after 310 ms\n$/u })
  t.match(await until(1, line('--replay --types=state')), { out: /^\S+ blog is awake \(was waking\)\n$/u })
})

t.test('--json is what the API gives, all of it', async (t) => {
  const { feed, line } = await start(t, STATE, SLEPT)
  const { out } = await until(2, line('--json --replay'))
  const at = '2026-11-21T10:00:00.000Z'
  t.strictSame(
    out
      .trim()
      .split('\n')
      .map((text): unknown => JSON.parse(text)),
    [
      { id: feed.after(null).events[0]?.id, at, type: 'state', service: 'blog', from: 'waking', to: 'awake' },
      { id: feed.last, at, type: 'slept', service: 'shop', cause: 'idle', took_ms: 310 },
    ],
  )
})

t.test('a daemon that goes and comes back is told of, and what is missing', async (t) => {
  const feed = feedOf(WOKE)
  const first = await startAdmin(t, { feed })
  const port = Number(new URL(first.url).port)
  const io = fakeIo()
  const run = dispatch(['events', '--replay', '--admin', first.url], io)
  const seen = async (what: RegExp): Promise<void> => {
    while (!what.test(io.out + io.err)) await new Promise((resolve) => setImmediate(resolve))
  }
  await seen(/blog is ready/u)
  await first.server.close()
  await seen(/is gone/u)
  // As after a restart: the ids are of another run.
  const clock = { wallTime: () => NOW + 5000 }
  const again = createFeed({ clock })
  again.add(SLEPT)
  const listen = { kind: 'tcp', host: '127.0.0.1', port } as const
  await startAdmin(t, { feed: again, settings: { listen, tokens: [] } })
  await io.clock.advance(2000)
  await seen(/shop is asleep/u)
  io.signals.emit('SIGTERM')
  t.equal(await run, 143)
  t.equal(
    io.err,
    `wakedock: the daemon at ${first.url} is gone; waiting until it is back\nwakedock: the daemon is back\nwakedock: what happened in between is not in its memory any more\n`,
  )
})

t.test('what is wrong, and what to do', async (t) => {
  const { url, line } = await start(t)
  t.match(await run(line('blgo')), { code: 1, err: /no service is called "blgo"; did you mean blog\?/u })
  t.match(await run(line('--types wok')), { code: 2, err: /did you mean woke\?\nUsage: wakedock events /u })
  t.match(await run(`events --admin ${url.replace(/\d+$/u, '1')}`), { code: 1, err: /no WakeDock daemon/u })
})

t.test('there is a sentence for every type that the API has', (t) => {
  t.same(EVENT_TYPES.toSorted(), OF_THE_API.toSorted())
  const why = { message: 'it ended', hint: 'See its log.' }
  const cases: readonly (readonly [type: string, fields: Record<string, unknown>, line: string])[] = [
    ['wake_started', { trigger: 'pin' }, 'blog is waking: it is pinned'],
    ['wake_started', { trigger: 'new' }, 'blog is waking: new'],
    [
      'wake_failed',
      { ...why, retry_in_ms: 2000 },
      'blog failed to wake: it ended. See its log. The first request after 2 s tries again.',
    ],
    [
      'wake_failed',
      { ...why, retry_in_ms: 0 },
      'blog failed to wake: it ended. See its log. The next request tries again.',
    ],
    ['sleep_started', { cause: 'idle' }, 'blog goes to sleep: nobody has used it'],
    ['sleep_started', { cause: 'operator' }, 'blog goes to sleep: an operator ordered it'],
    ['sleep_failed', why, 'blog could not be put to sleep: it ended. See its log.'],
    ['target_changed', { what: 'stopped\u001b[2J' }, 'blog : its target stopped [2J'],
    ['service_added', {}, 'blog was added'],
    ['service_removed', {}, 'blog was removed'],
    ['provider_lost', { ...why, provider: 'docker' }, 'docker does not answer: it ended. See its log.'],
    ['provider_back', { provider: 'docker' }, 'docker answers again'],
    ['reloaded', { by: 'SIGHUP', changed: [] }, 'config was reloaded (SIGHUP): nothing has changed'],
    [
      'reloaded',
      { by: 'SIGHUP', changed: ['a added', 'b removed'] },
      'config was reloaded (SIGHUP): a added; b removed',
    ],
    ['reload_refused', { by: 'SIGHUP', faults: ['a:1:1 no'] }, 'config was not reloaded (SIGHUP): a:1:1 no'],
    ['new_type', {}, 'blog : new_type'],
  ]
  for (const [type, fields, line] of cases) {
    const { who, text } = sentenceOf(type, { service: 'blog', ...fields })
    t.equal(`${who} ${text}`, line)
  }
  t.end()
})

t.test('reload says what has changed, or why nothing has', async (t) => {
  const reload = async (words: string, ...answers: Parameters<typeof startAdmin>[1][]) => {
    const { url } = await startAdmin(t, ...answers)
    return run(`reload ${words}--admin ${url}`)
  }
  t.same(await reload(''), { code: 0, out: 'reloaded:\n  blog\n', err: '' })
  t.same(await reload('', { config: { reload: () => Promise.resolve({ ok: true, changed: [] }) } }), {
    code: 0,
    out: 'reloaded: nothing has changed since the daemon last read the file, which it also does by itself when that changes\n',
    err: '',
  })
  t.same(JSON.parse((await reload('--json ')).out), { changed: ['blog'] })
  const faults = ['/etc/w.yaml:3:1 a is wrong', '/etc/w.yaml:4:1 b is wrong']
  const refused = () => Promise.resolve({ ok: false as const, faults })
  t.same(await reload('', { config: { reload: refused } }), {
    code: 1,
    out: '',
    err: `wakedock: the config was not reloaded, and nothing has changed:\n  ${faults.join('\n  ')}\n`,
  })
  const told = `wakedock: the config has faults; a reload would change nothing:\n  ${faults.join('\n  ')}\n`
  t.same(await reload('--check ', { config: { validate: refused } }), { code: 1, out: '', err: told })
  const json = await reload('--check --json ', { config: { validate: refused } })
  t.same([json.code, JSON.parse(json.out), json.err], [1, { ok: false, faults }, ''])
})

t.test('reload --check says what it would change, and changes nothing', async (t) => {
  let reloads = 0
  const config = {
    reload: () => {
      reloads += 1
      return Promise.resolve({ ok: true as const, changed: [] })
    },
    validate: () => Promise.resolve({ ok: true as const, changes: ['blog added'], warnings: ['w:1:1 odd'] }),
  }
  const { url } = await startAdmin(t, { config })
  t.same(await run(`reload --check --admin ${url}`), {
    code: 0,
    out: 'valid; a reload would mean:\n  blog added\n',
    err: 'warning: w:1:1 odd\n',
  })
  t.match(await run(`reload --check --json --admin ${url}`), { code: 0, out: /"ok": true/u, err: '' })
  t.equal(reloads, 0)
  const { url: other } = await startAdmin(t)
  t.match(await run(`reload --check --admin ${other}`), { out: 'valid: a reload would change nothing\n' })
})
