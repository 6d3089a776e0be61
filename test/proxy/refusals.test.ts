/** What is refused before anybody behind us sees a byte: malformed and ambiguous heads, methods, and hosts nobody serves. */
import t from 'tap'
import { clock, rig } from './rig.ts'
import { HEAD, OK, answering, eventually, message, rawUpstream } from './wire.ts'

const H = 'Host: a'

t.test(
  'ambiguous requests are refused, their connections closed, and the upstream sees nothing',
  async (t) => {
    const app = await rawUpstream(t, answering(OK))
    const { ask, gate } = await rig(t, app.upstream)
    const cases: [name: string, head: string, status: number][] = [
      ['two Hosts', message('GET / HTTP/1.1', H, 'Host: b'), 400],
      ['the same Host twice', message('GET / HTTP/1.1', H, H), 400],
      ['no Host', message('GET / HTTP/1.1', 'X: y'), 400],
      ['a space in Host', message('GET / HTTP/1.1', 'Host: a b'), 400],
      ['a path in Host', message('GET / HTTP/1.1', 'Host: a/b@c'), 400],
      ['credentials in Host', message('GET / HTTP/1.1', 'Host: x@a'), 400],
      ['a list in Host', message('GET / HTTP/1.1', 'Host: a, b'), 400],
      ['another absolute authority', message('GET http://b/ HTTP/1.1', H), 400],
      ['credentials in the target', message('GET http://x@a/ HTTP/1.1', H), 400],
      ['a fragment', message('GET /x#y HTTP/1.1', H), 400],
      ['gzip, chunked', message('POST / HTTP/1.1', H, 'Transfer-Encoding: gzip, chunked') + '0\r\n\r\n', 501],
      [
        'two codings',
        message('POST / HTTP/1.1', H, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
        400,
      ],
      ['a coding not last', message('POST / HTTP/1.1', H, 'Transfer-Encoding: chunked, identity'), 400],
      ['a coding with a vertical tab', message('POST / HTTP/1.1', H, 'Transfer-Encoding: \x0bchunked'), 400],
      [
        'a coding in HTTP/1.0',
        message('POST / HTTP/1.0', H, 'Transfer-Encoding: chunked') + '0\r\n\r\n',
        400,
      ],
      [
        'length and coding',
        message('POST / HTTP/1.1', H, 'Content-Length: 3', 'Transfer-Encoding: chunked'),
        400,
      ],
      ['two lengths', message('POST / HTTP/1.1', H, 'Content-Length: 3', 'Content-Length: 4'), 400],
      ['the same length twice', message('POST / HTTP/1.1', H, 'Content-Length: 3', 'Content-Length: 3'), 400],
      ['a length list', message('POST / HTTP/1.1', H, 'Content-Length: 3, 3'), 400],
      ['a signed length', message('POST / HTTP/1.1', H, 'Content-Length: +3'), 400],
      ['a folded header', 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n', 400],
      ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n', 400],
      ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
      ['a NUL', message('GET / HTTP/1.1', H, 'X: \0'), 400],
      ['HTTP/2.0 in text', message('GET / HTTP/2.0', H), 400],
      ['CONNECT', message('CONNECT a:80 HTTP/1.1', 'Host: a:80'), 405],
      ['TRACE', message('TRACE / HTTP/1.1', H), 405],
      ['OPTIONS * without Host', message('OPTIONS * HTTP/1.1', 'X: y'), 400],
      ['an asterisk for GET', message('GET * HTTP/1.1', H), 400],
      ['an unknown expectation', message('GET / HTTP/1.1', H, 'Expect: miracles'), 417],
      ['too many bytes of headers', message('GET / HTTP/1.1', H, `X: ${'x'.repeat(70_000)}`), 431],
      ['not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ]
    for (const [name, head, status] of cases) {
      const client = await ask(head)
      const got = await client.until(/\}\n$/)
      t.match(
        got,
        new RegExp(`^HTTP/1.1 ${status} [^]*Cache-Control: no-store[^]*Proxy-Status: WakeDock; error=`),
        name,
      )
      if (status === 405 && !head.startsWith('CONNECT')) continue
      t.match(got, /Connection: close\r\n/i, name)
      await client.untilClosed()
    }
    t.equal(app.wires.length, 0)
    t.equal(gate.acquired, 0)
  },
)

t.test('above 2000 headers the framing header is still seen, and the request passed on whole', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const many = Array.from({ length: 2500 }, (_, i) => `X-${i}: y`)
  const client = await ask(message('POST / HTTP/1.1', H, ...many, 'Content-Length: 3') + 'abc')
  const wire = await app.connection()
  const seen = await wire.until(/\r\n\r\nabc$/)
  t.match(seen, /X-2499: y\r\n[^]*content-length: 3\r\n/i)
  wire.send(OK)
  await client.until('ok')
})

t.test('garbage behind a request does not answer that request', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(message('GET / HTTP/1.1', H) + '\0\0\0garbage' + HEAD)
  t.equal(await client.untilClosed(), '')
})

t.test('a body that breaks its framing is answered, and the upstream request dropped', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask(message('POST / HTTP/1.1', H, 'Transfer-Encoding: chunked') + '3\r\nabc\r\n')
  const wire = await app.connection()
  await wire.until('abc')
  client.send('zz\r\n')
  t.match(await client.untilClosed(), /^HTTP\/1.1 400 /)
  await eventually(() => wire.ended || wire.closed)
  t.notMatch(wire.received, /0\r\n\r\n$/)
  t.equal(gate.inFlight, 0)
})

t.test('a host nobody serves gets 404 and keeps its connection', async (t) => {
  const { ask, unrouted, lines } = await rig(t, null)
  const client = await ask(message('GET /secret?token=1 HTTP/1.1', 'Host: Nobody.Example.:80'))
  t.match(await client.until('}\n'), /^HTTP\/1.1 404 [^]*"WAKEDOCK_NO_ROUTE"/)
  t.match(client.received, 'Connection: keep-alive')
  t.same(unrouted.told, ['finish GET 404 warm'])
  t.match(lines, [{ service: null, host: 'nobody.example', path: '/secret', status: 404 }])
})

t.test(
  'an answer to a large unread body arrives before the connection closes, which it does without a reset',
  async (t) => {
    const { ask } = await rig(t, null, { clock: { ...clock, setTimer: () => ({ cancel: () => {} }) } })
    const client = await ask(
      message('POST / HTTP/1.1', 'Host: nobody', 'Content-Length: 500000') + 'x'.repeat(1000),
    )
    t.match(await client.until('}\n'), /^HTTP\/1.1 404 [^]*Connection: close/)
    client.send('x'.repeat(499_000))
    await client.untilClosed()
    t.ok(client.ended)
    t.notOk(client.failed)
  },
)

t.test('the rest of a refused body is read up to a bound in bytes and one in time', async (t) => {
  const timers: (() => void)[] = []
  const fake = {
    ...clock,
    setTimer(_delay: number, callback: () => void) {
      timers.push(callback)
      return { cancel: () => {} }
    },
  }
  const { ask } = await rig(t, null, { clock: fake })
  const head = message('POST / HTTP/1.1', 'Host: nobody', 'Content-Length: 9000000')
  const eager = await ask(head)
  await eager.until('}\n')
  eager.send('x'.repeat(3_000_000))
  await eager.untilClosed()
  for (const length of [9_000_000, 9]) {
    const slow = await ask(head.replace('9000000', String(length)))
    await slow.until('}\n')
    timers.at(-1)?.()
    await slow.untilClosed()
  }
  t.equal(timers.length, 3)
})

t.test('HEAD is refused without a body', async (t) => {
  const { ask } = await rig(t, null)
  const client = await ask(message('HEAD / HTTP/1.1', 'Host: nobody', 'Connection: close'))
  t.match(await client.untilClosed(), /^HTTP\/1.1 404 [^]*Content-Length: \d+\r\n[^]*\r\n\r\n$/)
})

t.test('absolute-form and HTTP/1.0 requests pass', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream)
  for (const [sent, seen] of [
    [message('GET http://A/x?y HTTP/1.1', 'Host: a'), /^GET \/x\?y HTTP\/1.1\r\nhost: A\r\n/],
    [message('GET http://a HTTP/1.1', 'Host: a'), /^GET \/ HTTP\/1.1\r\nhost: a\r\n/],
    [message('GET http://a?q HTTP/1.0'), /^GET \/\?q HTTP\/1.1\r\nhost: a\r\n[^]*Via: 1.0 wakedock/],
  ] as const) {
    const before = app.wires.map((wire) => wire.received.length)
    const client = await ask(sent)
    await client.until('ok')
    t.ok(
      app.wires.some((wire, i) => seen.test(wire.received.slice(before[i] ?? 0))),
      sent,
    )
  }
})
