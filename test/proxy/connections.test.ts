/** A client's connection where Node has read further than the answers have come, on raw sockets. Most of it was found by test/fuzz. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import t from 'tap'
import { resetConnection } from '../../src/proxy/reset.ts'
import { rig } from './rig.ts'
import { answering, connectTo, eventually, HEAD, message, OK, portOf, rawUpstream, Wire } from './wire.ts'

const get = (path: string, ...fields: string[]): string =>
  message(`GET ${path} HTTP/1.1`, 'Host: a', ...fields)

t.test('half an answer to HTTP/1.0 never ends cleanly', async (t) => {
  const ways = [
    ['the client ends its direction', (wire: { socket: { end(): unknown } }) => wire.socket.end()],
    ['the client sends garbage', (wire: { send(text: string): void }) => wire.send('\u0001\u0001')],
  ] as const
  for (const [name, act] of ways)
    t.test(name, async (t) => {
      const upstream = await rawUpstream(t, answering(`${message('HTTP/1.1 200 OK')}half`))
      const { ask } = await rig(t, upstream.upstream)
      const client = await ask('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
      await client.until('half')
      act(client)
      await client.untilClosed()
      t.ok(client.failed, 'a reset')
    })
})

t.test('a connection that is reset is closed, whatever is under way on it', async (t) => {
  for (const ended of [false, true]) {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
    const server = createServer({ allowHalfOpen: true }, resolve)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => server.close())
    const client = new Wire(connectTo(`127.0.0.1:${portOf(server)}`))
    const socket = await accepted
    if (ended) socket.end('answer')
    resetConnection(socket)
    await once(socket, 'close')
    await client.untilClosed()
    t.equal(client.failed, !ended)
    t.equal(client.received, ended ? 'answer' : '')
  }
})

t.test('an interim answer to a request behind an unanswered one does not get into the answers', async (t) => {
  const upstream = await rawUpstream(t)
  const { ask } = await rig(t, upstream.upstream)
  const client = await ask(get('/1') + get('/2'))
  const wires = [await upstream.connection(), await upstream.connection()]
  await Promise.all(wires.map((wire) => wire.until(HEAD)))
  const [first, second] = wires[0]?.received.startsWith('GET /1') ? wires : wires.toReversed()
  second?.send(
    message('HTTP/1.1 103 Early Hints', 'Link: </x>') +
      message('HTTP/1.1 200 OK', 'X: 2', 'Content-Length: 3'),
  )
  second?.send('two')
  await eventually(() => second?.socket.writableLength === 0)
  first?.send(`${message('HTTP/1.1 200 OK', 'X: 1', 'Content-Length: 3')}one`)
  const received = await client.until('two')
  t.match(
    received,
    /^HTTP\/1\.1 200 OK\r\nX: 1\r\n[^]*?\r\n\r\noneHTTP\/1\.1 200 OK\r\nX: 2\r\n[^]*?\r\n\r\ntwo$/,
  )
  t.notMatch(received, '103')
})

t.test('bytes of a field stay bytes where a head goes out alone', async (t) => {
  t.test('of an answer', async (t) => {
    const upstream = await rawUpstream(
      t,
      answering(message('HTTP/1.1 200 OK', 'X-Latin: \u00e9\u00ff', 'Content-Length: 2')),
    )
    const { ask } = await rig(t, upstream.upstream)
    const client = await ask(get('/'))
    t.match(await client.until(HEAD), 'X-Latin: \u00e9\u00ff\r\n')
  })

  t.test('of a request that waits for 100', async (t) => {
    const upstream = await rawUpstream(t)
    const { ask } = await rig(t, upstream.upstream)
    await ask(
      message(
        'PUT / HTTP/1.1',
        'Host: a',
        'X-Latin: \u00e9\u00ff',
        'Expect: 100-continue',
        'Content-Length: 2',
      ),
    )
    t.match(await (await upstream.connection()).until(HEAD), 'X-Latin: \u00e9\u00ff\r\n')
  })
})

t.test('a HEAD whose body is no HTTP is refused without a body', async (t) => {
  const upstream = await rawUpstream(t)
  const { ask } = await rig(t, upstream.upstream)
  const client = await ask(`${message('HEAD / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked')}x`)
  t.match(await client.untilClosed(), /^HTTP\/1\.1 400 [^]*\r\n\r\n$/)
})

t.test(
  'a connection whose Upgrade was ignored ends with the answer, as Node loses what is behind it',
  async (t) => {
    const fields = ['Connection: Upgrade', 'Upgrade: h2c']
    const cases = {
      'a request without a body': get('/1', ...fields),
      'a request with one': `${message('PUT /1 HTTP/1.1', 'Host: a', 'Content-Length: 4', ...fields)}body`,
    }
    for (const [name, first] of Object.entries(cases))
      t.test(name, async (t) => {
        const upstream = await rawUpstream(t, answering(OK))
        const { ask } = await rig(t, upstream.upstream)
        const client = await ask(first + get('/2'))
        t.match(await client.untilClosed(), /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n\r\nok$/)
        t.notMatch(upstream.wires.map(({ received }) => received).join(''), '/2')
      })
  },
)

t.test('an unknown expectation is answered once, whatever stands behind it', async (t) => {
  const upstream = await rawUpstream(t)
  const { ask } = await rig(t, upstream.upstream)
  for (const behind of ['\u0001', get('/2')]) {
    const client = await ask(get('/1', 'Expect: x') + behind)
    t.same((await client.untilClosed()).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 417'])
  }
  t.same(upstream.wires, [])
})

t.test('a CONNECT behind an unanswered request ends the connection, and every request on it', async (t) => {
  const upstream = await rawUpstream(t)
  const { ask, gate, metrics } = await rig(t, upstream.upstream)
  const client = await ask(get('/1') + get('/2') + message('CONNECT a:80 HTTP/1.1', 'Host: a'))
  t.equal(await client.untilClosed(), '')
  await eventually(() => gate.inFlight === 0)
  t.same(metrics.told, ['finish GET 499 warm', 'finish GET 499 warm'])
})

t.test('an upgrade that expects 100 is an upgrade', async (t) => {
  const upstream = await rawUpstream(
    t,
    answering(message('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: x')),
  )
  const { ask } = await rig(t, upstream.upstream)
  const client = await ask(get('/', 'Connection: Upgrade', 'Upgrade: x', 'Expect: 100-continue'))
  t.match(await client.until(HEAD), /^HTTP\/1\.1 101 /)
})
