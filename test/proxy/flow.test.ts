/** Bodies in motion: back-pressure both ways, ends that come too early, clients that leave. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, OK, type Wire, eventually, message, rawUpstream } from './wire.ts'
t.test('an upstream that dies in mid-body destroys the connection of the client', async (t) => {
  const partial = [
    message('HTTP/1.1 200 OK', 'Content-Length: 9') + 'abc',
    message('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n',
  ]
  for (const answer of partial) {
    for (const version of ['1.1', '1.0']) {
      const app = await rawUpstream(t)
      const { ask, gate, metrics } = await rig(t, app.upstream)
      const client = await ask(message(`GET / HTTP/${version}`, 'Host: a'))
      const wire = await app.connection()
      await wire.until(HEAD)
      wire.send(answer)
      await client.until('abc')
      wire.socket.destroy()
      const got = await client.untilClosed()
      t.notMatch(got, '\r\n0\r\n')
      // A clean end is how a body without a length ends for HTTP/1.0.
      if (version === '1.0') t.ok(client.failed, 'a reset')
      t.equal(gate.inFlight, 0)
      t.same(metrics.told.at(-1), 'finish GET 200 warm')
      t.equal(gate.verified, 1, 'so that the next request does not meet it')
    }
  }
})

t.test('a reset is not the end of an answer that goes on to the close', async (t) => {
  for (const version of ['1.1', '1.0']) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(message(`GET / HTTP/${version}`, 'Host: a'))
    const wire = await app.connection()
    await wire.until(HEAD)
    wire.send(`${message('HTTP/1.1 200 OK')}abc`)
    await client.until('abc')
    wire.socket.resetAndDestroy()
    t.notMatch(await client.untilClosed(), '\r\n0\r\n')
    if (version === '1.0') t.ok(client.failed, 'a reset')
    await eventually(() => gate.inFlight === 0)
    t.ok(metrics.told.includes('upstream error protocol'))
  }
})

t.test('a client that leaves takes its upstream request with it', async (t) => {
  const phases = [
    { sent: message('GET / HTTP/1.1', 'Host: a'), answer: '', status: 499 },
    { sent: message('GET / HTTP/1.1', 'Host: a'), answer: message('HTTP/1.1 200 OK') + 'x', status: 200 },
    { sent: message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9') + 'abc', answer: '', status: 499 },
    {
      sent: message('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n',
      answer: '',
      status: 499,
    },
  ]
  for (const { sent, answer, status } of phases) {
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, app.upstream)
    const client = await ask(sent)
    const wire = await app.connection()
    await wire.until(sent.includes('abc') ? 'abc' : HEAD)
    if (answer !== '') {
      wire.send(answer)
      await client.until('\r\nx')
    }
    client.socket.destroy()
    await eventually(() => wire.ended || wire.closed)
    t.notMatch(wire.received, /\r\n0\r\n\r\n$/, 'no end of a body that had none')
    t.equal(gate.inFlight, 0)
    t.same(metrics.told, [`finish ${sent.split(' ', 1)[0]} ${status} warm`])
  }
})

t.test('a slow client holds the upstream back', async (t) => {
  const app = await rawUpstream(t)
  const { client, gate } = await rig(t, app.upstream)
  const slow = await client()
  slow.socket.pause()
  slow.send(message('GET / HTTP/1.1', 'Host: a'))
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(message('HTTP/1.1 200 OK', `Content-Length: ${BODY}`))
  t.ok((await fill(wire)) < BODY / 2, 'most of it stays with the upstream')
  await count(slow, (got) => got >= BODY)
  t.equal(gate.inFlight, 0)
})

t.test('a slow upstream holds the client back', async (t) => {
  const app = await rawUpstream(t, (wire) => wire.socket.pause())
  const { ask } = await rig(t, app.upstream)
  const upload = await ask(message('POST / HTTP/1.1', 'Host: a', `Content-Length: ${BODY}`))
  t.ok((await fill(upload)) < BODY / 2, 'most of it stays with the client')
  await count(await app.connection(), (got) => got >= BODY)
})

t.test('each end of an upgraded connection holds the other back, watched for silence or not', async (t) => {
  for (const streamIdleTimeout of [0, 60_000]) {
    const app = await rawUpstream(t)
    const { ask, gate } = await rig(t, app.upstream)
    gate.service = { ...gate.service, streamIdleTimeout }
    const client = await ask(
      message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket'),
    )
    const wire = await app.connection()
    await wire.until(HEAD)
    wire.send(message('HTTP/1.1 101 OK', 'Connection: upgrade', 'Upgrade: websocket'))
    await client.until(HEAD)
    for (const [from, to] of [
      [wire, client],
      [client, wire],
    ] as const) {
      to.socket.pause()
      t.ok((await fill(from)) < BODY / 2, 'most of it stays where it comes from')
      await count(to, (got) => got >= BODY)
    }
  }
})

const BODY = 64 * 1024 * 1024

/** Writes as much of BODY as is taken; resolves, with how much that was, when the pipe is full and stays full. */
async function fill(wire: Wire): Promise<number> {
  const block = Buffer.alloc(1024 * 1024)
  let written = 0
  const write = (): void => {
    while (written < BODY) {
      written += block.length
      if (!wire.socket.write(block)) return
    }
  }
  wire.socket.on('drain', write)
  write()
  for (let before = -1; before !== written;) {
    before = written
    // The kernel's buffers move without an event of ours. Too few turns would make the test lenient, never flaky.
    for (let turn = 0; turn < 2000; turn++) await nextTurn()
  }
  return written
}

async function count(wire: Wire, enough: (bytes: number) => boolean): Promise<void> {
  let got = 0
  wire.socket.removeAllListeners('data')
  wire.socket.on('data', (chunk) => (got += chunk.length)).resume()
  await eventually(() => enough(got))
}

t.test('an answer before the body was read is passed on, and the connection lives on', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask(message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 500003') + 'abc')
  const wire = await app.connection()
  await wire.until('abc')
  wire.send(message('HTTP/1.1 413 Content Too Large', 'Content-Length: 2') + 'no')
  await client.until(/413 [^]*no$/)
  t.equal(gate.inFlight, 0)
  client.received = ''
  client.send('x'.repeat(500_000) + message('GET /next HTTP/1.1', 'Host: a'))
  const next = await app.connection()
  t.match(await next.until(HEAD), /^GET \/next/)
  next.send(OK)
  await client.until('ok')
})
