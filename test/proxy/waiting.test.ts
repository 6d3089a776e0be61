/** The waiting page in the proxy, over raw sockets: who gets it when, and that nobody gets it and something else. */
import t from 'tap'
import type { ServiceSnapshot } from '../../src/domain/gate.ts'
import type { Waiting } from '../../src/domain/service.ts'
import { WakeDockError, type ErrorCode } from '../../src/errors.ts'
import { FAILURE } from '../helpers/fake-control.ts'
import { navigation, waitingRig } from './waiting-rig.ts'
import { answering, eventually, message, OK, rawUpstream } from './wire.ts'

const PAGE = '</html>\n'

/** Turns of the loop in which anything that is on its way arrives. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

t.test('a navigation is held for hold_first, and then shown the page', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate, clock, metrics, lines } = await waitingRig(t, null, { title: 'Our <blog>' })
  const client = await ask(navigation('Accept-Language: fr'))
  await gate.untilHeld()
  await clock.advance(1_999)
  await quiet()
  t.equal(client.received, '')
  await clock.advance(1)
  const got = await client.until(PAGE)
  t.match(got, /^HTTP\/1.1 503 Service Unavailable\r\n/)
  t.match(got, /\r\nRetry-After: 8\r\n/, 'what is left of the estimate')
  t.match(got, /\r\nContent-Language: fr\r\n/)
  t.match(Buffer.from(got, 'latin1').toString(), '<h1 id="h">Our &lt;blog&gt; démarre</h1>')
  t.ok(got.length < 14_000, `${got.length} bytes`)
  t.equal(gate.aborted, 1, 'it is held no more')
  t.same(metrics.told, ['finish GET 503 cold'])
  t.match(lines, [{ service: 'blog', status: 503, path: '/x' }])
  client.received = ''
  gate.wake(app.upstream)
  client.send(navigation())
  t.match(await client.until('ok'), /^HTTP\/1.1 200 /, 'on the same connection, the app')
})

t.test('at once where that is asked for, and the wake is asked for first', async (t) => {
  const cases: Partial<Waiting>[] = [{ page: 'always' }, { page: 'auto', holdFirst: 0 }]
  for (const waiting of cases) {
    const { ask, gate, clock } = await waitingRig(t, null, waiting)
    const client = await ask(navigation())
    await client.until(PAGE)
    t.equal(gate.held.length, 1, 'a hold is what wakes')
    t.equal(gate.aborted, 1)
    t.equal(clock.pending, 0)
  }
})

t.test('whoever may not have it is held as ever', async (t) => {
  const cases: [name: string, request: string, waiting?: Partial<Waiting>][] = [
    ['the page is off', navigation(), { page: 'never' }],
    ['a program', message('GET / HTTP/1.1', 'Host: a'), { page: 'always' }],
    ['a fetch', message('GET / HTTP/1.1', 'Host: a', 'Sec-Fetch-Mode: cors', 'Accept: text/html')],
    [
      'a crawler',
      navigation('User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'),
    ],
    ['a GET with a body', `${navigation('Content-Length: 1')}x`, { page: 'always' }],
    ['h2c, which is no upgrade to us', navigation('Connection: Upgrade', 'Upgrade: h2c'), { page: 'always' }],
    ['a form', message('POST / HTTP/1.1', 'Host: a', 'Sec-Fetch-Mode: navigate', 'Content-Length: 0')],
  ]
  for (const [name, request, waiting] of cases) {
    const app = await rawUpstream(t, answering(OK))
    const { ask, gate, clock } = await waitingRig(t, null, waiting)
    const client = await ask(request)
    await gate.untilHeld()
    await clock.advance(3_000)
    await quiet()
    t.equal(client.received, '', name)
    t.equal(gate.aborted, 0, name)
    gate.wake(app.upstream)
    t.match(await client.until('ok'), /^HTTP\/1.1 200 [^]*wake;dur=3000/, name)
  }
})

t.test('a WebSocket waits for its service', async (t) => {
  const { ask, gate } = await waitingRig(t, null, { page: 'always' })
  const client = await ask(navigation('Connection: Upgrade', 'Upgrade: websocket'))
  await gate.untilHeld()
  await quiet()
  t.equal(client.received, '')
  t.equal(gate.aborted, 0)
})

t.test('an ignored navigation neither wakes nor is told to wait', async (t) => {
  const { ask, gate } = await waitingRig(t, null, { page: 'always' }, { ignores: () => true })
  const client = await ask(navigation('Accept: text/html'))
  t.match(await client.until('</html>'), /^HTTP\/1.1 503 [^]*WAKEDOCK_NOT_WOKEN/)
  t.equal(gate.held.length, 0)
})

t.test('an awake service answers by itself, and what it answers is not touched', async (t) => {
  const answer = `${message('HTTP/1.1 503 Busy', 'Content-Length: 2', 'Content-Type: text/html')}no`
  const app = await rawUpstream(t, answering(answer))
  const { ask } = await waitingRig(t, app.upstream, { page: 'always' })
  const client = await ask(navigation())
  t.equal(
    (await client.until('no')).replace(/Date: .*\r\n/, ''),
    `${message('HTTP/1.1 503 Busy', 'Content-Length: 2', 'Content-Type: text/html', 'Via: 1.1 wakedock', 'Connection: keep-alive', 'Keep-Alive: timeout=150')}no`,
  )
})

t.test('a service that is ready before hold_first is seen at once, without the page', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate, clock } = await waitingRig(t, null)
  const client = await ask(navigation())
  await gate.untilHeld()
  await clock.advance(1_999)
  gate.wake(app.upstream)
  t.match(await client.until('ok'), /^HTTP\/1.1 200 [^]*wake;dur=1999/)
  t.equal(gate.aborted, 0)
  await clock.advance(10_000)
  await quiet()
  t.notMatch(client.received, PAGE)
})

t.test('a service that becomes ready in the very moment: one answer, and it is the app', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate, clock } = await waitingRig(t, null)
  const client = await ask(navigation())
  await gate.untilHeld()
  gate.upstream = app.upstream
  gate.admitsAtAbort = true
  await clock.advance(2_000)
  t.match(await client.until('ok'), /^HTTP\/1.1 200 /)
  await quiet()
  t.equal(client.received.match(/HTTP\/1.1 /g)?.length, 1)
  await eventually(() => gate.inFlight === 0)
})

t.test('a client that leaves before the page leaves nothing behind', async (t) => {
  const { ask, gate, clock, metrics } = await waitingRig(t, null)
  const client = await ask(navigation())
  await gate.untilHeld()
  client.socket.destroy()
  await eventually(() => gate.aborted === 1)
  await quiet()
  t.equal(clock.pending, 0)
  t.same(metrics.told, ['finish GET 499 cold'])
})

t.test('what ends a hold: the page where waiting helps, the error where it does not', async (t) => {
  const failed: Partial<ServiceSnapshot> = { state: 'failed', failure: FAILURE }
  const cases: [code: ErrorCode, status: number, seen: Partial<ServiceSnapshot>, answer: RegExp][] = [
    ['WAKEDOCK_HOLD_QUEUE_FULL', 503, {}, /^HTTP\/1.1 503 [^]*connection_limit_reached[^]*Many are waiting/],
    ['WAKEDOCK_WAKE_FAILED', 502, failed, /^HTTP\/1.1 503 [^]*could not be started[^]*ended while it was/],
    ['WAKEDOCK_WAKE_FAILED', 503, failed, /^HTTP\/1.1 503 [^]*could not be started[^]*ended while it was/],
    ['WAKEDOCK_WAKE_TIMEOUT', 504, {}, /^HTTP\/1.1 503 [^]*is starting/],
    ['WAKEDOCK_SHUTTING_DOWN', 503, {}, /^HTTP\/1.1 503 [^]*WAKEDOCK_SHUTTING_DOWN/],
    ['WAKEDOCK_SERVICE_REMOVED', 503, {}, /^HTTP\/1.1 503 [^]*WAKEDOCK_SERVICE_REMOVED/],
  ]
  for (const [code, status, seen, answer] of cases) {
    const { ask, gate, clock, see } = await waitingRig(t, null)
    const retryAt = clock.wallTime() + 17_000
    see(seen.failure ? { ...seen, failure: { ...seen.failure, retryAt } } : seen)
    const client = await ask(navigation('Accept: text/html'))
    await gate.untilHeld()
    gate.held[0]?.reject(new WakeDockError(code, { status, retryAfter: 5 }))
    const got = await client.until('</html>')
    t.match(got, answer, code)
    if (seen === failed) t.match(got, /\r\nRetry-After: 17\r\n/, 'when it is tried again')
    t.notMatch(got, 'it ended', 'nothing of what is for admins')
    await quiet()
    t.equal(clock.pending, 0)
  }
})

t.test('without the page, a failure is what it was', async (t) => {
  const { ask, gate } = await waitingRig(t, null, { page: 'never' })
  const client = await ask(navigation('Accept: text/html'))
  await gate.untilHeld()
  gate.held[0]?.reject(new WakeDockError('WAKEDOCK_WAKE_FAILED'))
  t.match(await client.until('</html>'), /^HTTP\/1.1 502 [^]*WAKEDOCK_WAKE_FAILED/)
})
