/** How a waiting page follows the wake: what its stream says when, who gets one, and what it must never do. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import type { ServiceSnapshot } from '../../src/domain/gate.ts'
import { WaitingStreams } from '../../src/proxy/waiting-streams.ts'
import { viewOf, type WaitingView } from '../../src/proxy/waiting-view.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FAILURE } from '../helpers/fake-control.ts'
import { FakeGate } from './rig.ts'
import { FakeFeed, waitingRig, type WaitingRig } from './waiting-rig.ts'
import { answering, eventually, message, OK, rawUpstream, upstreamAt, type Wire } from './wire.ts'

const stream = (path = '/x', more = '', host = 'a'): string =>
  message(`GET /.wakedock/waiting?lang=en&path=${encodeURIComponent(path)}${more} HTTP/1.1`, `Host: ${host}`)

/** The objects of the events so far. */
const told = (client: Wire): Record<string, unknown>[] =>
  [
    ...Buffer.from(client.received, 'latin1')
      .toString()
      .matchAll(/event: state\ndata: (.*)\n\n/g),
  ].map(([, data = '']) => JSON.parse(data))

const phases = (client: Wire): unknown[] => told(client).map(({ phase }) => phase)

async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

t.test('it begins with what is so now, and tells what changes', async (t) => {
  const { ask, gate, clock, see, metrics, lines } = await waitingRig(t, null)
  const client = await ask(stream())
  const head = await client.until('}\n\n')
  t.match(head, /^HTTP\/1.1 200 OK\r\nContent-Type: text\/event-stream\r\nCache-Control: no-store\r\n/)
  t.match(head, /X-Accel-Buffering: no\r\n/)
  t.match(head, 'retry: 2000\n\n')
  t.same(told(client), [
    {
      phase: 'starting',
      heading: 'a is starting',
      status: 'The service was asleep and is being started.',
      elapsed_ms: 0,
      estimate_ms: 10_000,
      retry_ms: 10_000,
    },
  ])
  await clock.advance(5_000)
  await quiet()
  t.equal(told(client).length, 1, 'nothing has changed')
  see({ waking: { since: clock.wallTime() - 5_000, phase: 'ready' } })
  await clock.advance(250)
  await eventually(() => told(client).length === 2)
  t.match(told(client)[1], { phase: 'waiting', elapsed_ms: 5_250, retry_ms: 4_750 })
  see({ state: 'failed', waking: null, failure: { ...FAILURE, retryAt: clock.wallTime() + 8_000 } })
  await clock.advance(250)
  await eventually(() => told(client).length === 3)
  t.match(told(client)[2], {
    phase: 'failed',
    status: 'The service ended while it was starting.',
    retry_ms: 7_750,
  })
  t.notMatch(client.received, 'See its log', 'nothing that is for admins')
  gate.upstream = upstreamAt(1)
  see({ waking: null })
  await clock.advance(250)
  await client.until('0\r\n\r\n')
  t.same(phases(client), ['starting', 'waiting', 'failed', 'ready'], 'and ends there')
  t.equal(gate.acquired + gate.held.length, 0, 'it neither leases nor holds')
  t.same(metrics.told, [], 'it is no request to the service')
  t.match(lines, [{ service: 'blog', path: '/.wakedock/waiting', status: 200, cold: false }])
  t.equal(clock.pending, 0)
})

t.test('what the feed tells is looked at without waiting for the next look', async (t) => {
  const { ask, gate, feed, clock } = await waitingRig(t, null)
  const client = await ask(stream())
  await client.until('}\n\n')
  gate.upstream = upstreamAt(1)
  feed.tell('service_added', 'other')
  await quiet()
  t.same(phases(client), ['starting'], 'not of other services')
  feed.tell('service_added', 'blog')
  await client.until('0\r\n\r\n')
  t.same(phases(client), ['starting', 'ready'])
  t.equal(clock.now(), 0)
})

t.test('of an awake service it says so at once', async (t) => {
  const { ask } = await waitingRig(t, upstreamAt(1))
  const client = await ask(stream())
  await client.until('0\r\n\r\n')
  t.same(phases(client), ['ready'])
})

t.test('it says what it has said again every 15 s, so that a dead connection shows', async (t) => {
  const { ask, clock } = await waitingRig(t, null)
  const client = await ask(stream())
  await client.until('}\n\n')
  await clock.advance(14_999)
  await quiet()
  t.equal(told(client).length, 1)
  await clock.advance(251)
  await eventually(() => told(client).length === 2)
  t.match(told(client)[1], { phase: 'starting' })
})

t.test('in the language and by the title of its page', async (t) => {
  const { ask } = await waitingRig(t, null, { title: 'Blog' })
  const client = await ask(stream('/x', '&lang=en').replace('lang=en', 'lang=fr'))
  await client.until('}\n\n')
  t.match(told(client), [{ heading: 'Blog démarre' }])
})

t.test('it belongs to the service of the page, wherever that is', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const asked: string[] = []
  const made = await waitingRig(t, app.upstream)
  const { gate, metrics } = await waitingRig(t, null, { title: 'Wiki' })
  const wiki = { gate, metrics, prefix: '/wiki', ignores: null }
  const root = { gate: made.gate, metrics: made.metrics, prefix: '', ignores: null }
  const { ask } = await waitingRig(
    t,
    null,
    {},
    {
      route: (host, path) => {
        asked.push(`${host} ${path}`)
        return host !== 'a' ? null : path.startsWith('/wiki') ? wiki : root
      },
    },
  )
  const client = await ask(stream('/wiki/a%20b?c'))
  await client.until('}\n\n')
  t.match(told(client), [{ heading: 'Wiki is starting' }])
  t.same([...new Set(asked)], ['a /wiki/a%20b?c'], "the page's path as the page has it")
  const other = await ask(stream('/'))
  await other.until('0\r\n\r\n')
  t.same(phases(other), ['ready'])
})

t.test('whatever is no such request goes to the app, or nowhere', async (t) => {
  const cases: [name: string, request: string, answer: RegExp, page?: 'never'][] = [
    ['the page is off', stream(), /^HTTP\/1.1 200 [^]*ok$/, 'never'],
    [
      'another method',
      stream().replace('GET', 'POST').replace('Host: a', 'Host: a\r\nContent-Length: 0'),
      / 200 [^]*ok$/,
    ],
    ['a body', stream().replace('Host: a', 'Host: a\r\nContent-Length: 1') + 'x', / 200 [^]*ok$/],
    ['no path', message('GET /.wakedock/waiting HTTP/1.1', 'Host: a'), / 200 [^]*ok$/],
    ['no absolute path', stream('x'), / 200 [^]*ok$/],
    ['its neighbour', message('GET /.wakedock/waiting2?path=/ HTTP/1.1', 'Host: a'), / 200 [^]*ok$/],
    ['what is beneath', message('GET /.wakedock/waiting/a?path=/ HTTP/1.1', 'Host: a'), / 200 [^]*ok$/],
    ['another host', stream('/x', '', 'b'), /^HTTP\/1.1 404 [^]*WAKEDOCK_NO_ROUTE[^]*}\n$/],
    ['two hosts', stream().replace('Host: a', 'Host: a\r\nHost: a'), /^HTTP\/1.1 400 [^]*}\n$/],
  ]
  for (const [name, request, answer, page] of cases) {
    const app = await rawUpstream(t, (wire) => {
      wire.socket.on('data', () => wire.send(OK))
    })
    const { ask } = await waitingRig(t, app.upstream, page === undefined ? {} : { page })
    t.match(await (await ask(request)).until(answer), answer, name)
  }
})

t.test('it ends with its client, with the service and with WakeDock', async (t) => {
  for (const [name, end] of [
    ['client', ({ follower }) => follower.socket.destroy()],
    ['service', ({ feed }) => feed.tell('service_removed', 'blog')],
    ['WakeDock', ({ server }) => void server.close(60_000)],
  ] satisfies [string, (rig: WaitingRig & { follower: Wire }) => void][]) {
    const made = await waitingRig(t, null)
    const client = await made.ask(stream())
    await client.until('}\n\n')
    t.equal(made.feed.listeners, 1, name)
    end({ ...made, follower: client })
    await eventually(() => made.feed.listeners === 0)
    if (name === 'WakeDock') await client.untilClosed()
    else t.equal(made.clock.pending, 0, name)
    t.equal(made.lines.length, 1, name)
    if (name === 'service') await client.until('0\r\n\r\n')
  }
})

t.test('it ends when its page leads to another service, which may have the same name', async (t) => {
  const made = await waitingRig(t, null)
  const match = { gate: made.gate, metrics: made.metrics, prefix: '', ignores: null }
  const successor = { ...match, gate: new FakeGate(null) }
  for (const next of [successor, null]) {
    let found: typeof match | null = match
    const asked = new Set<string>()
    const route = (host: string, path: string): typeof match | null => {
      asked.add(`${host} ${path}`)
      return found
    }
    const { ask, clock, feed } = await waitingRig(t, null, {}, { route })
    const client = await ask(stream('/x?y'))
    await client.until('}\n\n')
    await clock.advance(250)
    await quiet()
    t.equal(feed.listeners, 1, 'nothing has changed')
    found = next
    await clock.advance(250)
    await client.until('0\r\n\r\n')
    t.same(phases(client), ['starting'], 'nothing more is told')
    t.same([...asked], ['a /x?y'])
    await eventually(() => feed.listeners === 0)
    t.equal(clock.pending, 0)
  }
})

t.test('a removal of another service ends nothing', async (t) => {
  const { ask, feed } = await waitingRig(t, null)
  const client = await ask(stream())
  await client.until('}\n\n')
  feed.tell('service_removed', 'other')
  await quiet()
  t.equal(feed.listeners, 1)
})

t.test('while WakeDock shuts down there are no new ones', async (t) => {
  const { ask, server } = await waitingRig(t, null)
  // Has had an answer, and is in the middle of a head: neither silent nor idle, so it is not closed with those.
  const client = await ask(message('GET / HTTP/1.1', 'Host: nobody'))
  await client.until('}\n')
  client.received = ''
  const [line = '', rest = ''] = stream().split(/(?<=HTTP\/1.1\r\n)/)
  client.send(line)
  await quiet()
  void server.close(60_000)
  client.send(rest)
  t.match(await client.until('}\n'), /^HTTP\/1.1 503 [^]*WAKEDOCK_SHUTTING_DOWN/)
  await client.untilClosed()
})

t.test('there is room for 200 of a service; the next page asks again by loading', async (t) => {
  const { ask, clock } = await waitingRig(t, null)
  const clients = await Promise.all(Array.from({ length: 200 }, () => ask(stream())))
  await Promise.all(clients.map((client) => client.until('}\n\n')))
  const more = await ask(stream())
  t.match(await more.until('}\n'), /^HTTP\/1.1 503 [^]*Retry-After: 10\r\n[^]*WAKEDOCK_HOLD_QUEUE_FULL/)
  t.notMatch(more.received, 'event-stream')
  clients[0]?.socket.destroy()
  await quiet()
  await clock.advance(0)
  const next = await ask(stream())
  await next.until('}\n\n')
})

/** Streams of many gates, to nobody: what is written stays in memory. */
function unread() {
  const [clock, feed] = [new FakeClock(), new FakeFeed()]
  const seen: { changes: Partial<ServiceSnapshot> } = { changes: {} }
  const streams = new WaitingStreams({
    clock,
    follow: feed.follow,
    look: (gate) =>
      viewOf({ ...gate.snapshot(), ...seen.changes }, { estimate: null, now: clock.wallTime() }),
  })
  const open = (gate: FakeGate): ServerResponse => {
    const res = new ServerResponse(new IncomingMessage(new Socket()))
    const told = ({ phase }: WaitingView) => ({
      phase,
      heading: 'x'.repeat(200),
      status: '',
      elapsed_ms: 0,
      estimate_ms: null,
      retry_ms: 0,
    })
    streams.open(gate, res, { told, leads: () => true })
    return res
  }
  return { clock, feed, streams, open, seen }
}

t.test('there is room for 1,000 in all', async (t) => {
  const { streams, open, feed, clock } = unread()
  const gates = Array.from({ length: 10 }, () => new FakeGate(null))
  const opened: ServerResponse[] = []
  for (let i = 0; i < 1_000; i++) {
    const gate = gates[i % 10]
    if (gate === undefined || !streams.hasRoom(gate)) throw new Error(`no room for ${i}`)
    opened.push(open(gate))
  }
  t.notOk(streams.hasRoom(new FakeGate(null)), 'for nobody')
  t.equal(feed.listeners, 1, 'one ear for all')
  for (const res of opened) res.emit('close')
  t.equal(streams.size, 0)
  t.equal(feed.listeners, 0)
  t.equal(clock.pending, 0)
})

t.test('who never reads is cut off', async (t) => {
  const { open, clock, seen } = unread()
  const res = open(new FakeGate(null))
  for (let i = 0; i < 1_000 && !res.destroyed; i++) {
    seen.changes = { state: i % 2 === 0 ? 'asleep' : 'stopping' }
    await clock.advance(250)
  }
  t.ok(res.destroyed)
  t.ok(res.writableLength < 100_000)
})
