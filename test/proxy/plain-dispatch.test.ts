/** What undici cannot carry, over raw sockets on both sides: request trailers, the upstream's own 100 Continue, OPTIONS *. */
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, OK, type Wire, closedPort, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

const CHUNKED = ['POST /x?y HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'] as const
const TRAILING = message(...CHUNKED, 'Trailer: X-T, Host, X-Hop', 'Connection: X-Hop', 'X-Latin: \xe9')
const BODY =
  '3\r\nabc\r\n0\r\nX-T: \xe9\r\nx-t: 2\r\nHost: evil\r\nX-Forwarded-For: 1.1.1.1\r\nX-Hop: 1\r\n\r\n'
const WAITING = message('PUT / HTTP/1.1', 'Host: a', 'X-L: \xe9', 'Content-Length: 5', 'Expect: 100-continue')
const CONTINUE = message('HTTP/1.1 100 Continue')

t.test('request trailers arrive behind the body, without those that frame, route or identify', async (t) => {
  for (const held of [false, true]) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, held ? null : app.upstream)
    const client = await ask(TRAILING + BODY)
    if (held) {
      await gate.untilHeld()
      gate.wake(app.upstream)
    }
    const wire = await app.connection()
    const seen = await wire.until(/\r\n0\r\n[^]*\r\n\r\n$/)
    t.equal(
      seen,
      message(
        'POST /x?y HTTP/1.1',
        'Host: a',
        'X-Latin: \xe9',
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Proto: http',
        'X-Forwarded-Host: a',
        'Via: 1.1 wakedock',
        'Transfer-Encoding: chunked',
        'Trailer: X-T',
        'Connection: close',
      ) + '3\r\nabc\r\n0\r\nX-T: \xe9\r\nx-t: 2\r\n\r\n',
    )
    wire.send(
      message('HTTP/1.1 201 T\xc3\xa9st', 'X-CaSe: \xfcber', 'Transfer-Encoding: chunked', 'Trailer: X-R') +
        '2\r\nok\r\n0\r\nX-R: \xff\r\nSet-Cookie: evil\r\n\r\n',
    )
    t.match(
      await client.until(/\r\n0\r\n[^]*\r\n\r\n$/),
      /^HTTP\/1.1 201 T\xc3\xa9st\r\nX-CaSe: \xfcber\r\n[^]*\r\n\r\n2\r\nok\r\n0\r\nX-R: \xff\r\n\r\n$/,
    )
    t.equal(gate.inFlight, 0)
    t.same(metrics.told, [`finish POST 201 ${held ? 'cold' : 'warm'}`])
    // The next request on the client's connection.
    client.received = ''
    client.send(message('GET / HTTP/1.1', 'Host: a'))
    const next = await app.connection()
    await next.until(HEAD)
    next.send(OK)
    await client.until('ok')
  }
})

t.test(
  'trailers of a streamed body follow when they come; without a body, or all forbidden, the framing holds',
  async (t) => {
    const app = await rawUpstream(t)
    const { ask } = await rig(t, app.upstream)
    const client = await ask(`${TRAILING}3\r\nabc\r\n`)
    const wire = await app.connection()
    await wire.until('\r\nabc\r\n')
    t.notMatch(wire.received, /\r\n0\r\n/)
    client.send('0\r\nX-T: 1\r\n\r\n')
    await wire.until(/\r\n0\r\nX-T: 1\r\n\r\n$/)
    wire.send(OK)
    await client.until('ok')

    const empty = await ask(`${TRAILING}0\r\nX-T: 1\r\n\r\n`)
    await (await app.connection()).until(/chunked\r\n[^]*\r\n\r\n0\r\nX-T: 1\r\n\r\n$/)
    empty.socket.destroy()

    // undici again, which frames an empty body by nothing at all.
    const none = await ask(`${message(...CHUNKED, 'Trailer: Host')}3\r\nabc\r\n0\r\nHost: evil\r\n\r\n`)
    const other = await app.connection()
    await other.until(/\r\n3\r\nabc\r\n0\r\n\r\n$/)
    t.notMatch(other.received, /evil|trailer/i)
    none.socket.destroy()
  },
)

t.test('fields that nobody announced are dropped, without touching the framing', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(`${message(...CHUNKED)}3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n`)
  const wire = await app.connection()
  t.match(await wire.until(/\r\n0\r\n\r\n$/), /\r\n3\r\nabc\r\n0\r\n\r\n$/)
  wire.send(OK)
  await client.until('ok')
})

t.test('102 and 103 pass, a 100 that nobody waits for does not', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(TRAILING + BODY)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(CONTINUE + message('HTTP/1.1 103 Early Hints', 'Link: </a>', 'X-L: \xe9') + CONTINUE + OK)
  t.match(
    await client.until('ok'),
    /^HTTP\/1.1 103 Early Hints\r\nLink: <\/a>\r\nX-L: \xe9\r\n[^]*HTTP\/1.1 200 OK/,
  )
  t.notMatch(client.received, ' 100 ')
})

t.test('OPTIONS * goes to the service at the root of the host, as it is', async (t) => {
  const app = await rawUpstream(t)
  const { ask, lines } = await rig(t, app.upstream)
  for (const line of ['OPTIONS * HTTP/1.1', 'OPTIONS http://a HTTP/1.1']) {
    const client = await ask(message(line, 'Host: a'))
    const wire = await app.connection()
    t.equal(
      await wire.until(HEAD),
      message(
        'OPTIONS * HTTP/1.1',
        'Host: a',
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Proto: http',
        'X-Forwarded-Host: a',
        'Via: 1.1 wakedock',
        'Connection: close',
      ),
    )
    wire.send(message('HTTP/1.1 204 No Content', 'Allow: GET'))
    t.match(await client.until(HEAD), /^HTTP\/1.1 204 No Content\r\nAllow: GET\r\n/)
  }
  t.match(lines, [{ path: '/', method: 'OPTIONS' }, { path: '/' }])
})

t.test('an answer that fails', async (t) => {
  const half = message('HTTP/1.1 200 OK', 'Content-Length: 9') + 'abc'
  const cases: { name: string; answer: string; seen: RegExp; told: string }[] = [
    {
      name: 'no answer',
      answer: '',
      seen: /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_UNREACHABLE"/,
      told: 'reset',
    },
    {
      name: 'half a head',
      answer: 'HTTP/1.1 20',
      seen: /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_PROTOCOL"/,
      told: 'protocol',
    },
    { name: 'garbage', answer: 'SSH-2.0-X\r\n', seen: /^HTTP\/1.1 502 [^]*PROTOCOL"/, told: 'protocol' },
    {
      name: 'two lengths',
      answer: message('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2'),
      seen: /^HTTP\/1.1 502 [^]*PROTOCOL"/,
      told: 'protocol',
    },
    {
      name: 'a 101 nobody asked for',
      answer: message('HTTP/1.1 101 X', 'Connection: upgrade', 'Upgrade: x'),
      seen: /^HTTP\/1.1 502 [^]*PROTOCOL"/,
      told: 'protocol',
    },
    { name: 'half a body', answer: half, seen: /^HTTP\/1.1 200 [^]*\r\n\r\nabc$/, told: 'protocol' },
    {
      name: 'half a chunked body',
      answer: message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n',
      seen: /^HTTP\/1.1 200 [^]*\r\n3\r\nabc\r\n$/,
      told: 'protocol',
    },
  ]
  for (const { name, answer, seen, told } of cases) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(TRAILING + BODY)
    const wire = await app.connection()
    await wire.until(/\r\n0\r\n[^]*\r\n\r\n$/)
    wire.socket.end(answer)
    await client.until(
      (text) => seen.test(text) && (!text.startsWith('HTTP/1.1 502') || text.endsWith('}\n')),
    )
    if (client.received.startsWith('HTTP/1.1 200'))
      t.match(await client.untilClosed(), seen, `${name}: cut, not ended`)
    t.match(client.received, seen, name)
    await eventually(() => gate.inFlight === 0)
    t.ok(metrics.told.includes(`upstream error ${told}`), `${name}: ${metrics.told.join(', ')}`)
    t.equal(app.wires.length, 1, `${name}: not sent again`)
    t.equal(
      gate.verified,
      /half|no answer/.test(name) ? 1 : 0,
      `${name}: the provider is asked about lost connections`,
    )
  }
})

t.test(
  'a client that leaves takes its upstream request with it, and no end is made up for its body',
  async (t) => {
    const leaving: [name: string, sent: string, answer: string][] = [
      ['in its body', `${TRAILING}3\r\nabc\r\n`, ''],
      ['behind its body', TRAILING + BODY, ''],
      ['in the answer', TRAILING + BODY, message('HTTP/1.1 200 OK', 'Content-Length: 9') + 'abc'],
      ['waiting for 100', WAITING, ''],
    ]
    for (const [name, sent, answer] of leaving) {
      const app = await rawUpstream(t)
      const { ask, gate } = await rig(t, app.upstream)
      const client = await ask(sent)
      const wire = await app.connection()
      await wire.until(sent === WAITING ? HEAD : 'abc')
      if (answer !== '') {
        wire.send(answer)
        await client.until('abc')
      }
      client.socket.destroy()
      await eventually(() => wire.ended || wire.closed)
      t.equal(gate.inFlight, 0, name)
      if (name === 'in its body') t.notMatch(wire.received, /\r\n0\r\n/)
    }
  },
)

t.test('a refused connection is tried where the target runs now; later nothing is sent twice', async (t) => {
  for (const request of [TRAILING + BODY, WAITING, message('OPTIONS * HTTP/1.1', 'Host: a')]) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, upstreamAt(await closedPort()))
    gate.onVerify = () => {
      gate.upstream = app.upstream
    }
    const client = await ask(request)
    const wire = await app.connection()
    await wire.until(request === TRAILING + BODY ? /\r\n0\r\n[^]*\r\n\r\n$/ : HEAD)
    wire.send(OK)
    t.match(await client.until('ok'), /^HTTP\/1.1 200 /)
    await eventually(() => gate.inFlight === 0)
    t.equal(metrics.told[0], 'retry refused')
  }
})

t.test('a slow client, and a slow upstream, hold the other side back', async (t) => {
  const size = 64 * 1024 * 1024
  const app = await rawUpstream(t, (wire: Wire) => wire.socket.pause())
  const { ask } = await rig(t, app.upstream)
  const client = await ask(message(...CHUNKED, 'Trailer: X-T'))
  client.send(`${size.toString(16)}\r\n`)
  client.socket.write(Buffer.alloc(size, 'x'))
  client.send('\r\n0\r\nX-T: 1\r\n\r\n')
  const wire = await app.connection()
  for (let turn = 0; turn < 3000; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.ok(client.socket.writableLength > size / 2, 'most of it stays with the client')
  let got = 0
  let tail = ''
  wire.socket.removeAllListeners('data')
  wire.socket.on('data', (chunk) => {
    got += chunk.length
    tail = (tail + chunk.toString('latin1')).slice(-20)
  })
  wire.socket.resume()
  await eventually(() => tail.endsWith('0\r\nX-T: 1\r\n\r\n'))
  t.ok(got > size)

  client.socket.pause()
  wire.send(message('HTTP/1.1 200 OK', `Content-Length: ${size}`))
  wire.socket.write(Buffer.alloc(size))
  for (let turn = 0; turn < 3000; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.ok(wire.socket.writableLength > size / 2, 'most of it stays with the upstream')
  let answered = 0
  client.socket.removeAllListeners('data')
  client.socket.on('data', (chunk) => (answered += chunk.length)).resume()
  await eventually(() => answered >= size)
})
