/** GET /api/v1/events over real connections: the past, filters, services, and how a stream ends. */
import { connect } from 'node:net'
import t from 'tap'
import { createFeed, type Feed } from '../../src/domain/feed.ts'
import { startAdmin, token, TOKENS } from '../helpers/admin.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeControl, NOW, snapshot } from '../helpers/fake-control.ts'
import { readEvents } from './event-reader.ts'

/** A server whose feed is the test's, with how many follow it. */
async function start(t: Parameters<typeof startAdmin>[0], options: Parameters<typeof startAdmin>[1] = {}) {
  const clock = new FakeClock()
  const feed = createFeed({ clock, kept: 5 })
  let followers = 0
  const counted: Feed = {
    ...feed,
    get last() {
      return feed.last
    },
    follow(listener) {
      followers++
      const stop = feed.follow(listener)
      return () => {
        followers--
        stop()
      }
    },
  }
  const admin = await startAdmin(t, { clock, feed: counted, ...options })
  /** "wake blog", "slept shop", "back": one event. */
  const happens = (...events: string[]): void => {
    for (const event of events) {
      const [what, service = ''] = event.split(' ')
      if (what === 'woke') feed.add({ type: 'woke', service, trigger: 'request', startMs: 1.4, readyMs: 2.6 })
      else if (what === 'slept') feed.add({ type: 'slept', service, cause: 'idle', tookMs: 3 })
      else feed.add({ type: 'provider_back', provider: 'docker' })
    }
  }
  const idOf = (back: number): string => feed.after(null).events.at(-back)?.id ?? ''
  return { ...admin, clock, feed, happens, idOf, followers: () => followers }
}

t.test('what happens from now on is told, and nothing of the past', async (t) => {
  const { url, happens, feed, clock } = await start(t)
  happens('woke blog')
  const reader = await readEvents(t, url)
  t.match(reader.headers, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-accel-buffering': 'no',
  })
  await reader.until(1)
  t.strictSame(reader.blocks, [{ retry: '2000', id: feed.last }], 'a reader that is cut now misses nothing')
  happens('woke shop', 'back')
  await reader.until(3)
  const at = new Date(clock.wallTime()).toISOString()
  const [, woke, back] = reader.blocks
  t.strictSame(woke?.data, {
    id: woke?.id,
    at,
    type: 'woke',
    service: 'shop',
    trigger: 'request',
    start_ms: 1,
    ready_ms: 3,
  })
  t.strictSame(back?.data, { id: feed.last, at, type: 'provider_back', provider: 'docker' })
  t.match([woke?.event, back?.event], ['woke', 'provider_back'])
})

const PAST: readonly (readonly [
  what: string,
  query: string,
  header: number | string | null,
  told: readonly string[],
])[] = [
  ['everything in memory', '?replay=true', null, ['woke a', 'woke b', 'woke c']],
  ['nothing, if so asked', '?replay=false', null, []],
  ['what came after an id', '?after=ID2', null, ['woke c']],
  ['what came after the id of the header', '', 3, ['woke b', 'woke c']],
  ['where it was before where it began', '?after=ID3', 1, []],
  ['where it was before everything', '?replay=true', 2, ['woke c']],
  ['a gap and everything after an id that nobody knows', '', 'x-1', ['gap', 'woke a', 'woke b', 'woke c']],
  ['the same for one of the query', '?after=x-1', null, ['gap', 'woke a', 'woke b', 'woke c']],
  ['the past by the same filter', '?replay=true&service=c', null, ['woke c']],
  ['no past for a header that is empty', '', '', []],
]

for (const [what, query, header, told] of PAST) {
  t.test(`a reader gets ${what}`, async (t) => {
    const names = ['a', 'b', 'c', 'd'].map((name) => snapshot(name))
    const { url, happens, idOf } = await start(t, { control: new FakeControl(...names) })
    happens('woke a', 'woke b', 'woke c')
    const id = typeof header === 'number' ? idOf(header) : header
    const asked = query.replaceAll(/ID(\d)/g, (_match, back: string) => idOf(Number(back)))
    const reader = await readEvents(t, url, asked, id === null ? {} : { 'last-event-id': id })
    happens('woke c')
    await reader.until(told.length + 2)
    t.strictSame(reader.told, [...told, 'woke c'])
  })
}

t.test('what is not in memory any more is a gap', async (t) => {
  const { url, happens, feed } = await start(t)
  happens('woke a')
  const { last } = feed
  for (let count = 0; count < 20; count++) happens('woke b')
  const reader = await readEvents(t, url, '', { 'last-event-id': last })
  await reader.until(7)
  t.strictSame(reader.told, ['gap', ...Array.from({ length: 5 }, () => 'woke b')])
  t.strictSame(reader.blocks[1], { event: 'gap', data: {} })
})

const FILTERS: readonly (readonly [query: string, told: readonly string[]])[] = [
  ['?service=blog', ['woke blog', 'slept blog']],
  ['?types=woke', ['woke blog', 'woke shop']],
  ['?types=slept,provider_back', ['slept blog', 'provider_back']],
  ['?types=woke&service=blog', ['woke blog']],
]

for (const [query, told] of FILTERS) {
  t.test(`${query} lets through ${told.join(', ')}`, async (t) => {
    const { url, happens } = await start(t)
    const reader = await readEvents(t, url, query)
    happens('woke blog', 'woke shop', 'slept blog', 'back', 'woke blog', 'slept blog', 'back')
    await reader.until(told.length + 1)
    t.strictSame(reader.told.slice(0, told.length), told)
  })
}

const REFUSED: readonly (readonly [query: string, status: number, detail: RegExp])[] = [
  ['?service=blgo', 404, /No service is called "blgo"/],
  ['?service=blog/db', 404, /No service is called "blog\/db"/],
  ['?types=woke,wake', 400, /"wake" is no type of event.*woke, wake_failed/],
  ['?types=woke,', 400, /"" is no type of event/],
  ['?types=', 400, /"types"/],
  ['?after=', 400, /"after" must NOT have fewer than 1 characters/],
  [`?after=${'x'.repeat(101)}`, 400, /"after"/],
  ['?after=1&after=2', 400, /"after" must be string, and given once/],
  ['?replay=yes', 400, /"replay" must be true or false, and given once/],
  ['?services=1', 400, /"services" must be true or false/],
  ['?servce=blog', 400, /"servce" is no parameter; there is after, replay, service, types, services/],
]

for (const [query, status, detail] of REFUSED) {
  t.test(`${query.slice(0, 40)} is refused`, async (t) => {
    const { ask, followers } = await start(t)
    const answer = await ask(`GET /api/v1/events${query}`)
    t.match(answer, { status, json: { status, detail } })
    t.equal(followers(), 0)
  })
}

t.test('with services=true a reader sees each service, and then what changes in it', async (t) => {
  const control = new FakeControl(snapshot('blog'), snapshot('shop'))
  const { url, clock, happens } = await start(t, { control })
  const change = (index: number, changes: Parameters<typeof snapshot>[1]): void => {
    const of = control.snapshots[index]
    if (of !== undefined) control.snapshots[index] = { ...of, ...changes }
  }
  const reader = await readEvents(t, url, '?services=true')
  await reader.until(3)
  t.strictSame(reader.told, ['service blog', 'service shop'])
  t.match(reader.blocks[1], { event: 'service', data: { name: 'blog', state: 'asleep', memory_bytes: null } })
  t.notOk('id' in (reader.blocks[1] ?? {}))

  // Time goes by: that is no change.
  for (const index of [0, 1]) {
    const totals = { ...snapshot('blog').totals, asleepMs: 1_000 }
    change(index, { totals, since: NOW - 60_001 })
  }
  await clock.advance(1_000)
  change(1, { held: 3, lastActive: NOW })
  await clock.advance(1_000)
  await reader.until(4)
  change(1, { held: 3, lastActive: NOW + 1_000 })
  await clock.advance(1_000)
  control.snapshots.push(snapshot('wiki'))
  control.snapshots.shift()
  await clock.advance(1_000)
  await reader.until(6)
  happens('slept shop')
  await reader.until(7)
  t.strictSame(reader.told.slice(2), ['service shop', 'service wiki', 'service_gone blog', 'slept shop'])
  t.match(reader.blocks[3], { data: { name: 'shop', held: 3 } })
  t.strictSame(reader.blocks[5], { event: 'service_gone', data: { name: 'blog' } })

  const second = await readEvents(t, url, '?services=true&service=shop')
  await second.until(2)
  t.strictSame(second.told, ['service shop'])
})

t.test('services are looked at only while somebody follows them', async (t) => {
  const control = new FakeControl(snapshot('blog'))
  let looks = 0
  const list = control.list.bind(control)
  control.list = () => {
    looks++
    return list()
  }
  const { url, clock } = await start(t, { control })
  const plain = await readEvents(t, url)
  await plain.until(1)
  await clock.advance(10_000)
  t.equal(looks, 0)
  const [first, second] = [
    await readEvents(t, url, '?services=true'),
    await readEvents(t, url, '?services=true'),
  ]
  await Promise.all([first.until(2), second.until(2)])
  await clock.advance(5_000)
  t.equal(looks, 6, 'once at first, and once a second for all')
})

t.test('a silent stream gives a sign of life, and says where it is', async (t) => {
  const { url, clock, happens, feed } = await start(t)
  const reader = await readEvents(t, url, '?types=slept')
  await clock.advance(15_000)
  happens('woke blog')
  await clock.advance(15_000)
  await reader.until(3)
  t.strictSame(reader.blocks.slice(1), [{ comment: 'awake' }, { comment: 'awake', id: feed.last }])
})

t.test('a reader that leaves is forgotten', async (t) => {
  const { url, clock, followers } = await start(t)
  const reader = await readEvents(t, url, '?services=true')
  await reader.until(3)
  t.equal(followers(), 1)
  reader.leave()
  while (followers() > 0) await new Promise(setImmediate)
  t.equal(clock.pending, 0, 'its timers too')
})

t.test('a reader that takes nothing is cut when a megabyte waits for it, others are not', async (t) => {
  const { url, feed, followers } = await start(t)
  const quick = await readEvents(t, url)
  await quick.until(1)
  const { port } = new URL(url)
  const slow = connect(Number(port), '127.0.0.1')
  const ended = new Promise((resolve) => slow.on('close', resolve))
  slow.on('error', () => undefined)
  slow.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => slow.once('data', resolve))
  slow.pause()
  t.equal(followers(), 2)
  const long = 'x'.repeat(100_000)
  let sent = 0
  while (followers() === 2 && sent < 1_000) {
    feed.add({ type: 'reloaded', by: 'a test', changed: [long] })
    sent++
    await quick.until(1 + sent)
  }
  t.equal(followers(), 1)
  slow.resume()
  await ended
  feed.add({ type: 'reloaded', by: 'a test', changed: [] })
  await quick.until(2 + sent)
  t.equal(quick.told.length, sent + 1)
})

t.test('a slow reader gets the last view of a service, not all that it has missed', async (t) => {
  const control = new FakeControl(snapshot('blog'))
  const { url, feed, clock, followers } = await start(t, { control })
  const { port } = new URL(url)
  const slow = connect(Number(port), '127.0.0.1')
  slow.on('error', () => undefined)
  slow.write('GET /api/v1/events?services=true HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await new Promise((resolve) => slow.once('data', resolve))
  slow.pause()
  // So much in one turn that no socket takes it; less than what is cut.
  for (let count = 0; count < 9; count++)
    feed.add({ type: 'reloaded', by: 'a test', changed: ['x'.repeat(100_000)] })
  for (let held = 1; held <= 500; held++) {
    control.snapshots[0] = snapshot('blog', { held })
    await clock.advance(1_000)
  }
  t.equal(followers(), 1)
  let text = ''
  await new Promise<void>((resolve) => {
    slow.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes('"held":500')) resolve()
    })
    slow.resume()
  })
  t.ok(text.split('event: service\n').length <= 501)
  slow.destroy()
})

t.test('at the end of WakeDock streams end at once, and properly', async (t) => {
  const { url, server } = await start(t)
  const readers = [await readEvents(t, url), await readEvents(t, url, '?services=true')]
  await server.close(60_000)
  t.strictSame(await Promise.all(readers.map(({ ended }) => ended)), [true, true])
})

t.test('a stream ends when a reload takes its token away, and no other does', async (t) => {
  const { url, server, happens } = await start(t, { tokens: TOKENS })
  const [ops, reader] = [
    await readEvents(t, url, '', { authorization: 'Bearer operate-secret' }),
    await readEvents(t, url, '', { authorization: 'Bearer read-secret' }),
  ]
  server.update({ tokens: [token('ops again', 'operate-secret', 'read')] })
  t.equal(await reader.ended, true)
  happens('woke blog')
  await ops.until(2)
  t.strictSame(ops.told, ['woke blog'])
})

t.test('64 streams are served, and one more when one of them has ended', async (t) => {
  const { url, ask, followers } = await start(t)
  const readers = await Promise.all(Array.from({ length: 64 }, () => readEvents(t, url)))
  t.equal(followers(), 64)
  const refused = await ask('GET /api/v1/events')
  t.match(refused, { status: 503, json: { code: 'WAKEDOCK_TOO_MANY_STREAMS', detail: /Close one/ } })
  t.match(refused.headers, { 'retry-after': '10', 'content-type': /problem\+json/ })
  t.match(await ask('HEAD /api/v1/events'), { status: 200 }, 'asking what it is like takes no place')
  readers[0]?.leave()
  while (followers() === 64) await new Promise(setImmediate)
  t.equal((await readEvents(t, url)).status, 200)
})

t.test('streams that wait behind another one on its connection go with the connection', async (t) => {
  const { url, followers, clock } = await start(t)
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3))
  await new Promise((resolve) => socket.once('data', resolve))
  while (followers() < 3) await new Promise(setImmediate)
  socket.destroy()
  while (followers() > 0) await new Promise(setImmediate)
  t.equal(clock.pending, 0)
})

t.test('HEAD says what it is like and opens nothing', async (t) => {
  const { ask, followers } = await start(t)
  t.match(await ask('HEAD /api/v1/events?services=true'), {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    text: '',
  })
  t.match(await ask('HEAD /api/v1/events?types=x'), { status: 400 })
  t.equal(followers(), 0)
})

t.test('a stream asks for a token, and guesses are counted here as well', async (t) => {
  const { ask, followers } = await start(t, { tokens: TOKENS })
  t.match(await ask('GET /api/v1/events'), { status: 401, json: { code: 'WAKEDOCK_UNAUTHORIZED' } })
  const guess = { headers: { authorization: 'Bearer guess' } }
  for (let count = 0; count < 20; count++) t.match(await ask('GET /api/v1/events', guess), { status: 401 })
  t.match(await ask('GET /api/v1/events', guess), {
    status: 429,
    json: { code: 'WAKEDOCK_TOO_MANY_ATTEMPTS' },
    headers: { 'retry-after': '60' },
  })
  t.match(await ask('GET /api/v1/events?token=operate-secret'), { status: 401 }, 'no token in an address')
  t.equal(followers(), 0)
})

t.test('a page of another site opens no stream', async (t) => {
  const { ask, followers } = await start(t)
  for (const headers of [
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'https://evil.example' },
    { host: 'evil.example' },
  ]) {
    t.match(await ask('GET /api/v1/events', { headers }), { status: 403 })
  }
  t.equal(followers(), 0)
})
