/** The listener: its limits, its addresses, its end. */
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, Server } from 'node:http'
import { createServer, Socket } from 'node:net'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, OK, Wire, answering, connectTo, eventually, message, rawUpstream } from './wire.ts'

const GET = message('GET / HTTP/1.1', 'Host: a')

t.test('the limits of a proxy, not of a web app', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream)
  const started = new Promise<Server>((resolve) => {
    const seen = channel('http.server.request.start')
    const listener = (message: unknown): void => {
      if (typeof message !== 'object' || message === null || !('server' in message)) return
      if (!(message.server instanceof Server)) return
      seen.unsubscribe(listener)
      resolve(message.server)
    }
    seen.subscribe(listener)
  })
  const client = await ask(GET)
  await client.until('ok')
  const { requestTimeout, headersTimeout, keepAliveTimeout, timeout, maxHeadersCount } = await started
  t.same(
    { requestTimeout, headersTimeout, timeout, maxHeadersCount },
    { requestTimeout: 0, headersTimeout: 150_000, timeout: 0, maxHeadersCount: 0 },
  )
  t.ok(keepAliveTimeout > 120_000, 'longer than Caddy keeps a connection')
})

t.test('a proxy in front that keeps a connection for 2 minutes does not see it closed before', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream)
  const finished = new Promise<{ server: Server; socket: Socket }>((resolve) => {
    const seen = channel('http.server.response.finish')
    const listener = (message: unknown): void => {
      if (typeof message !== 'object' || message === null || !('server' in message && 'socket' in message))
        return
      if (!(message.server instanceof Server && message.socket instanceof Socket)) return
      seen.unsubscribe(listener)
      resolve({ server: message.server, socket: message.socket })
    }
    seen.subscribe(listener)
  })
  const client = await ask(GET)
  t.match(await client.until('ok'), /\r\nKeep-Alive: timeout=150\r\n/)
  const { server, socket } = await finished
  // Set in the same turn, after the channel has told.
  await new Promise((resolve) => setImmediate(resolve))
  t.ok((socket.timeout ?? 0) > 120_000, 'an idle one: by the timer that is set')
  t.ok(server.headersTimeout > 120_000, 'one that was opened and never used: Node counts from its opening')
  t.equal(server.requestTimeout, 0)
  t.equal(server.timeout, 0)
  t.equal(server.maxRequestsPerSocket, 0, 'nor after so many requests')
})

t.test('close lets what runs end, and closes what idles', async (t) => {
  const app = await rawUpstream(t)
  const { ask, server, client } = await rig(t, app.upstream)
  const silent = await client()
  const idle = await ask(message('GET / HTTP/1.1', 'Host: nobody'))
  await idle.until('}')
  const busy = await ask(GET)
  const wire = await app.connection()
  await wire.until(HEAD)
  const closed = server.close(60_000)
  await Promise.all([silent.untilClosed(), idle.untilClosed()])
  wire.send(OK)
  t.match(await busy.untilClosed(), /^HTTP\/1.1 200 [^]*Connection: close[^]*ok$/)
  await closed
})

t.test('a connection whose answer had begun is closed at its end too', async (t) => {
  const app = await rawUpstream(t)
  const { ask, server } = await rig(t, app.upstream)
  const busy = await ask(GET)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(message('HTTP/1.1 200 OK', 'Content-Length: 2'))
  t.match(await busy.until(HEAD), 'Connection: keep-alive')
  const closed = server.close(60_000)
  wire.send('ok')
  t.match(await busy.untilClosed(), /ok$/)
  await closed
})

t.test('close cuts what is left at its deadline, tunnels included', async (t) => {
  const app = await rawUpstream(t)
  const { ask, server, gate } = await rig(t, app.upstream)
  const busy = await ask(GET)
  const tunnel = await ask(message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket'))
  const wires = [await app.connection(), await app.connection()]
  await Promise.all(wires.map((wire) => wire.until(HEAD)))
  const upgraded = wires.find((wire) => wire.received.includes('Upgrade'))
  upgraded?.send(message('HTTP/1.1 101 X', 'Connection: Upgrade', 'Upgrade: websocket'))
  await tunnel.until('101')
  const patient = server.close(60_000)
  await server.close(0)
  await patient
  await Promise.all([busy.untilClosed(), tunnel.untilClosed()])
  for (const wire of wires) wire.socket.destroy()
  await eventually(() => gate.inFlight === 0)
})

t.test('trusted proxies change without a restart', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, server } = await rig(t, app.upstream)
  const client = await ask(message('GET / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 1.1.1.1'))
  await client.until('ok')
  t.match(app.wires[0]?.received, 'X-Forwarded-For: 127.0.0.1\r\n')
  server.update({ trustedProxies: ['127.0.0.0/8'], heldBodyMemory: 1 })
  client.received = ''
  client.send(message('GET / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 1.1.1.1'))
  await client.until('ok')
  t.ok(app.wires.some((wire) => wire.received.includes('X-Forwarded-For: 1.1.1.1, 127.0.0.1\r\n')))
})

t.test('the access log names the client, as trusted proxies tell it, however the request ends', async (t) => {
  const told = 'X-Forwarded-For: 198.51.100.1, 203.0.113.9'
  const requests = [
    message('GET / HTTP/1.1', 'Host: a', told),
    message('GET / HTTP/1.1', 'Host: nobody', told),
    message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', told),
  ]
  for (const [trustedProxies, seen] of [
    [[], '127.0.0.1'],
    [['127.0.0.1'], '203.0.113.9'],
  ] as const) {
    const app = await rawUpstream(t, answering(OK))
    const { ask, gate, lines } = await rig(t, app.upstream, { trustedProxies })
    for (const request of requests) {
      lines.length = 0
      gate.upstream = app.upstream
      const answered = await ask(request)
      await answered.until(HEAD)
      answered.socket.destroy()
      await eventually(() => lines.length === 1)
      if (request.includes('nobody')) continue
      gate.upstream = null
      const leaving = await ask(request)
      await gate.untilHeld()
      leaving.socket.resetAndDestroy()
      gate.held = []
      await eventually(() => lines.length === 2)
      t.same(
        lines.map(({ client }) => client),
        [seen, seen],
        request,
      )
    }
  }
})

t.test('a bug drops its connection and is reported, and the next request works', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  let broken = true
  const { ask, bugs, gate } = await rig(t, app.upstream, {
    access: () => {},
    route: (host) => {
      if (broken) throw new Error('a bug')
      return host === 'a' ? { gate, metrics, prefix: '', ignores: null } : null
    },
  })
  const metrics = {
    finish: () => {},
    streamOpened: () => {},
    streamClosed: () => {},
    retry: () => {},
    upstreamError: () => {},
  }
  await (await ask(GET)).untilClosed()
  t.equal(bugs.length, 1)
  broken = false
  t.match(await (await ask(GET)).until('ok'), '200')
})

t.test('unix sockets', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wakedock-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'proxy.sock')
  const listen = [{ kind: 'unix', path }] as const

  // What a killed process leaves behind.
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  t.ok(existsSync(path))
  const app = await rawUpstream(t, answering(OK))
  const { ask, server, address } = await rig(t, app.upstream, { listen })
  t.equal(address, `unix:${path}`)
  t.equal(statSync(path).mode & 0o777, 0o660, 'by its group others are let in')
  const client = await ask(message('GET / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 1.1.1.1'))
  await client.until('ok')
  t.match(app.wires[0]?.received, 'X-Forwarded-For: 1.1.1.1\r\n', 'a peer on a unix socket is trusted')
  client.received = ''
  client.send(GET)
  await client.until('ok')
  t.notMatch(app.wires[0]?.received.split(HEAD)[1], 'X-Forwarded-For', 'and has no address to add')
  t.match(app.wires[0]?.received.split(HEAD)[1], 'X-Forwarded-Host: a\r\n')

  await t.rejects(rig(t, null, { listen }), { code: 'EADDRINUSE' }, 'a live socket is not taken')
  await server.close(0)
  t.notOk(existsSync(path))
})

t.test('a file that is no socket is left alone', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wakedock-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'notes.txt')
  writeFileSync(path, 'dear diary')
  await t.rejects(rig(t, null, { listen: [{ kind: 'unix', path }] }), { code: 'EADDRINUSE' })
  t.equal(readFileSync(path, 'utf8'), 'dear diary')
})

t.test('several addresses of every kind serve together, and end together', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'wakedock-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const app = await rawUpstream(t, answering(OK))
  const { addresses, server } = await rig(t, app.upstream, {
    listen: [
      { kind: 'tcp', host: '::1', port: 0 },
      { kind: 'tcp', host: '127.0.0.1', port: 0 },
      { kind: 'unix', path: join(dir, 'proxy.sock') },
    ],
  })
  t.equal(addresses.length, 3)
  for (const address of addresses) {
    const wire = new Wire(connectTo(address))
    wire.send(GET)
    t.match(await wire.until('ok'), '200', address)
    wire.socket.destroy()
  }
  const seen = app.wires.map(({ received }) => received).join('')
  t.match(seen, 'X-Forwarded-For: ::1\r\n')
  t.match(seen, 'X-Forwarded-For: 127.0.0.1\r\n')
  await server.close(0)
  for (const address of addresses) {
    const wire = new Wire(connectTo(address))
    await wire.untilClosed()
    t.ok(wire.failed, `${address} is closed`)
  }
})

t.test('one address that cannot be bound refuses all of them', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const free = createHttpServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const ports = [free, taken].map((server) => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await new Promise((resolve) => free.close(resolve))
  const listen = ports.map((port) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const)
  await t.rejects(rig(t, null, { listen }), { code: 'EADDRINUSE' })
  const again = createServer().listen(ports[0], '127.0.0.1')
  await once(again, 'listening')
  again.close()
  t.pass('the first one was let go')
})

t.test('IPv6 addresses are written in brackets', async (t) => {
  const { address } = await rig(t, null, { listen: [{ kind: 'tcp', host: '::1', port: 0 }] })
  t.match(address, /^\[::1\]:\d+$/)
})
