/** https upstreams: whom WakeDock believes, on each of its ways to one: the pools, the probe, upgrades, and plain-dispatch.ts. */
import { once } from 'node:events'
import { createServer as createTcpServer } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import t from 'tap'
import type { Upstream } from '../../src/domain/ports.ts'
import type { Tls } from '../../src/domain/service.ts'
import { createProbe } from '../../src/probe/probe.ts'
import { createAuthority, type Issued } from '../helpers/certificates.ts'
import { programSkip } from '../helpers/programs.ts'
import { rig } from './rig.ts'
import { HEAD, OK, Wire, message, portOf, upstreamAt, type Teardown } from './wire.ts'

const skip = programSkip('openssl')
const GET = message('GET / HTTP/1.1', 'Host: a')
const UPGRADE = message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket')
const OPTIONS = message('OPTIONS * HTTP/1.1', 'Host: a')
const SWITCH = message('HTTP/1.1 101 X', 'Connection: Upgrade', 'Upgrade: websocket') + 'hello'

interface App {
  readonly upstream: Upstream
  /** The names asked for (SNI), one a connection that came about; false: none. */
  readonly names: (string | false | null)[]
}

/** Answers requests with OK and upgrades with 101 and a greeting. */
async function secureApp(t: Teardown, issued: Issued): Promise<App> {
  const names: App['names'] = []
  const open = new Set<TLSSocket>()
  const server = createServer({ cert: issued.cert, key: issued.key }, (socket) => {
    names.push(socket.servername)
    open.add(socket)
    const wire = new Wire(socket)
    let answered = 0
    socket.on('data', () => {
      const heads = wire.received.split(HEAD).slice(0, -1)
      for (; answered < heads.length; answered++) {
        wire.send(/^Upgrade:/m.test(heads[answered] ?? '') ? SWITCH : OK)
      }
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { upstream: { ...upstreamAt(portOf(server)), protocol: 'https' }, names }
}

const within = (upstream: Upstream, tls: Tls | null): Upstream => ({ ...upstream, ...(tls && { tls }) })

t.test('what a certificate has to be, the same on every way', { skip }, async (t) => {
  const [ours, other] = [await createAuthority(t), await createAuthority(t)]
  const [named, addressed, expired] = [
    await ours.issue('DNS:app.internal,DNS:*.wild.internal'),
    await ours.issue('IP:127.0.0.1'),
    await ours.issue('DNS:app.internal', -1),
  ]
  const tls = (changes: Partial<Tls> = {}): Tls => ({
    ca: ours.pem,
    serverName: 'app.internal',
    insecure: false,
    ...changes,
  })
  /** `why`: what the probe says of it; null: it is believed. */
  const cases: [name: string, issued: Issued, tls: Tls | null, why: RegExp | null][] = [
    ['of an authority that is named, for the name', named, tls(), null],
    ['one of several authorities', named, tls({ ca: `${other.pem}\n${ours.pem}` }), null],
    ['the very certificate is named', named, tls({ ca: named.cert }), null],
    ['for a name that its pattern covers', named, tls({ serverName: 'x.wild.internal' }), null],
    ['for the address', addressed, tls({ serverName: '127.0.0.1' }), null],
    ['for another name', named, tls({ serverName: 'b.internal' }), /is not for b.internal .*server_name/],
    ['for another address', addressed, tls({ serverName: '127.0.0.2' }), /is not for 127.0.0.2/],
    ['for a name, and an address is wanted', named, tls({ serverName: '127.0.0.1' }), /not for 127.0.0.1/],
    ['of another authority', named, tls({ ca: other.pem }), /not trusted .*ca_file/],
    ['not of a public authority', named, tls({ ca: null }), /not trusted/],
    ['nothing is said: as any client does', addressed, null, /not trusted/],
    ['it has expired', expired, tls(), /has expired/],
    ['of another authority, and nobody cares', named, tls({ ca: null, insecure: true }), null],
    ['for another name, and nobody cares', named, tls({ serverName: 'b.internal', insecure: true }), null],
    ['it has expired, and nobody cares', expired, tls({ insecure: true }), null],
  ]
  for (const [name, issued, settings, why] of cases) {
    const app = await secureApp(t, issued)
    const upstream = within(app.upstream, settings)
    const { ask, pools, metrics } = await rig(t, upstream)
    const probe = createProbe({
      dispatcher: (to) => pools.dispatcher(to),
      health: () => Promise.reject(new Error('there is none')),
    })
    const check = {
      kind: 'http',
      path: '/',
      status: [200, 200],
      timeout: 5000,
      host: 'a',
      health: false,
    } as const
    const probed = await probe(upstream, check, new AbortController().signal)
    if (why === null) t.same(probed, { ready: true }, `${name}: the probe`)
    else t.match(probed, { ready: false, why }, `${name}: the probe`)

    const answer =
      why === null ? /^HTTP\/1.1 200 [^]*ok$/ : /^HTTP\/1.1 502 [^]*UPSTREAM_UNREACHABLE[^]*\}\n$/
    await (await ask(GET)).until(answer)
    await (await ask(OPTIONS)).until(answer)
    await (await ask(UPGRADE)).until(why === null ? /^HTTP\/1.1 101 [^]*hello$/ : answer)
    if (why === null) {
      const asked = settings?.serverName === '127.0.0.1' ? false : (settings?.serverName ?? null)
      t.same(
        app.names,
        [asked, asked, asked],
        `${name}: the request rides the probe's connection; the name is sent`,
      )
    } else {
      const errors = metrics.told.filter((line) => line === 'upstream error tls')
      t.equal(errors.length, 3, `${name}: counted, and not tried again`)
    }
  }
})

t.test('requests for different hosts share a connection', { skip }, async (t) => {
  const ours = await createAuthority(t)
  const app = await secureApp(t, await ours.issue('DNS:app.internal'))
  const tls = { ca: ours.pem, serverName: 'app.internal', insecure: false }
  const { gate, metrics, ask } = await rig(t, within(app.upstream, tls), {
    route: () => ({ gate, metrics, prefix: '', ignores: null }),
  })
  const client = await ask(GET)
  await client.until('ok')
  client.received = ''
  client.send(message('GET / HTTP/1.1', 'Host: b.example.com'))
  await client.until('ok')
  t.same(app.names, ['app.internal'])
})

t.test('the environment cannot turn the checks off', { skip }, async (t) => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
  const ours = await createAuthority(t)
  const app = await secureApp(t, await ours.issue('IP:127.0.0.1'))
  const { ask } = await rig(t, app.upstream)
  for (const request of [GET, OPTIONS, UPGRADE])
    t.match(await (await ask(request)).until('}\n'), /^HTTP\/1.1 502 /)
})

t.test('a port that speaks no TLS is told apart', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const upstream: Upstream = { ...upstreamAt(portOf(server)), protocol: 'https' }
  const { ask, pools } = await rig(t, upstream)
  await (await ask(GET)).until(/^HTTP\/1.1 502 [^]*\}\n$/)
  const probe = createProbe({
    dispatcher: (to) => pools.dispatcher(to),
    health: () => Promise.reject(new Error('there is none')),
  })
  const check = {
    kind: 'http',
    path: '/',
    status: [200, 200],
    timeout: 5000,
    host: 'a',
    health: false,
  } as const
  const { signal } = new AbortController()
  t.match(await probe(upstream, check, signal), { ready: false, why: /does not speak TLS .*scheme/ })
})
