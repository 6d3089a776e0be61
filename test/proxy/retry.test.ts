/** When a request is sent a second time, and when it must not be: counted at the upstream, not believed. */
import t from 'tap'
import { MAX_RETRIES } from '../../src/proxy/exchange.ts'
import { rig } from './rig.ts'
import { HEAD, OK, type Wire, closedPort, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

const GET = message('GET / HTTP/1.1', 'Host: a')
const POST = message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5') + 'hello'
const PUT = POST.replace('POST', 'PUT')

t.test('a refused connection asks the provider, and goes where the target runs now', async (t) => {
  for (const request of [GET, POST, PUT, GET.replace('GET', 'HEAD'), message('POST / HTTP/1.1', 'Host: a')]) {
    const app = await rawUpstream(t, (wire) => {
      wire.socket.on('data', () => {
        if (/hello$|content-length: 0\r\n\r\n$|^(?:GET|HEAD)[^]*\r\n\r\n$/.test(wire.received)) wire.send(OK)
      })
    })
    const { ask, gate, metrics } = await rig(t, upstreamAt(await closedPort()))
    gate.onVerify = () => {
      gate.upstream = app.upstream
    }
    const client = await ask(request)
    t.match(await client.until(HEAD), /^HTTP\/1.1 200/)
    await eventually(() => gate.inFlight === 0)
    t.equal(gate.acquired, 2)
    t.match(metrics.told, ['retry refused', /^finish \w+ 200 warm/])
  }
})

t.test('a target that has stopped makes the request wait, and the client sees one slow answer', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate, metrics } = await rig(t, upstreamAt(await closedPort()))
  gate.onVerify = () => {
    gate.upstream = null
  }
  const client = await ask(POST)
  await gate.untilHeld()
  t.equal(gate.inFlight, 0, 'the old lease is not kept while it waits')
  t.equal(gate.fewest, 1, 'nor given back before it waits: the service is in use all along')
  gate.wake(app.upstream)
  const wire = await app.connection()
  await wire.until(/\r\n\r\nhello$/)
  wire.send(OK)
  t.match(await client.until('ok'), /200 OK[^]*Server-Timing: wake;dur=/)
  t.same(metrics.told, ['retry refused', 'finish POST 200 cold'])
})

t.test('the attempts are bounded', async (t) => {
  const { ask, gate, metrics } = await rig(t, upstreamAt(await closedPort()))
  const client = await ask(GET)
  t.match(await client.until('}'), /^HTTP\/1.1 502 [^]*"WAKEDOCK_UPSTREAM_UNREACHABLE"/)
  t.notMatch(client.received, /127\.0\.0\.1|ECONN/)
  t.equal(gate.verified, MAX_RETRIES)
  t.equal(gate.acquired, 1, 'one lease for all of them: the service is in use once')
  t.equal(gate.inFlight, 0)
  t.same(metrics.told, ['retry refused', 'retry refused', 'upstream error refused', 'finish GET 502 warm'])
})

t.test('a connection that dies unanswered', async (t) => {
  const cases: { name: string; request: string; held?: boolean; partial?: string; again: boolean }[] = [
    { name: 'GET', request: GET, again: true },
    { name: 'HEAD', request: GET.replace('GET', 'HEAD'), again: true },
    { name: 'DELETE without a body', request: GET.replace('GET', 'DELETE'), again: true },
    { name: 'PUT whose whole body was held', request: PUT, held: true, again: true },
    { name: 'PUT whose body was passed on', request: PUT, again: false },
    { name: 'POST', request: POST, again: false },
    { name: 'POST whose whole body was held', request: POST, held: true, again: false },
    { name: 'POST without a body', request: message('POST / HTTP/1.1', 'Host: a'), again: false },
    { name: 'PATCH without a body', request: message('PATCH / HTTP/1.1', 'Host: a'), again: false },
    { name: 'GET with half an answer', request: GET, partial: 'HTTP/1.1 20', again: false },
    {
      name: 'GET with an early hint',
      request: GET,
      partial: message('HTTP/1.1 102 Processing'),
      again: false,
    },
  ]
  for (const { name, request, held = false, partial = '', again } of cases) {
    const seen: Wire[] = []
    const app = await rawUpstream(t, (wire) => {
      wire.socket.on('data', () => {
        if (!new RegExp(`${HEAD}${request.endsWith('hello') ? 'hello' : ''}$`).test(wire.received)) return
        seen.push(wire)
        if (seen.length > 1) wire.send(OK)
        else wire.socket.end(partial)
      })
    })
    const { ask, gate } = await rig(t, held ? null : app.upstream)
    const client = await ask(request)
    if (held) {
      await gate.untilHeld()
      // One more turn of the loop than the body's arrival needs, which is in the same packet.
      await new Promise((resolve) => setImmediate(resolve))
      gate.wake(app.upstream)
    }
    await client.until((text) => / (?:200|502) [^]*\r\n\r\n/.test(text))
    t.equal(seen.length, again ? 2 : 1, `${name}: requests seen`)
    t.match(client.received, again ? ' 200 ' : ' 502 ', name)
    t.equal(gate.verified, 1, `${name}: questions, for whoever comes next`)
    await eventually(() => gate.inFlight === 0)
  }
})

t.test('a body that has begun to be passed on is never sent again, whatever the method', async (t) => {
  const head = (method: string, framing: string): string =>
    message(`${method} / HTTP/1.1`, 'Host: a', framing)
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'POST']) {
    for (const [name, request, held] of [
      ['streamed', head(method, 'Content-Length: 9') + 'abc', false],
      ['chunked', `${head(method, 'Transfer-Encoding: chunked')}3\r\nabc\r\n`, false],
      ['held, and not whole', head(method, 'Content-Length: 9') + 'abc', true],
      [
        'held, whole, and larger than what is kept to be sent twice',
        head(method, 'Content-Length: 2000000'),
        true,
      ],
    ] as const) {
      const app = await rawUpstream(t)
      const { ask, gate, metrics } = await rig(t, held ? null : app.upstream)
      const client = await ask(request)
      if (held) {
        await gate.untilHeld()
        if (name.includes('whole, and')) client.send('x'.repeat(2_000_000))
        await eventually(() => client.socket.writableLength === 0)
        gate.wake(app.upstream)
      }
      const wire = await app.connection()
      await wire.until(/abc|xxx/)
      wire.socket.destroy()
      t.match(await client.until(/\}\n/), /^HTTP\/1.1 502 /, `${method} ${name}`)
      t.equal(app.wires.length, 1, `${method} ${name}: seen once`)
      t.match(metrics.told.join(', '), /^upstream error reset, finish \w+ 502/)
      t.equal(gate.inFlight, 0)
    }
  }
})

t.test('an answer whose head is passed on is not asked for again', async (t) => {
  for (const rest of ['', 'abc']) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(GET)
    const wire = await app.connection()
    await wire.until(HEAD)
    wire.send(message('HTTP/1.1 200 OK', 'Content-Length: 9') + rest)
    await client.until(`${HEAD}${rest}`)
    wire.socket.destroy()
    t.match(await client.untilClosed(), new RegExp(`^HTTP/1.1 200 [^]*\r\n\r\n${rest}$`))
    t.equal(app.wires.length, 1)
    t.same(metrics.told, ['upstream error protocol', 'finish GET 200 warm'])
    t.equal(gate.inFlight, 0)
  }
})

t.test('a request that its client has left is not sent again', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate, metrics } = await rig(t, app.upstream)
  const client = await ask(GET)
  const wire = await app.connection()
  await wire.until(HEAD)
  client.socket.destroy()
  await eventually(() => wire.ended || wire.closed)
  t.same(metrics.told, ['finish GET 499 warm'])
  t.equal(gate.verified, 0)
  t.equal(app.wires.length, 1)
  // Nor is its connection used for anybody else.
  const other = await ask(GET)
  const next = await app.connection()
  await next.until(HEAD)
  next.send(OK)
  await other.until('ok')
})

t.test('a client that leaves while the provider is asked ends it all', async (t) => {
  const { ask, gate, metrics } = await rig(t, upstreamAt(await closedPort()))
  const asked = Promise.withResolvers<void>()
  gate.onVerify = () => asked.promise
  const client = await ask(GET)
  await eventually(() => gate.verified === 1)
  client.socket.destroy()
  await eventually(() => metrics.told.includes('finish GET 499 warm'))
  t.equal(gate.inFlight, 0)
  asked.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(gate.acquired, 1, 'no second attempt')
})

t.test('a retired pool takes no more requests, and the exchange moves on', async (t) => {
  const old = await rawUpstream(t)
  const app = await rawUpstream(t, (wire) => wire.socket.once('data', () => wire.send(OK)))
  const { ask, gate, pools } = await rig(t, old.upstream)
  pools.retire(old.upstream)
  gate.onVerify = () => {
    gate.upstream = app.upstream
  }
  const client = await ask(POST)
  t.match(await client.until('ok'), ' 200 ')
  t.equal(old.wires.length, 0)
})
