/** One request both ways over raw sockets: what the upstream sees, what the client sees, byte for byte. */
import t from 'tap'
import { rig } from './rig.ts'
import {
  HEAD,
  OK,
  type Wire,
  answering,
  closedPort,
  eventually,
  message,
  rawUpstream,
  upstreamAt,
} from './wire.ts'

t.test('a request reaches the upstream as it was sent, and the answer the client', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate, metrics, lines } = await rig(t, app.upstream)
  const client = await ask(
    message(
      'GET /x//y/../%7e?q=1?&b HTTP/1.1',
      'Host: a:80',
      'X-Case: Kept',
      'X-Two: 1',
      'X-Two: 2',
      'X-Latin: \xe9\xff',
    ),
  )
  const wire = await app.connection()
  const seen = await wire.until(HEAD)
  t.equal(
    seen,
    message(
      'GET /x//y/../%7e?q=1?&b HTTP/1.1',
      'host: a:80',
      'connection: keep-alive',
      'X-Case: Kept',
      'X-Two: 1',
      'X-Two: 2',
      'X-Latin: \xe9\xff',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a:80',
      'Via: 1.1 wakedock',
    ),
  )
  wire.send(
    message(
      'HTTP/1.1 234 T\xe9st',
      'Date: now',
      'X-CaSe: \xfcber',
      'Set-Cookie: a=1',
      'set-cookie: b=2',
      'Content-Length: 3',
      'Connection: X-Hop',
      'X-Hop: gone',
      'Keep-Alive: timeout=9',
    ) + 'abc',
  )
  const got = await client.until('abc')
  t.equal(got.split(HEAD)[1], 'abc')
  t.same(got.split(HEAD)[0]?.split('\r\n').slice(1), [
    'Date: now',
    'X-CaSe: \xfcber',
    'Set-Cookie: a=1',
    'set-cookie: b=2',
    'Content-Length: 3',
    'Via: 1.1 wakedock',
    'Connection: keep-alive',
    'Keep-Alive: timeout=150',
  ])
  t.equal(gate.inFlight, 0)
  t.same(metrics.told, ['finish GET 234 warm'])
  t.match(lines, [
    { service: 'blog', client: '127.0.0.1', method: 'GET', host: 'a', path: '/x//y/../%7e', status: 234 },
  ])
})

t.test('a reason phrase in UTF-8 keeps its bytes, one that is not is replaced', async (t) => {
  for (const [sent, seen] of [
    ['T\xc3\xa9st', 'T\xc3\xa9st'],
    ['T\xe9st', 'OK'],
    ['', ''],
  ] as const) {
    const app = await rawUpstream(t, answering(message(`HTTP/1.1 200 ${sent}`, 'Content-Length: 0')))
    const { ask } = await rig(t, app.upstream)
    const client = await ask(message('GET / HTTP/1.1', 'Host: a'))
    t.match(await client.until(HEAD), new RegExp(`^HTTP/1.1 200 ${seen}\r\n`))
  }
})

t.test('each framing of a body arrives as exactly one framing header and the same bytes', async (t) => {
  const cases = [
    {
      head: ['POST / HTTP/1.1', 'Content-Length: 5'],
      body: 'hello',
      seen: /content-length: 5\r\n\r\nhello$/i,
    },
    { head: ['POST / HTTP/1.1', 'Content-Length: 0'], body: '', seen: /content-length: 0\r\n\r\n$/i },
    { head: ['POST / HTTP/1.1'], body: '', seen: /content-length: 0\r\n\r\n$/i },
    { head: ['POST / HTTP/1.1', 'Transfer-Encoding: chunked'], body: '3\r\nabc\r\n0\r\n\r\n', seen: /abc/ },
    { head: ['GET / HTTP/1.1', 'Transfer-Encoding: Chunked'], body: '3\r\nabc\r\n0\r\n\r\n', seen: /abc/ },
    { head: ['DELETE / HTTP/1.1', 'Content-Length: 3'], body: 'abc', seen: /content-length: 3\r\n\r\nabc$/i },
    {
      head: ['OPTIONS / HTTP/1.1', 'Transfer-Encoding: chunked'],
      body: '3\r\nabc\r\n0\r\n\r\n',
      seen: /abc/,
    },
    { head: ['GET / HTTP/1.1', 'Transfer-Encoding: chunked'], body: '0\r\n\r\n', seen: /wakedock\r\n\r\n$/ },
    {
      head: ['POST / HTTP/1.1', 'Content-Length: 3', 'Connection: Content-Length, Host'],
      body: 'abc',
      seen: /host: a\r\n[^]*content-length: 3\r\n\r\nabc$/i,
    },
    {
      head: ['POST / HTTP/1.1', 'Transfer-Encoding: chunked', 'Connection: transfer-encoding'],
      body: '3\r\nabc\r\n0\r\n\r\n',
      seen: /abc/,
    },
  ]
  for (const { head, body, seen } of cases) {
    const app = await rawUpstream(t)
    const { ask } = await rig(t, app.upstream)
    const client = await ask(message(head[0] ?? '', 'Host: a', ...head.slice(1)) + body)
    const wire = await app.connection()
    await wire.until((text) => seen.test(text) && (!/chunked/i.test(text) || text.endsWith('0\r\n\r\n')))
    t.ok(
      (wire.received.match(/^(?:content-length|transfer-encoding):/gim) ?? []).length <= 1,
      head.join(' | '),
    )
    wire.send(OK)
    await client.until('ok')
  }
})

t.test('the length of an answer arrives as the upstream framed it', async (t) => {
  const cases = [
    {
      answer: message('HTTP/1.1 200 OK', 'Content-Length: 3') + 'abc',
      seen: /Content-Length: 3\r\n[^]*\r\n\r\nabc$/,
    },
    {
      answer: message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n0\r\n\r\n',
      seen: /Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/,
    },
    {
      answer:
        message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-T') +
        '1\r\na\r\n0\r\nX-T: \xe9\r\nx-t: 2\r\n\r\n',
      seen: /Trailer: X-T\r\n[^]*1\r\na\r\n0\r\nX-T: \xe9\r\nx-t: 2\r\n\r\n$/,
    },
    {
      answer: message('HTTP/1.1 204 No Content'),
      seen: /^HTTP\/1.1 204 No Content\r\n(?![^]*(?:chunked|length))[^]*\r\n\r\n$/i,
    },
    {
      answer: message('HTTP/1.1 304 Not Modified', 'Content-Length: 9'),
      seen: /Content-Length: 9\r\n[^]*\r\n\r\n$/,
    },
    {
      method: 'HEAD',
      answer: message('HTTP/1.1 200 OK', 'Content-Length: 9'),
      seen: /Content-Length: 9\r\n[^]*\r\n\r\n$/,
    },
    {
      method: 'HEAD',
      answer: message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'),
      seen: /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/,
    },
  ]
  for (const { method = 'GET', answer, seen } of cases) {
    const app = await rawUpstream(t, answering(answer))
    const { ask } = await rig(t, app.upstream)
    const client = await ask(message(`${method} / HTTP/1.1`, 'Host: a', 'TE: trailers'))
    await client.until(seen)
    // The same connection carries the next exchange: nothing was left over.
    client.received = ''
    client.send(message(`${method} / HTTP/1.1`, 'Host: a'))
    t.match(await client.until(seen), seen, answer)
  }
})

t.test('a body that ends with the connection arrives chunked, and closed for HTTP/1.0', async (t) => {
  const serve = (wire: Wire): void => {
    wire.socket.once('data', () => wire.socket.end(message('HTTP/1.1 200 OK', 'Connection: close') + 'tail'))
  }
  const app = await rawUpstream(t, serve)
  const { ask } = await rig(t, app.upstream)
  const modern = await ask(message('GET / HTTP/1.1', 'Host: a'))
  t.match(await modern.until('\r\n0\r\n\r\n'), '4\r\ntail')
  const old = await ask(message('GET / HTTP/1.0', 'Host: a'))
  t.match(await old.untilClosed(), /\r\n\r\ntail$/)
})

t.test('the head of an answer does not wait for its body', async (t) => {
  const app = await rawUpstream(t)
  const { ask, metrics } = await rig(t, app.upstream)
  const client = await ask(message('GET / HTTP/1.1', 'Host: a'))
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(message('HTTP/1.1 200 OK', 'Content-Type: text/event-stream', 'X-Latin: \xe9'))
  t.match(await client.until(HEAD), '\r\nX-Latin: \xe9\r\n')
  t.equal(metrics.streams, 1)
  wire.send('data: 1\n\n')
  await client.until('data: 1\n\n')
  wire.socket.end()
  await client.until('0\r\n\r\n')
  t.equal(metrics.streams, 0)
})

t.test('102 and 103 are relayed, but not to HTTP/1.0', async (t) => {
  const hints = message('HTTP/1.1 103 Early Hints', 'Link: </a>; rel=preload', 'X-L: \xe9')
  const app = await rawUpstream(t, answering(message('HTTP/1.1 102 Processing') + hints + OK))
  const { ask } = await rig(t, app.upstream)
  const modern = await ask(message('GET / HTTP/1.1', 'Host: a'))
  t.match(
    await modern.until('ok'),
    /^HTTP\/1.1 102 Processing\r\n[^]*HTTP\/1.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\nX-L: \xe9\r\n[^]*HTTP\/1.1 200 OK/,
  )
  const old = await ask(message('GET / HTTP/1.0', 'Host: a'))
  t.match(await old.untilClosed(), /^HTTP\/1.1 200 OK/)
})

t.test('an unsolicited 100 and a 101 nobody asked for are a protocol error', async (t) => {
  for (const answer of [
    message('HTTP/1.1 100 Continue') + OK,
    message('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: x'),
    'SSH-2.0-OpenSSH\r\n',
    message('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2'),
  ]) {
    const app = await rawUpstream(t, answering(answer))
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(message('GET / HTTP/1.1', 'Host: a'))
    t.match(await client.until('}'), /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_PROTOCOL"/, answer)
    t.same(metrics.told, ['upstream error protocol', 'finish GET 502 warm'])
    t.equal(gate.inFlight, 0)
  }
})

t.test('a connection is used again after errors', async (t) => {
  const port = await closedPort()
  const { ask, gate } = await rig(t, upstreamAt(port))
  const client = await ask(message('GET / HTTP/1.1', 'Host: a'))
  await client.until(/502 [^]*UNREACHABLE"\}\n/)
  client.received = ''
  client.send(message('POST / HTTP/1.1', 'Host: nobody', 'Content-Length: 3') + 'abc')
  await client.until(/404 [^]*NO_ROUTE"\}\n/)
  client.received = ''
  const app = await rawUpstream(t, answering(OK))
  gate.upstream = app.upstream
  client.send(message('GET / HTTP/1.1', 'Host: a'))
  t.match(await client.until('ok'), /^HTTP\/1.1 200/)
})

t.test('pipelined requests are answered in order', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(message('GET /1 HTTP/1.1', 'Host: a') + message('GET /2 HTTP/1.1', 'Host: a'))
  const [one, two] = [await app.connection(), await app.connection()]
  await Promise.all([one.until(HEAD), two.until(HEAD)])
  const reply = (path: string): string => message('HTTP/1.1 200 OK', 'Content-Length: 2') + path
  for (const wire of [two, one]) wire.send(reply(/GET (\/\d)/.exec(wire.received)?.[1] ?? ''))
  t.match(await client.until('/2'), /\/1HTTP\/1.1 200 OK[^]*\/2$/)
})

t.test('requests at the same time each have a connection of their own', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  // One that is kept, first: whoever came second could be written behind whoever is still unanswered on it.
  const first = await ask(message('GET /first HTTP/1.1', 'Host: a'))
  const kept = await app.connection()
  await kept.until(HEAD)
  kept.send(OK)
  await first.until('ok')
  const clients = await Promise.all([1, 2, 3].map((n) => ask(message(`GET /${n} HTTP/1.1`, 'Host: a'))))
  const asked = (): string[] => app.wires.flatMap(({ received }) => received.match(/GET \/\d/g)?.join() ?? [])
  await eventually(() => asked().join().split(',').length === 3)
  t.same(asked().toSorted(), ['GET /1', 'GET /2', 'GET /3'])
  for (const wire of app.wires) wire.send(OK)
  await Promise.all(clients.map((client) => client.until('ok')))
})

t.test('a prefix is taken off the path', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream, { prefix: '/app' })
  for (const [sent, seen] of [
    ['/app/x?y', 'GET /x?y HTTP'],
    ['/app', 'GET / HTTP'],
    ['/app?y', 'GET /?y HTTP'],
  ] as const) {
    const client = await ask(message(`GET ${sent} HTTP/1.1`, 'Host: a'))
    await client.until('ok')
    t.ok(
      app.wires.some((wire) => wire.received.includes(seen)),
      seen,
    )
  }
})
