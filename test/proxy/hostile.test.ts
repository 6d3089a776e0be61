/** Clients that want to harm: what each thing they can pile up is bounded by, and that the next good request works. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { WakeDockError } from '../../src/errors.ts'
import { nextServer } from './next-server.ts'
import { rig } from './rig.ts'
import { HEAD, OK, answering, eventually, message, rawUpstream } from './wire.ts'

const GET = message('GET / HTTP/1.1', 'Host: a')
const CUT = /^HTTP\/1.1 (\d+) [^]*\r\nConnection: close\r\n/

t.test('a head is bounded by its size, in whatever it is spent, and by nothing else', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, unrouted } = await rig(t, app.upstream)
  const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `X-${i}: y`)
  const cases: [name: string, request: string, status: number][] = [
    ['one long header', message('GET / HTTP/1.1', 'Host: a', `X: ${'y'.repeat(60_000)}`), 200],
    ['one too long', message('GET / HTTP/1.1', 'Host: a', `X: ${'y'.repeat(66_000)}`), 431],
    // Of 7 bytes each: colons and line ends do not count.
    ['9000 headers', message('GET / HTTP/1.1', 'Host: a', ...many(9000)), 200],
    ['12000 headers', message('GET / HTTP/1.1', 'Host: a', ...many(12_000)), 431],
    ['a long target', message(`GET /${'p'.repeat(60_000)} HTTP/1.1`, 'Host: a'), 200],
    ['a target too long', message(`GET /${'p'.repeat(66_000)} HTTP/1.1`, 'Host: a'), 431],
    ['a long name', message('GET / HTTP/1.1', 'Host: a', `${'n'.repeat(66_000)}: y`), 431],
    ['a head without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(66_000)}`, 431],
    ['a target without end', `GET /${'p'.repeat(66_000)}`, 431],
  ]
  for (const [name, request, status] of cases) {
    const client = await ask(request)
    if (status === 200) t.match(await client.until('ok'), / 200 /, name)
    else t.equal(CUT.exec(await client.untilClosed())?.[1], '431', name)
  }
  t.equal(
    app.wires
      .map(({ received }) => received)
      .join('')
      .split(HEAD).length - 1,
    3,
  )
  t.equal(unrouted.told.filter((line) => line.includes(' 431 ')).length, 6, 'counted')
})

t.test('a head that does not come to its end in time is answered 408 and closed', async (t) => {
  const app = await rawUpstream(t)
  const { ask, client } = await rig(t, app.upstream)
  const server = nextServer(t)
  const held = await ask(message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5') + 'h')
  const wire = await app.connection()
  await wire.until(/h$/)
  // The bound itself is 150 s (server.test.ts); Node looks every 5 s.
  Object.assign(await server, { headersTimeout: 1 })
  const slow = [await ask('G'), await ask('GET / HTTP/1.1\r\nHost: a\r\nX-Slow:'), await client()]
  for (const each of slow) t.equal(CUT.exec(await each.untilClosed())?.[1], '408')
  held.send('ello')
  await wire.until('hello')
  wire.send(OK)
  t.match(await held.until('ok'), '200', 'a slow body is no slow head')
})

t.test('a pipelined request waits behind a held one, and all are answered in order', async (t) => {
  const app = await rawUpstream(t, (wire) => {
    wire.socket.on('data', () => {
      const path = /^GET (\S+)/.exec(wire.received)?.[1] ?? ''
      wire.send(message('HTTP/1.1 200 OK', 'Connection: close', `Content-Length: ${path.length}`) + path)
    })
  })
  const { ask, gate } = await rig(t, null)
  const get = (path: string): string => message(`GET ${path} HTTP/1.1`, 'Host: a')
  const client = await ask(get('/first') + get('/second') + message('GET / HTTP/1.1', 'Host: nobody'))
  await gate.untilHeld(2)
  t.equal(client.received, '', 'nor is the one that needs no service answered before them')
  gate.wake(app.upstream)
  const got = await client.until('}\n')
  t.match(got, /^HTTP\/1.1 200 [^]*\/firstHTTP\/1.1 200 [^]*\/secondHTTP\/1.1 404 /)
})

t.test('a connection with more unanswered requests than any client has is cut', async (t) => {
  for (const held of [true, false]) {
    const app = await rawUpstream(t)
    const { ask, gate, bugs } = await rig(t, held ? null : app.upstream)
    const client = await ask(GET.repeat(100))
    await (held ? gate.untilHeld(100) : eventually(() => gate.inFlight === 100))
    t.notOk(client.closed, 'a hundred are served')
    client.send(GET.repeat(10_000))
    await client.untilClosed()
    t.equal(client.received, '')
    await eventually(() => (held ? gate.aborted === 100 : gate.inFlight === 0))
    t.equal(held ? gate.held.length : gate.acquired, 100, 'none of the others was let in')
    t.same(bugs, [])
  }
})

t.test('answered ones do not count', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask('')
  for (let round = 1; round <= 5; round++) {
    client.send(GET.repeat(50))
    await client.until((got) => got.split('\r\n\r\nok').length - 1 === round * 50)
  }
  await eventually(() => gate.released === 250)
})

t.test('beyond the bound of holds the answer is 503 at once, however many connections ask', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate } = await rig(t, null)
  const hold = gate.hold.bind(gate)
  const full = (): WakeDockError => new WakeDockError('WAKEDOCK_HOLD_QUEUE_FULL', { retryAfter: 1 })
  gate.hold = () => (gate.held.length < 10 ? hold() : { lease: Promise.reject(full()), abort() {} })
  const waiting = await Promise.all(Array.from({ length: 10 }, () => ask(GET)))
  await gate.untilHeld(10)
  const late = await Promise.all(Array.from({ length: 300 }, () => ask(GET)))
  const answers = await Promise.all(late.map((wire) => wire.until('}\n')))
  t.same(
    answers.filter((got) => !/^HTTP\/1.1 503 [^]*\r\nRetry-After: 1\r\n[^]*HOLD_QUEUE_FULL/.test(got)),
    [],
  )
  gate.wake(app.upstream)
  for (const wire of waiting) await wire.until('ok')
  t.equal(gate.acquired, 10, 'those that wait are served')
})

const SOMAXCONN = '/proc/sys/net/core/somaxconn'
const small =
  (existsSync(SOMAXCONN) ? Number(readFileSync(SOMAXCONN, 'utf8')) : 0) < 2000 && 'needs Linux 5.4'

t.test('a crowd that comes while WakeDock is busy finds room to wait', { skip: small }, async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { address, ask } = await rig(t, app.upstream)
  const port = address.split(':')[1]
  // While this process waits for it, nobody accepts. What does not fit would be tried again only after a second.
  const script = `
    let connected = 0
    for (let i = 0; i < 1500; i++)
      require('node:net').connect(${port}, '127.0.0.1', () => ++connected === 1500 && process.exit())
    setTimeout(() => process.exit(1), 10_000)`
  t.equal(spawnSync(process.execPath, ['-e', script]).status, 0)
  await (await ask(GET)).until('ok')
})

t.test('thousands of unknown hosts are answered and counted, without a name', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, unrouted, metrics } = await rig(t, app.upstream)
  const client = await ask('')
  for (let i = 0; i < 3000; i += 50) {
    client.received = ''
    for (let j = i; j < i + 50; j++) client.send(message('GET / HTTP/1.1', `Host: h${j}.example.com`))
    await client.until((got) => got.split('HTTP/1.1 404 ').length - 1 === 50 && got.endsWith('}\n'))
  }
  t.equal(unrouted.told.filter((line) => line === 'finish GET 404 warm').length, 3000)
  t.same(metrics.told, [])
  client.received = ''
  client.send(GET)
  t.match(await client.until('ok'), '200')
})

t.test('odd but lawful names and bytes of headers arrive as they were sent', async (t) => {
  const answer = message('HTTP/1.1 200 OK', 'X_y.z: \xe9\xff', 'Content-Length: 2') + 'ok'
  const app = await rawUpstream(t, answering(answer))
  const { ask } = await rig(t, app.upstream)
  const lines = ['X_under: 1', 'x.dot: 2', "!#$%&'*+-.^_`|~: 3", 'X-Latin: caf\xe9 \x80\xff', 'X-Tab: a\tb']
  const client = await ask(message('GET /%ff HTTP/1.1', 'Host: a', ...lines))
  t.match(await client.until('ok'), '\r\nX_y.z: \xe9\xff\r\n')
  const seen = app.wires[0]?.received.split('\r\n')
  for (const line of lines) t.ok(seen?.includes(line), line)
})

t.test('a client that does not read holds its own answer back and nothing else', async (t) => {
  const size = 50_000_000
  const app = await rawUpstream(t, (wire) => {
    wire.socket.on('data', () => {
      const large = wire.received.startsWith('GET /large')
      wire.send(large ? message('HTTP/1.1 200 OK', `Content-Length: ${size}`) : OK)
      if (large) wire.socket.write(Buffer.alloc(size))
    })
  })
  const { ask, gate } = await rig(t, app.upstream)
  const slow = await ask(message('GET /large HTTP/1.1', 'Host: a'))
  slow.socket.pause()
  const large = await app.connection()
  await large.until(HEAD)
  for (let i = 0; i < 20; i++) t.match(await (await ask(GET)).until('ok'), '200')
  t.ok(large.socket.writableLength > size / 2, 'most of it has not left the upstream')
  slow.socket.destroy()
  await eventually(() => gate.inFlight === 0)
  await large.untilClosed()
})
