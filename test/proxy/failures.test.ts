/** What is told of upstreams that fail: one failure for each request that could not be saved, and nothing of what the client sent. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import type { UpstreamFailure } from '../../src/proxy/route-match.ts'
import { rig, type Rig } from './rig.ts'
import {
  HEAD,
  OK,
  answering,
  closedPort,
  eventually,
  message,
  portOf,
  rawUpstream,
  upstreamAt,
  type Teardown,
  type Wire,
} from './wire.ts'

const SECRET = 's3cret'
const LINES = ['Host: a', `Cookie: ${SECRET}`, `Authorization: ${SECRET}`]
const GET = message(`GET /${SECRET}?token=${SECRET} HTTP/1.1`, ...LINES)
const POST = message(`POST /${SECRET} HTTP/1.1`, ...LINES, 'Content-Length: 6') + SECRET
const UPGRADE = message(`GET /${SECRET} HTTP/1.1`, ...LINES, 'Connection: Upgrade', 'Upgrade: websocket')
const OPTIONS = message('OPTIONS * HTTP/1.1', ...LINES)

async function watched(
  t: Teardown,
  upstream: Parameters<typeof rig>[1],
): Promise<Rig & { failures: UpstreamFailure[] }> {
  const failures: UpstreamFailure[] = []
  const told = await rig(t, upstream, { failed: (failure) => failures.push(failure) })
  return { ...told, failures }
}

const ending =
  (answer: string) =>
  (wire: Wire): void => {
    wire.socket.once('data', () => wire.socket.end(answer))
  }

t.test('each request that an upstream fails is told once, with the reason that is counted', async (t) => {
  const half = message('HTTP/1.1 200 OK', 'Content-Length: 9') + 'abc'
  const other = message('HTTP/1.1 101 X', 'Connection: Upgrade', 'Upgrade: chess')
  const cases: [name: string, request: string, serve: ((wire: Wire) => void) | null, reason: string][] = [
    ['nobody listens', GET, null, 'refused'],
    ['nobody listens for an upgrade', UPGRADE, null, 'refused'],
    ['nobody listens for OPTIONS *', OPTIONS, null, 'refused'],
    ['no answer to a POST', POST, ending(''), 'reset'],
    ['no answer to an upgrade', UPGRADE, ending(''), 'reset'],
    ['no HTTP', GET, ending('SSH-2.0-X\r\n'), 'protocol'],
    ['half an answer', GET, ending(half), 'protocol'],
    ['another protocol', UPGRADE, ending(other), 'protocol'],
    ['a 101 without one', UPGRADE, ending(message('HTTP/1.1 101 X')), 'protocol'],
  ]
  for (const [name, request, serve, reason] of cases) {
    const upstream = serve ? (await rawUpstream(t, serve)).upstream : upstreamAt(await closedPort())
    const { ask, gate, metrics, failures } = await watched(t, upstream)
    const client = await ask(request)
    await client.until(/^HTTP\/1.1 (?:502 [^]*}\n|200 )/)
    await eventually(() => gate.inFlight === 0)
    t.match(failures, [{ service: 'blog', reason, address: `http://127.0.0.1:${upstream.port}` }], name)
    t.equal(failures.length, 1, name)
    t.equal(metrics.told.filter((line) => line === `upstream error ${reason}`).length, 1, name)
    t.notMatch(JSON.stringify(failures), SECRET, name)
  }
})

t.test('a handshake that fails is told with the words for it', async (t) => {
  const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await once(plain.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => plain.close())
  const { ask, failures } = await watched(t, { ...upstreamAt(portOf(plain)), protocol: 'https' })
  await (await ask(GET)).until('}\n')
  t.match(failures, [{ reason: 'tls', code: /^ERR_SSL_|EPROTO/, address: /^https:/ }])
})

t.test('what is saved by another attempt, or given up by its client, is no failure', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask, gate, failures, metrics } = await watched(t, upstreamAt(await closedPort()))
  gate.onVerify = () => {
    gate.upstream = app.upstream
  }
  await (await ask(GET)).until('ok')
  const silent = await rawUpstream(t)
  gate.upstream = silent.upstream
  const leaving = await ask(GET)
  await (await silent.connection()).until(HEAD)
  leaving.socket.destroy()
  await eventually(() => gate.inFlight === 0)
  t.same(failures, [])
  t.same(
    metrics.told.filter((line) => line.startsWith('upstream error')),
    [],
  )
})
