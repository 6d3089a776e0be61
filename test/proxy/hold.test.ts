/** Requests that wait for their service: their bodies, their clients, their ends. */
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { WakeDockError, type ErrorCode } from '../../src/errors.ts'
import { rig } from './rig.ts'
import { HEAD, OK, type Wire, answering, eventually, message, rawUpstream } from './wire.ts'

const sha = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')

/** Answers a POST with the checksum of its body, once it is whole. */
const checksums = (wire: Wire): void => {
  wire.socket.on('data', () => {
    const end = wire.received.indexOf(HEAD)
    const length = Number(/content-length: (\d+)/i.exec(wire.received)?.[1])
    const body = wire.received.slice(end + HEAD.length)
    if (end === -1 || body.length < length) return
    wire.received = body.slice(length)
    wire.send(message('HTTP/1.1 200 OK', 'Content-Length: 64') + sha(body.slice(0, length)))
  })
}

t.test('200 held POSTs arrive intact, whether there is memory for them or not', async (t) => {
  for (const heldBodyMemory of [64 * 1024 * 1024, 1024 * 1024, 0]) {
    const app = await rawUpstream(t, checksums)
    const { ask, gate } = await rig(t, null, { heldBodyMemory })
    const posts = Array.from({ length: 200 }, () => randomBytes(64 * 1024).toString('latin1'))
    const clients = await Promise.all(
      posts.map((body) => ask(message('POST / HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`))),
    )
    await gate.untilHeld(200)
    // What comes with a head has been read with it, and is the next test's.
    for (const [i, client] of clients.entries()) client.send(posts[i] ?? '')
    t.equal(app.wires.length, 0)
    gate.wake(app.upstream)
    const answers = await Promise.all(clients.map((client) => client.until(/\r\n\r\n[\da-f]{64}$/)))
    t.same(
      answers.map((answer) => answer.slice(-64)),
      posts.map((body) => sha(body)),
      `with ${heldBodyMemory} bytes of memory`,
    )
    await eventually(() => gate.inFlight === 0)
    t.equal(gate.released, 200)
  }
})

t.test(
  'a body that has come with its head and finds no memory is refused at once, the others are not',
  async (t) => {
    const app = await rawUpstream(t, checksums)
    const { ask, gate, metrics } = await rig(t, null, { heldBodyMemory: 9001 })
    const post = message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3000') + 'x'.repeat(3000)
    const held: Wire[] = []
    for (let i = 0; i < 5; i++) {
      const client = await ask(post)
      held.push(client)
      await gate.untilHeld(i + 1)
      await eventually(() => client.received !== '' || client.socket.writableLength === 0)
    }
    const [refused, ...more] = await settled(held)
    if (refused === undefined) throw new Error('none was refused')
    t.match(
      await refused.until('}\n'),
      /^HTTP\/1.1 503 [^]*Retry-After: 1\r\n[^]*Connection: keep-alive[^]*"WAKEDOCK_HOLD_QUEUE_FULL"/,
    )
    t.ok(more.length <= 1)
    t.equal(gate.aborted, 1 + more.length, 'nobody waits for it any more')
    t.same(new Set(gate.outcomes), new Set(['rejected']), 'it was not the client who left')
    t.same(new Set(metrics.told), new Set(['finish POST 503 cold']))
    gate.wake(app.upstream)
    const admitted = held.filter((client) => client !== refused && !more.includes(client))
    for (const client of admitted) t.match(await client.until(/[\da-f]{64}$/), sha('x'.repeat(3000)))
    refused.received = ''
    refused.send(post)
    await refused.until(/[\da-f]{64}$/)
  },
)

/** Those that have been answered, once nothing moves any more. */
async function settled(clients: Wire[]): Promise<Wire[]> {
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
  return clients.filter((client) => client.received !== '')
}

t.test('a held body larger than its share arrives intact', async (t) => {
  const app = await rawUpstream(t, checksums)
  const { ask, gate } = await rig(t, null)
  const body = randomBytes(5 * 1024 * 1024).toString('latin1')
  const client = await ask(message('PUT / HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`) + body)
  await gate.untilHeld()
  gate.wake(app.upstream)
  t.equal((await client.until(/\r\n\r\n[\da-f]{64}$/)).slice(-64), sha(body))
})

t.test('a held chunked body keeps its bytes, whole or not', async (t) => {
  for (const rest of [false, true]) {
    const app = await rawUpstream(t)
    const { ask, gate } = await rig(t, null)
    const client = await ask(
      message('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + '3\r\nabc\r\n',
    )
    await gate.untilHeld()
    if (!rest) client.send('3\r\ndef\r\n0\r\n\r\n')
    gate.wake(app.upstream)
    const wire = await app.connection()
    await wire.until(rest ? 'abc' : /def/)
    if (rest) client.send('3\r\ndef\r\n0\r\n\r\n')
    const seen = await wire.until(/def(?:\r\n0\r\n\r\n)?$/)
    t.match(seen.replaceAll(/\r\n\d\r\n/g, ''), /abcdef/)
    wire.send(OK)
    await client.until('ok')
  }
})

t.test('a client that leaves while held is noticed at once, with its body unread or not', async (t) => {
  const requests = [
    message('GET / HTTP/1.1', 'Host: a'),
    message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000000') + 'x'.repeat(1000),
    message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000000') + 'x'.repeat(1_000_000),
    message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 20000000') + 'x'.repeat(19_000_000),
    message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 20000000') + 'x'.repeat(20_000_000),
    message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 9', 'Expect: 100-continue'),
  ]
  for (const request of requests) {
    const app = await rawUpstream(t, answering(OK))
    const { ask, gate, metrics } = await rig(t, null)
    const client = await ask(request)
    await gate.untilHeld()
    client.socket.destroy()
    await eventually(() => gate.aborted === 1)
    t.match(metrics.told, [/finish \w+ 499 cold/])
    gate.wake(app.upstream)
    await new Promise((resolve) => setImmediate(resolve))
    t.equal(app.wires.length, 0, 'nothing is sent for it')
    t.equal(gate.inFlight, 0)
  }
})

t.test('the memory of a held body is free again as soon as nobody needs it', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, null, { heldBodyMemory: 4000 })
  const post = message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3000') + 'x'.repeat(3000)
  const leaving = await ask(post)
  await gate.untilHeld()
  leaving.socket.destroy()
  await eventually(() => gate.aborted === 1)
  gate.held = []

  const answered = await ask(post)
  await gate.untilHeld()
  gate.wake(app.upstream)
  const wire = await app.connection()
  await wire.until(/x{3000}$/)
  wire.send(message('HTTP/1.1 200 OK', 'Content-Length: 9') + 'begun')
  await answered.until('begun')
  gate.upstream = null

  const last = await ask(post)
  await gate.untilHeld()
  gate.wake(app.upstream)
  await (await app.connection()).until(/x{3000}$/)
  t.equal(last.received, '', 'neither of the others was in its way')
})

t.test('a client that leaves in the moment of its admission leaves no lease behind', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, null)
  for (const head of [GET, UPGRADE]) {
    const client = await ask(head)
    await gate.untilHeld()
    gate.held = []
    gate.upstream = app.upstream
    gate.admitsAtAbort = true
    gate.aborted = 0
    client.socket.destroy()
    await eventually(() => gate.aborted === 1 && gate.inFlight === 0)
    gate.upstream = null
  }
  t.equal(gate.acquired, 2)
  t.equal(app.wires.length, 0)
})

const GET = message('GET / HTTP/1.1', 'Host: a')
const UPGRADE = message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket')

t.test('a hold that ends otherwise is answered as the table says', async (t) => {
  const cases: [code: ErrorCode, retryAfter: number | undefined, status: number][] = [
    ['WAKEDOCK_WAKE_TIMEOUT', undefined, 504],
    ['WAKEDOCK_WAKE_FAILED', undefined, 502],
    ['WAKEDOCK_WAKE_FAILED', 7, 503],
    ['WAKEDOCK_HOLD_QUEUE_FULL', 1, 503],
    ['WAKEDOCK_SHUTTING_DOWN', 5, 503],
    ['WAKEDOCK_SERVICE_REMOVED', undefined, 503],
  ]
  for (const [code, retryAfter, status] of cases) {
    const { ask, gate, metrics } = await rig(t, null)
    const client = await ask(message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 3') + 'abc')
    await gate.untilHeld()
    gate.held[0]?.reject(new WakeDockError(code, retryAfter === undefined ? {} : { retryAfter, status }))
    const got = await client.until('}\n')
    t.match(
      got,
      new RegExp(`^HTTP/1.1 ${status} [^]*no-store[^]*Proxy-Status: WakeDock; error=[^]*"code":"${code}"`),
    )
    t.equal(/Retry-After: (\d+)/.exec(got)?.[1], retryAfter?.toString())
    t.same(metrics.told, [`finish POST ${status} cold`])
    client.received = ''
    client.send(message('GET / HTTP/1.1', 'Host: nobody'))
    t.match(await client.until('}\n'), / 404 /, 'the connection lives on')
  }
})
