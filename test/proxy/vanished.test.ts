/** Clients that vanish where it is hard to notice, and what is believed of them afterwards. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { rig } from './rig.ts'
import { KEEPALIVE, kernelView, noKernelView } from './tcp-table.ts'
import { HEAD, OK, answering, eventually, message, rawUpstream } from './wire.ts'

const UPGRADE = message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket')

/** Sends the text and resets the connection, all of it before this process gets to accept it. */
function sendAndReset(address: string, text: string): void {
  const [host, port] = address.split(':')
  const script = `
    const socket = require('node:net').connect(${port}, '${host}', () =>
      socket.write(${JSON.stringify(text)}, () => socket.resetAndDestroy()))`
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

t.test('a client that has reset its connection has no address, and is not believed for it', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { address, ask, lines, unrouted } = await rig(t, app.upstream)
  for (const request of [
    message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 0', 'X-Forwarded-For: 10.0.0.1', 'X-Gone: 1'),
    message('GET / HTTP/1.1', 'Host: nobody', 'X-Forwarded-For: 10.0.0.1', 'X-Gone: 1'),
    UPGRADE.replace('Host: a', 'Host: a\r\nX-Forwarded-For: 10.0.0.1\r\nX-Gone: 1'),
  ])
    sendAndReset(address, request)
  // Accepted after those, as they were first in the queue.
  const client = await ask(message('GET /good HTTP/1.1', 'Host: a'))
  await client.until('ok')
  await eventually(() => lines.some(({ path }) => path === '/good'))
  t.same(
    app.wires.map(({ received }) => received).filter((received) => received.includes('X-Gone')),
    [],
    'nothing of them is sent on',
  )
  t.same(
    lines.map(({ client: from, path }) => ({ from, path })),
    [{ from: '127.0.0.1', path: '/good' }],
  )
  t.same(unrouted.told, [])
})

t.test(
  'a client that leaves before its upgrade has an answer takes the upstream request with it',
  async (t) => {
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const app = await rawUpstream(t)
      const { ask, gate, metrics } = await rig(t, app.upstream)
      const client = await ask(UPGRADE)
      const wire = await app.connection()
      await wire.until(HEAD)
      client.socket[leave]()
      await eventually(() => gate.inFlight === 0 && (wire.ended || wire.closed))
      t.same(metrics.told, ['finish GET 499 warm'], leave)
    }
  },
)

t.test('the kernel probes clients and upstreams that are silent', { skip: noKernelView }, async (t) => {
  const app = await rawUpstream(t)
  const { ask, address } = await rig(t, app.upstream)
  const client = await ask(message('OPTIONS * HTTP/1.1', 'Host: a'))
  const wire = await app.connection()
  await wire.until(HEAD)
  const proxy = Number(address.split(':')[1])
  for (const [name, from, to] of [
    ['the client', proxy, client.socket.localPort],
    ['the upstream', wire.socket.remotePort, wire.socket.localPort],
  ] as const)
    t.equal(kernelView(from, to)?.timer, KEEPALIVE, name)
})
