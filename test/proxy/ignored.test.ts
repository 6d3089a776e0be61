/** Requests that `ignore` matches, through the proxy: they neither wake, nor count, nor wait. */
import t from 'tap'
import { compileIgnore } from '../../src/proxy/ignore.ts'
import { rig } from './rig.ts'
import { HEAD, OK, answering, closedPort, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

const ignores = compileIgnore({
  paths: ['/health'],
  userAgents: ['monitor'],
  methods: ['OPTIONS'],
  from: ['198.51.100.0/24'],
})
const upgrade = (path: string): string =>
  message(`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket')
const IGNORED = [
  message('GET /health?x=/../y HTTP/1.1', 'Host: a'),
  message('GET / HTTP/1.1', 'Host: a', 'User-Agent: Monitor/1'),
  message('OPTIONS / HTTP/1.1', 'Host: a'),
  message('GET / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 198.51.100.1'),
]
const trustedProxies = ['127.0.0.1']

t.test('asleep: answered at once, and nothing is woken', async (t) => {
  const { ask, gate, metrics } = await rig(t, null, { ignores, trustedProxies })
  for (const request of [...IGNORED, upgrade('/health')]) {
    const client = await ask(request)
    t.match(
      await client.until('}\n'),
      /^HTTP\/1.1 503 [^]*Retry-After: 60\r\n[^]*"code":"WAKEDOCK_NOT_WOKEN"/,
      request,
    )
    t.match(metrics.told.at(-1), /^finish \w+ 503 warm$/)
  }
  t.equal(gate.held.length, 0)
  t.equal(gate.acquired, 0)
})

t.test('asleep: a body is not waited for, and the connection lives on', async (t) => {
  const { ask, gate } = await rig(t, null, { ignores })
  const client = await ask(message('POST /health HTTP/1.1', 'Host: a', 'Content-Length: 3'))
  await client.until('}\n')
  client.received = ''
  client.send('abc' + message('GET /health HTTP/1.1', 'Host: a'))
  t.match(await client.until('}\n'), /^HTTP\/1.1 503 /)
  t.equal(gate.held.length, 0)
})

t.test('awake: sent on without a lease, and counted as always in metrics', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate, metrics, lines } = await rig(t, app.upstream, { ignores, trustedProxies })
  for (const request of IGNORED) {
    const client = await ask(request)
    t.match(await client.until('ok'), /^HTTP\/1.1 200 /, request)
    t.notMatch(client.received, 'Server-Timing')
  }
  t.same(metrics.told, [
    'finish GET 200 warm',
    'finish GET 200 warm',
    'finish OPTIONS 200 warm',
    'finish GET 200 warm',
  ])
  t.equal(lines.length, 4)
  t.equal(gate.acquired, 0)
})

t.test(
  'awake: an ignored upgrade and an ignored event stream are open streams without a lease',
  async (t) => {
    for (const [request, answer] of [
      [upgrade('/health'), message('HTTP/1.1 101 OK', 'Connection: upgrade', 'Upgrade: websocket')],
      [IGNORED[0] ?? '', message('HTTP/1.1 200 OK', 'Content-Type: text/event-stream')],
    ] as const) {
      const app = await rawUpstream(t)
      const { ask, gate, metrics } = await rig(t, app.upstream, { ignores })
      gate.service = { ...gate.service, streamIdleTimeout: 1000 }
      const client = await ask(request)
      const wire = await app.connection()
      await wire.until(HEAD)
      wire.send(`${answer}hello`)
      await client.until('hello')
      t.equal(metrics.streams, 1)
      client.socket.resetAndDestroy()
      await eventually(() => metrics.streams === 0)
      t.equal(gate.acquired, 0)
    }
  },
)

t.test('others are looked at and let in as always', async (t) => {
  const { ask, gate } = await rig(t, null, { ignores })
  // Not from a trusted proxy: what it says of itself is not believed.
  for (const request of [IGNORED[3] ?? '', message('GET /health/../x HTTP/1.1', 'Host: a'), upgrade('/')])
    await ask(request)
  await gate.untilHeld(3)
  t.equal(gate.held.length, 3)
})

t.test('a path is matched as the client sent it, before its prefix is taken off', async (t) => {
  const { ask, gate } = await rig(t, null, { ignores, prefix: '/health' })
  const client = await ask(message('GET /health/x HTTP/1.1', 'Host: a'))
  t.match(await client.until('}\n'), 'WAKEDOCK_NOT_WOKEN')
  t.equal(gate.held.length, 0)
})

t.test('a refused connection asks the provider, and then looks again', async (t) => {
  for (const request of [IGNORED[0] ?? '', upgrade('/health')]) {
    const app = await rawUpstream(t, answering(OK))
    const moved = await rig(t, upstreamAt(await closedPort()), { ignores })
    moved.gate.onVerify = () => {
      moved.gate.upstream = app.upstream
    }
    t.match(await (await moved.ask(request)).until('ok'), /^HTTP\/1.1 200 /)

    const gone = await rig(t, upstreamAt(await closedPort()), { ignores })
    gone.gate.onVerify = () => {
      gone.gate.upstream = null
    }
    t.match(await (await gone.ask(request)).until('}\n'), /^HTTP\/1.1 503 [^]*"WAKEDOCK_NOT_WOKEN"/)
    for (const { gate } of [moved, gone]) {
      t.equal(gate.verified, 1)
      t.equal(gate.acquired, 0)
      t.equal(gate.held.length, 0)
    }
  }
})
