/** Upstreams that break the rules: what of it reaches the client, and that it never reaches the next one. Raw sockets both sides. */
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, OK, type Wire, answering, eventually, message, rawUpstream } from './wire.ts'

const GET = message('GET / HTTP/1.1', 'Host: a')
const EVIL = message('HTTP/1.1 200 OK', 'Content-Length: 4') + 'evil'
const chunked = (...rest: string[]): string =>
  message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + rest.join('')

t.test('an answer that is not HTTP is a 502, and nothing of it is passed on', async (t) => {
  const cases: [name: string, answer: string][] = [
    ['another protocol', 'SSH-2.0-X-Evil\r\n'],
    ['no version', '200 OK\r\nX-Evil: 1\r\n\r\n'],
    ['a status of two digits', message('HTTP/1.1 20 OK', 'X-Evil: 1')],
    ['a status of four digits', message('HTTP/1.1 2000 OK', 'X-Evil: 1')],
    ['a version we do not speak', message('HTTP/3.7 200 OK', 'X-Evil: 1')],
    ['two lengths', message('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2', 'X-Evil: 1')],
    ['a length that is none', message('HTTP/1.1 200 OK', 'Content-Length: x', 'X-Evil: 1')],
    ['a negative length', message('HTTP/1.1 200 OK', 'Content-Length: -1', 'X-Evil: 1')],
    [
      'length and chunks',
      message('HTTP/1.1 200 OK', 'Content-Length: 3', 'Transfer-Encoding: chunked') + '3\r\nabc',
    ],
    ['a coding nobody asked for', message('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip', 'X-Evil: 1')],
    // To undici's parser a tab makes it another coding, and it would hand the chunks over as they are.
    [
      'chunks that are none',
      message('HTTP/1.1 200 OK', 'X-Evil: 1', 'Transfer-Encoding: chunked\t') + '0\r\n\r\n',
    ],
    ['a folded header', 'HTTP/1.1 200 OK\r\nX-Evil: 1\r\n 2\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nX-Evil : 1\r\n\r\n'],
    ['a NUL', message('HTTP/1.1 200 OK', 'X-Evil: \0')],
    ['a lone carriage return', message('HTTP/1.1 200 OK', 'X-Evil: 1\rX: 2')],
    ['too many bytes of headers', message('HTTP/1.1 200 OK', `X-Evil: ${'x'.repeat(70_000)}`)],
    ['an unasked-for 100', message('HTTP/1.1 100 Continue') + OK],
    ['an unasked-for 101', message('HTTP/1.1 101 X-Evil', 'Connection: upgrade', 'Upgrade: x')],
  ]
  for (const [name, answer] of cases) {
    const app = await rawUpstream(t, answering(answer))
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(GET)
    const got = await client.until('}\n')
    t.match(got, /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_PROTOCOL"/, name)
    t.notMatch(got, /evil/i, name)
    t.same(metrics.told, ['upstream error protocol', 'finish GET 502 warm'], name)
    t.equal(gate.inFlight, 0, name)
    t.equal(app.wires.length, 1, `${name}: not asked again`)
    client.received = ''
    client.send(message('GET / HTTP/1.1', 'Host: nobody'))
    await client.until(/ 404 [^]*\}\n$/)
  }
})

t.test('a body that breaks its framing cuts the client off: no end is made up', async (t) => {
  const cases: [name: string, answer: string][] = [
    ['a chunk size that is none', chunked('3\r\nabc\r\n', 'zz\r\n')],
    ['a chunk longer than it says', chunked('3\r\nabc', 'def\r\n0\r\n\r\n')],
    ['a negative chunk', chunked('3\r\nabc\r\n', '-1\r\n')],
    ['a chunk size beyond all numbers', chunked('3\r\nabc\r\n', 'fffffffffffffffff\r\n')],
    ['garbage for a trailer', chunked('3\r\nabc\r\n', '0\r\n\0\r\n\r\n')],
  ]
  for (const [name, answer] of cases) {
    const app = await rawUpstream(t, answering(answer))
    const { ask, gate } = await rig(t, app.upstream)
    const client = await ask(GET)
    const got = await client.untilClosed()
    t.notMatch(got, '\r\n0\r\n', name)
    t.match(got, /^(?:HTTP\/1.1 200 [^]*|)$/, name)
    t.equal(gate.inFlight, 0, name)
  }
})

t.test('bytes that nobody asked for never become the next answer', async (t) => {
  // Where the answer has no body by its method or status, but the upstream sends one.
  const cases: [name: string, method: string, answer: string][] = [
    ['HEAD with a length', 'HEAD', message('HTTP/1.1 200 OK', `Content-Length: ${EVIL.length}`)],
    [
      'HEAD with chunks',
      'HEAD',
      message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Connection: keep-alive'),
    ],
    ['304', 'GET', message('HTTP/1.1 304 Not Modified', `Content-Length: ${EVIL.length}`)],
    ['204', 'GET', message('HTTP/1.1 204 No Content', `Content-Length: ${EVIL.length}`)],
  ]
  for (const [name, method, answer] of cases) {
    for (const when of ['with the head', 'a moment later', 'when the next request is there'] as const) {
      const app = await rawUpstream(t)
      const { ask } = await rig(t, app.upstream)
      const client = await ask(GET.replace('GET', method))
      const wire = await app.connection()
      await wire.until(HEAD)
      wire.send(when === 'with the head' ? answer + EVIL : answer)
      await client.until(HEAD)
      t.notMatch(client.received, 'evil')
      if (when === 'a moment later') wire.send(EVIL)
      client.received = ''
      client.send(GET.replace('/ ', '/next '))
      await eventually(() => app.wires.some(({ received }) => received.includes('/next')))
      const next = app.wires.find(({ received }) => received.includes('/next')) ?? wire
      if (when === 'when the next request is there') wire.send(EVIL)
      next.send(OK)
      t.match(await client.until(/(?:ok|evil)$/), /^HTTP\/1.1 200 [^]*\r\n\r\nok$/, `${name}, ${when}`)
      t.not(next, wire, 'undici has not kept that connection')
    }
  }
})

t.test('a second answer in the same packet is thrown away with its connection', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(GET)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(OK + EVIL)
  await client.until('ok')
  client.received = ''
  client.send(GET)
  const next = await app.connection()
  await next.until(HEAD)
  next.send(OK)
  t.match(await client.until('ok'), /^HTTP\/1.1 200 [^]*\r\n\r\nok$/)
})

t.test('an upstream that closes its idle connection costs nobody an answer, not even a POST', async (t) => {
  const app = await rawUpstream(t)
  const { ask, metrics } = await rig(t, app.upstream)
  const client = await ask(GET)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(OK)
  await client.until('ok')
  wire.socket.end()
  await eventually(() => wire.ended)
  client.received = ''
  client.send(message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5') + 'hello')
  const next = await app.connection()
  await next.until(/\r\n\r\nhello$/)
  next.send(OK)
  t.match(await client.until('ok'), ' 200 ')
  t.same(metrics.told, ['finish GET 200 warm', 'finish POST 200 warm'])
})

t.test('an answer before the request is whole', async (t) => {
  const early = message('HTTP/1.1 413 Content Too Large', 'Content-Length: 2')
  for (const [name, answer, close] of [
    ['and the connection closes', `${early}no`, true],
    ['and it stays open', `${early}no`, false],
    ['in two parts, and the connection closes', early, true],
  ] as const) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9') + 'abc')
    const wire = await app.connection()
    await wire.until('abc')
    wire.send(answer)
    await client.until(HEAD)
    if (answer === early) wire.send('no')
    if (close) wire.socket.end()
    t.match(await client.until(/no$/), /^HTTP\/1.1 413 /, name)
    t.same(metrics.told, ['finish POST 413 warm'], name)
    t.equal(gate.inFlight, 0, name)
    // The rest of the body is in front of the next request, and is not taken for it.
    client.received = ''
    client.send(`GET /x${message('GET / HTTP/1.1', 'Host: nobody')}`)
    t.match(await client.until('}\n'), /^HTTP\/1.1 404 /, name)
  }
})

t.test('an answer to HTTP/1.0, whatever the upstream frames it by', async (t) => {
  const trailing = '2\r\nok\r\n0\r\nX-T: 1\r\n\r\n'
  const cases: [name: string, answer: string, seen: RegExp][] = [
    ['a length', OK, /^HTTP\/1.1 200 OK\r\nContent-Length: 2\r\n[^]*\r\n\r\nok$/],
    ['chunks', chunked('2\r\nok\r\n0\r\n\r\n'), /^HTTP\/1.1 200 OK\r\n(?![^]*chunked)[^]*\r\n\r\nok$/],
    [
      'chunks and trailers',
      message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-T') + trailing,
      /^HTTP\/1.1 200 OK\r\n(?![^]*(?:chunked|X-T))[^]*\r\n\r\nok$/,
    ],
    [
      'hints first',
      message('HTTP/1.1 103 Early Hints', 'Link: x') + OK,
      /^HTTP\/1.1 200 OK\r\n(?![^]*Link)[^]*ok$/,
    ],
    ['no body', message('HTTP/1.1 204 No Content'), /^HTTP\/1.1 204 No Content\r\n[^]*\r\n\r\n$/],
  ]
  for (const [name, answer, seen] of cases) {
    const app = await rawUpstream(t, answering(answer))
    const { ask } = await rig(t, app.upstream)
    const client = await ask(message('GET / HTTP/1.0', 'Host: a'))
    t.match(await client.untilClosed(), seen, name)
    t.match(app.wires[0]?.received, /^GET \/ HTTP\/1.1\r\n[^]*Via: 1.0 wakedock\r\n/)
  }
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream)
  const client = await ask(message('GET / HTTP/1.0', 'Host: a', 'Connection: keep-alive'))
  t.match(await client.until('ok'), 'Connection: keep-alive')
  client.received = ''
  client.send(message('POST / HTTP/1.0', 'Host: a', 'Content-Length: 0'))
  t.match(await client.untilClosed(), /^HTTP\/1.1 200 [^]*ok$/)
})

t.test('an answer with trailers to a request that leaves no room for them', async (t) => {
  const head = message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-T')
  for (const [name, method, answer] of [
    ['HEAD', 'HEAD', head],
    ['304', 'GET', message('HTTP/1.1 304 Not Modified', 'Trailer: X-T')],
    ['a length', 'GET', message('HTTP/1.1 200 OK', 'Content-Length: 0', 'Trailer: X-T')],
  ] as const) {
    const app = await rawUpstream(t, answering(answer))
    const { ask } = await rig(t, app.upstream)
    const client = await ask(GET.replace('GET', method))
    t.match(await client.until(HEAD), /^HTTP\/1.1 (?:200|304) /, name)
    t.notMatch(client.received, /trailer/i, name)
  }
})

t.test('trailers that Connection names, or that would change the head, stay on their hop', async (t) => {
  const head = message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Connection: X-Hop', 'TraileR: X-T')
  const app = await rawUpstream(
    t,
    answering(`${head}2\r\nok\r\n0\r\nX-T: 1\r\nX-Hop: 2\r\nSet-Cookie: 3\r\n\r\n`),
  )
  const { ask } = await rig(t, app.upstream)
  const client = await ask(GET)
  t.match(
    await client.until(/\r\n0\r\n[^]*\r\n\r\n$/),
    /TraileR: X-T\r\n[^]*\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n$/,
  )
})

t.test('events reach the client one by one, as the upstream writes them', async (t) => {
  for (const framing of ['length', 'chunks', 'close']) {
    const app = await rawUpstream(t)
    const { ask } = await rig(t, app.upstream)
    const client = await ask(GET)
    const wire: Wire = await app.connection()
    await wire.until(HEAD)
    const fields = { length: ['Content-Length: 9000'], chunks: ['Transfer-Encoding: chunked'], close: [] }[
      framing
    ]
    wire.send(message('HTTP/1.1 200 OK', 'Content-Type: text/event-stream', ...(fields ?? [])))
    await client.until(HEAD)
    for (let i = 0; i < 5; i++) {
      const event = `data: ${i}\n\n`
      wire.send(framing === 'chunks' ? `${event.length.toString(16)}\r\n${event}\r\n` : event)
      await client.until(event)
    }
    t.match(client.received, 'data: 4', framing)
  }
})
