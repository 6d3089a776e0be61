/** Upgraded connections over raw sockets: WebSocket and others, awake and asleep, and every way they can go wrong. */
import t from 'tap'
import { WakeDockError } from '../../src/errors.ts'
import { rig } from './rig.ts'
import { HEAD, OK, answering, closedPort, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

const ASK = message(
  'GET /chat//x?y=1? HTTP/1.1',
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'X-Case: 1',
  'X-Case: \xe9',
)
const SWITCH = message(
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: WebSocket',
  'Connection: upgrade',
  'Sec-WebSocket-Protocol: b',
  'X-CaSe: \xe9',
  'Set-Cookie: 1',
  'Set-Cookie: 2',
)

t.test('an upgrade passes both heads, the bytes after them, and then everything', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate, metrics, lines } = await rig(t, app.upstream)
  const client = await ask(`${ASK}early`)
  const wire = await app.connection()
  const seen = await wire.until(HEAD)
  t.same(
    seen.split(HEAD)[0]?.split('\r\n').toSorted(),
    [
      'GET /chat//x?y=1? HTTP/1.1',
      'Host: a',
      'X-Case: 1',
      'X-Case: \xe9',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a',
      'Via: 1.1 wakedock',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ].toSorted(),
  )
  t.equal(metrics.streams, 0)
  wire.send(`${SWITCH}first`)
  const got = await client.until('first')
  t.match(got, /^HTTP\/1.1 101 Switching Protocols\r\n/)
  t.same(got.split(HEAD)[0]?.split('\r\n').slice(1).toSorted(), [
    'Connection: Upgrade',
    'Sec-WebSocket-Protocol: b',
    'Set-Cookie: 1',
    'Set-Cookie: 2',
    'Upgrade: WebSocket',
    'Via: 1.1 wakedock',
    'X-CaSe: \xe9',
  ])
  await wire.until(/\r\n\r\nearly$/)
  client.send('\x00\xff')
  await wire.until('early\x00\xff')
  wire.send('\xfe')
  await client.until('first\xfe')
  t.equal(metrics.streams, 1)
  t.equal(gate.inFlight, 1, 'in use as long as it is open')
  client.socket.resetAndDestroy()
  await eventually(() => wire.ended || wire.closed)
  // The upstream never closes its side: it does not have to, for the lease to end.
  await eventually(() => gate.inFlight === 0)
  t.same(metrics.told, ['stream opened', 'stream closed', 'finish GET 101 warm'])
  t.match(lines, [{ status: 101, path: '/chat//x' }])
})

t.test('either end that closes closes the other, and releases the lease', async (t) => {
  for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
    for (const side of ['client', 'upstream']) {
      const app = await rawUpstream(t)
      const { ask, gate } = await rig(t, app.upstream)
      const client = await ask(ASK)
      const wire = await app.connection()
      await wire.until(HEAD)
      wire.send(SWITCH)
      await client.until(HEAD)
      const [from, to] = side === 'client' ? [client, wire] : [wire, client]
      from.send('bye')
      await to.until('bye')
      from.socket[how]()
      await eventually(() => to.ended || to.closed)
      to.socket.end()
      await eventually(() => gate.inFlight === 0)
      t.pass(`${side} ${how}`)
    }
  }
})

t.test('a half-close is passed on, and the other direction stays open', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask(ASK)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(SWITCH)
  await client.until(HEAD)
  // As docker attach does when its input ends: the output is still wanted.
  client.socket.end('last')
  await wire.until('last')
  await eventually(() => wire.ended)
  t.equal(gate.inFlight, 1)
  wire.send('output')
  await client.until('output')
  wire.socket.end()
  await eventually(() => gate.inFlight === 0)
})

t.test('other protocols than WebSocket and other methods than GET pass', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(
    message('POST /attach HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: tcp', 'Content-Length: 0'),
  )
  const wire = await app.connection()
  t.match(await wire.until(HEAD), /^POST \/attach HTTP\/1.1\r\n[^]*Upgrade: tcp\r\n/)
  wire.send(message('HTTP/1.1 101 UPGRADED', 'Connection: Upgrade', 'Upgrade: tcp') + 'hi')
  await client.until(/101 [^]*hi$/)
})

t.test('a sleeping service is woken by an upgrade, and the answer says how long it took', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate, metrics } = await rig(t, null)
  const client = await ask(ASK)
  await gate.untilHeld()
  client.send('while held')
  gate.wake(app.upstream)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(SWITCH)
  t.match(await client.until(HEAD), /101 [^]*Server-Timing: wake;dur=\d+\r\n/)
  await wire.until(/\r\n\r\nwhile held$/)
  wire.socket.destroy()
  await eventually(() => gate.inFlight === 0)
  t.same(metrics.told.at(-1), 'finish GET 101 cold')
})

t.test('a client that leaves a held upgrade is noticed, by end or by reset', async (t) => {
  for (const how of ['end', 'destroy'] as const) {
    const { ask, gate, metrics } = await rig(t, null)
    const client = await ask(`${ASK}early`)
    await gate.untilHeld()
    client.socket[how]()
    await eventually(() => gate.aborted === 1)
    await eventually(() => metrics.told.includes('finish GET 499 cold'))
    t.equal(gate.inFlight, 0)
  }
})

t.test('a hold that fails is answered on the raw connection', async (t) => {
  const { ask, gate } = await rig(t, null)
  const client = await ask(ASK)
  await gate.untilHeld()
  gate.held[0]?.reject(new WakeDockError('WAKEDOCK_HOLD_QUEUE_FULL', { retryAfter: 3 }))
  t.match(
    await client.untilClosed(),
    /^HTTP\/1.1 503 [^]*Retry-After: 3[^]*Connection: close[^]*"WAKEDOCK_HOLD_QUEUE_FULL"/,
  )
})

t.test('an answer other than 101 is relayed whole', async (t) => {
  const cases = [
    {
      answer: message('HTTP/1.1 403 N\xf6', 'Content-Length: 2', 'X-A: 1', 'x-a: \xe9') + 'no',
      seen: /^HTTP\/1.1 403 N\xf6\r\n[^]*X-A: 1\r\nx-a: \xe9\r\n[^]*\r\n\r\nno$/,
    },
    {
      answer: message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '2\r\nno\r\n0\r\n\r\n',
      seen: /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n2\r\nno\r\n0\r\n\r\n$/,
    },
    {
      answer: message('HTTP/1.1 304 Not Modified'),
      seen: /^HTTP\/1.1 304 [^]*Via: 1.1 wakedock\r\n[^]*\r\n\r\n$/,
    },
  ]
  for (const { answer, seen } of cases) {
    const app = await rawUpstream(t, answering(answer))
    const { ask, gate } = await rig(t, app.upstream)
    const client = await ask(ASK)
    t.match(await client.untilClosed(), seen)
    t.match(client.received, 'Connection: close')
    await eventually(() => gate.inFlight === 0)
  }
})

t.test('a long relayed answer is not cut short, and one that breaks off is not ended cleanly', async (t) => {
  const size = 8 * 1024 * 1024
  const whole = await rawUpstream(t, (wire) => {
    wire.socket.once('data', () =>
      wire.send(message('HTTP/1.1 200 OK', `Content-Length: ${size}`) + 'x'.repeat(size)),
    )
  })
  const one = await rig(t, whole.upstream)
  t.equal((await (await one.ask(ASK)).untilClosed()).split(HEAD)[1]?.length, size)

  const broken = await rawUpstream(t, (wire) => {
    wire.socket.once('data', () => {
      wire.send(message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '2\r\nno\r\n')
    })
  })
  const two = await rig(t, broken.upstream)
  const client = await two.ask(ASK)
  await client.until('no')
  broken.wires[0]?.socket.destroy()
  t.notMatch(await client.untilClosed(), '0\r\n\r\n')
  await eventually(() => two.gate.inFlight === 0)
})

t.test('wrong answers are a 502, and nothing of them reaches the client', async (t) => {
  const wrong = [
    message('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: h2c', 'X-Evil: 1'),
    message('HTTP/1.1 101 Switching Protocols', 'X-Evil: 1'),
    'SSH-2.0-X-Evil\r\n',
  ]
  for (const answer of wrong) {
    const app = await rawUpstream(t, answering(answer))
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(ASK)
    const got = await client.untilClosed()
    t.match(got, /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_PROTOCOL"/, answer)
    t.notMatch(got, /evil/i)
    await eventually(() => gate.inFlight === 0)
    t.same(metrics.told, ['upstream error protocol', 'finish GET 502 warm'])
  }
})

t.test('an upstream that closes without an answer is a 502, and is not asked again', async (t) => {
  const app = await rawUpstream(t, (wire) => wire.socket.once('data', () => wire.socket.destroy()))
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask(ASK)
  t.match(await client.untilClosed(), /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_UNREACHABLE"/)
  t.equal(app.wires.length, 1)
  await eventually(() => gate.inFlight === 0)
})

t.test('a refused connection asks the provider, once', async (t) => {
  const app = await rawUpstream(t)
  const moved = await rig(t, upstreamAt(await closedPort()))
  moved.gate.onVerify = () => {
    moved.gate.upstream = app.upstream
  }
  const client = await moved.ask(ASK)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(SWITCH)
  await client.until('101')
  t.equal(moved.gate.inFlight, 1)
  t.same(moved.metrics.told, ['retry refused', 'stream opened'])

  const gone = await rig(t, upstreamAt(await closedPort()))
  t.match(await (await gone.ask(ASK)).untilClosed(), /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_UNREACHABLE"/)
  t.equal(gone.gate.verified, 1)
  await eventually(() => gone.gate.inFlight === 0)
})

t.test('upgrades that may not pass are ordinary requests', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream)
  const upgrade = ['Host: a', 'Connection: Upgrade']
  for (const head of [
    message('GET / HTTP/1.1', ...upgrade, 'Upgrade: h2c', 'HTTP2-Settings: x'),
    message('GET / HTTP/1.1', ...upgrade, 'Upgrade: TLS/1.0'),
    message('GET / HTTP/1.1', ...upgrade, 'Upgrade: websocket, h2c'),
    message('GET / HTTP/1.0', ...upgrade, 'Upgrade: websocket'),
    message('POST / HTTP/1.1', ...upgrade, 'Upgrade: websocket', 'Content-Length: 4') + HEAD,
  ]) {
    const before = app.wires.map((wire) => wire.received.length)
    const client = await ask(head)
    t.match(await client.until('ok'), /^HTTP\/1.1 200/, head)
    const seen = app.wires.map((wire, i) => wire.received.slice(before[i] ?? 0)).join('')
    t.notMatch(seen, /upgrade:/i, head)
  }
})

t.test('a malformed upgrade is refused like any other request', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask(ASK.replace('Host: a', 'Host: a\r\nHost: b'))
  t.match(await client.untilClosed(), /^HTTP\/1.1 400 /)
  const unknown = await ask(ASK.replace('Host: a', 'Host: nobody'))
  t.match(await unknown.untilClosed(), /^HTTP\/1.1 404 /)
  t.equal(gate.acquired, 0)
})
