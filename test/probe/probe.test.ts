/** One readiness attempt against every kind of thing that may be at the other end. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import t from 'tap'
import { Pool } from 'undici'
import type { ProbeResult, Upstream } from '../../src/domain/ports.ts'
import type { ReadyCheck } from '../../src/domain/service.ts'
import { createProbe } from '../../src/probe/probe.ts'
import type { ProbeOptions } from '../../src/probe/probe.ts'
import { describe } from '../../src/probe/tcp.ts'
import { dockerSkip, openDocker, until } from '../helpers/docker.ts'
import type { Scope } from '../helpers/docker.ts'

const http: Extract<ReadyCheck, { kind: 'http' }> = {
  kind: 'http',
  path: '/ping?token=x',
  status: [0, 499],
  timeout: 1000,
  host: 'blog.example.com',
  health: false,
}
const tcp: ReadyCheck = { kind: 'tcp', timeout: 1000, health: false }

function upstream(port: number, relayed = false): Upstream {
  return { protocol: 'http', host: '127.0.0.1', port, generation: 'g', relayed, healthcheck: false }
}

/** The probe over one pool, as the proxy would have it. */
function open(
  t: Scope,
  health: ProbeOptions['health'] = () => Promise.reject(new Error('there is no HEALTHCHECK to run')),
) {
  const pools: Pool[] = []
  const probe = createProbe({
    dispatcher: (to) => {
      const [pool = new Pool(`http://${to.host}:${to.port}`)] = pools
      if (pools.length === 0) pools.push(pool)
      return pool
    },
    health,
  })
  t.teardown(() => Promise.all(pools.map((pool) => pool.destroy())))
  return { probe, pools }
}

async function listen(t: Scope, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const never = new AbortController().signal

const status =
  (code: number): RequestListener =>
  (_request, response) => {
    response.writeHead(code, { location: '/elsewhere' }).end('body')
  }

const answers: [what: string, answer: RequestListener, bounds: [number, number], why: string | null][] = [
  ['a success', status(200), [0, 499], null],
  ['a redirect, which is not followed', status(302), [0, 499], null],
  ['not found, which shows that the app lives', status(404), [0, 499], null],
  ['an error of the app', status(503), [0, 499], 'GET /ping answers 503'],
  ['the lowest status wanted', status(200), [200, 200], null],
  ['one above those wanted', status(201), [200, 200], 'GET /ping answers 201'],
  ['a body that never ends', (_request, response) => void response.write('data: 1\n\n'), [0, 499], null],
  [
    'a body longer than anybody wants',
    (_request, response) => void response.end(Buffer.alloc(10_000_000)),
    [0, 499],
    null,
  ],
  [
    'a connection closed in the face of it',
    (request) => void request.socket.destroy(),
    [0, 499],
    'closes the connection at once',
  ],
  [
    'something that is not HTTP',
    (request) => void request.socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
    [0, 499],
    'port',
  ],
]
for (const [what, answer, bounds, why] of answers) {
  t.test(`HTTP: ${what}`, async (t) => {
    const { probe } = open(t)
    const port = await listen(t, createHttpServer(answer))
    const result = await probe(upstream(port), { ...http, status: bounds }, never)
    if (why === null) t.strictSame(result, { ready: true })
    else t.match(result, { ready: false, why })
    if (!result.ready) t.notMatch(result.why, 'token', 'a query may be secret')
  })
}

t.test('HTTP: the request that the app sees, and its connection left for the first client', async (t) => {
  const { probe, pools } = open(t)
  const seen: unknown[] = []
  const ports: (number | undefined)[] = []
  const server = createHttpServer((request, response) => {
    const { method, url, headers } = request
    seen.push({ method, url, host: headers.host, agent: headers['user-agent'] })
    ports.push(request.socket.remotePort)
    response.end('hello')
  })
  const port = await listen(t, server)
  t.strictSame(await probe(upstream(port), http, never), { ready: true })
  const { body } = (await pools[0]?.request({ method: 'GET', path: '/first' })) ?? {}
  await body?.dump()
  t.strictSame(seen[0], {
    method: 'GET',
    url: '/ping?token=x',
    host: 'blog.example.com',
    agent: 'WakeDock-Probe',
  })
  t.equal(ports.length, 2)
  t.equal(ports[0], ports[1], 'one connection')
})

t.test('HTTP: an app that accepts and says nothing is given up after the timeout', async (t) => {
  const { probe } = open(t)
  const port = await listen(
    t,
    createHttpServer(() => {}),
  )
  const result = await probe(upstream(port), { ...http, timeout: 60 }, never)
  t.strictSame(result, { ready: false, why: 'GET /ping gave no answer within 60 ms' })
})

t.test('an attempt that is called off ends at once', async (t) => {
  const { probe } = open(t)
  const reached = Promise.withResolvers<void>()
  const port = await listen(
    t,
    createHttpServer(() => reached.resolve()),
  )
  const off = new AbortController()
  const result = probe(upstream(port), { ...http, timeout: 600_000 }, off.signal)
  await reached.promise
  off.abort()
  t.match(await result, { ready: false })
  t.match(await probe(upstream(port), tcp, off.signal), { ready: false, why: 'the probe was called off' })
})

for (const check of [http, tcp]) {
  t.test(`${check.kind}: a port where nobody listens`, async (t) => {
    const { probe, pools } = open(t)
    const server = createServer()
    const port = await listen(t, server)
    server.close()
    await once(server, 'close')
    t.strictSame(await probe(upstream(port), check, never), {
      ready: false,
      why: `port ${port} refuses connections`,
    })
    t.equal(pools.length, 0, 'the pool is left alone')
  })
}

const relays: [what: string, onConnection: (socket: Socket) => void, relayed: boolean, ready: boolean][] = [
  ['accepted by the target itself', (socket) => void socket.end(), false, true],
  ['accepted and closed by a relay', (socket) => void socket.end(), true, false],
  ['accepted and reset by a relay', (socket) => void socket.resetAndDestroy(), true, false],
  ['accepted and kept open behind a relay', () => {}, true, true],
  ['greeted behind a relay', (socket) => void socket.end('220 hello\r\n'), true, true],
]
for (const [what, onConnection, relayed, ready] of relays) {
  t.test(`TCP: ${what}`, async (t) => {
    const { probe } = open(t)
    const port = await listen(t, createServer(onConnection))
    const result = await probe(upstream(port, relayed), tcp, never)
    t.equal(result.ready, ready)
    if (!result.ready) t.equal(result.why, `nothing listens behind published port ${port}`)
  })
}

const unwell: ProbeResult = { ready: false, why: 'its HEALTHCHECK exits 1' }
const without: ProbeResult = { ready: false, why: 'it has no HEALTHCHECK' }
const READY: ProbeResult = { ready: true }
const refusing = { ready: false, why: /refuses connections/ }

/** What each check makes of a HEALTHCHECK (null: there is none) and of a port. Last: how often the HEALTHCHECK is run. */
const healths: [
  check: ReadyCheck,
  own: ProbeResult | null,
  listens: boolean,
  result: object,
  runs: number,
][] = [
  [{ kind: 'health' }, READY, true, READY, 1],
  [{ kind: 'health' }, READY, false, refusing, 0],
  [{ kind: 'health' }, unwell, true, unwell, 1],
  [{ kind: 'health' }, null, true, without, 0],
  [{ kind: 'running', health: true }, READY, false, READY, 1],
  [{ kind: 'running', health: true }, unwell, false, unwell, 1],
  [{ kind: 'running', health: false }, unwell, false, READY, 0],
  [{ kind: 'running', health: true }, null, false, READY, 0],
  [{ kind: 'completed' }, READY, true, { ready: false, why: /job/ }, 0],
  [http, READY, true, READY, 0],
  [{ ...http, health: true }, READY, true, READY, 1],
  [{ ...http, health: true }, unwell, true, unwell, 1],
  [{ ...http, health: true }, null, true, without, 0],
  [{ ...http, health: true }, READY, false, refusing, 0],
  [{ ...http, health: true, status: [500, 599] }, READY, true, { ready: false, why: /answers 200/ }, 1],
  [{ ...tcp, health: true }, READY, true, READY, 1],
  [{ ...tcp, health: true }, unwell, true, unwell, 1],
  [{ ...tcp, health: true }, null, true, without, 0],
]
for (const [check, own, listens, result, runs] of healths) {
  const both = 'health' in check && check.health ? ' and health' : ''
  const said = own === null ? 'none' : own.ready ? 'one that passes' : 'one that fails'
  t.test(`${check.kind}${both}, HEALTHCHECK: ${said}, port ${listens ? 'open' : 'closed'}`, async (t) => {
    let run = 0
    let requests = 0
    const { probe } = open(t, () => {
      run += 1
      return Promise.resolve(own ?? without)
    })
    const server = createHttpServer((_request, response) => {
      requests += 1
      response.end('hello')
    })
    const port = await listen(t, server)
    if (!listens) {
      server.close()
      await once(server, 'close')
    }
    t.match(await probe({ ...upstream(port), healthcheck: own !== null }, check, never), result)
    t.equal(run, runs)
    if (own !== READY && both !== '') t.equal(requests, 0, 'an app that is not healthy is not asked')
  })
}

t.test('a part to which nothing is sent has its HEALTHCHECK run whatever listens', async (t) => {
  const { probe } = open(t, () => Promise.resolve(READY))
  const part = { ...upstream(0), host: '', healthcheck: true }
  t.match(await probe(part, { kind: 'health' }, never), READY)
})

const timed: ReadyCheck[] = [{ ...http, health: true }, { ...tcp, health: true }, { kind: 'health' }]
for (const check of timed) {
  t.test(
    `${check.kind}: a HEALTHCHECK is called off with its wake, and not by the timeout of a request`,
    async (t) => {
      const port = await listen(t, createHttpServer(status(200)))
      let given: AbortSignal | null = null
      const { probe } = open(t, (_upstream, signal) => {
        given = signal
        return Promise.resolve(READY)
      })
      const { signal } = new AbortController()
      t.strictSame(await probe({ ...upstream(port), healthcheck: true }, check, signal), READY)
      t.equal(given, signal)
    },
  )
}

const reasons: [code: string, why: RegExp][] = [
  ['EHOSTUNREACH', /cannot be reached/],
  ['ENOTFOUND', /cannot be resolved/],
  ['EWEIRD', /port 80: odd/],
]
for (const [code, why] of reasons) {
  t.test(`${code} in words`, (t) => {
    t.match(describe(Object.assign(new Error('odd'), { code }), upstream(80)), why)
    t.end()
  })
}

t.test(
  'a published port of a real engine is not ready before its app is',
  { skip: dockerSkip() },
  async (t) => {
    const docker = await openDocker(t)
    const { handle } = await docker.run('silent', {
      env: { NEVER_LISTEN: '1' },
      host: { PortBindings: { '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } },
    })
    const port = async (): Promise<number> =>
      Number((await handle.inspect()).NetworkSettings.Ports['3000/tcp']?.[0]?.HostPort)
    for (const check of [http, tcp]) {
      const { probe } = open(t)
      const to = upstream(await port(), true)
      t.strictSame(await probe(to, check, never), {
        ready: false,
        why: `nothing listens behind published port ${to.port}`,
      })
    }
    const app = await docker.run('app', {
      host: { PortBindings: { '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } },
    })
    const bound = Number((await app.handle.inspect()).NetworkSettings.Ports['3000/tcp']?.[0]?.HostPort)
    const { probe } = open(t)
    await until('it is ready', async () => (await probe(upstream(bound, true), http, never)).ready)
    t.strictSame(await probe(upstream(bound, true), tcp, never), { ready: true })
  },
)
