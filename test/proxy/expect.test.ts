/** Expect: 100-continue over raw sockets on both sides: it is the upstream that says whether it wants the body. */
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, OK, answering, message, rawUpstream } from './wire.ts'

const WAITING = message('PUT / HTTP/1.1', 'Host: a', 'X-L: \xe9', 'Content-Length: 5', 'Expect: 100-continue')
const CONTINUE = message('HTTP/1.1 100 Continue')

t.test('Expect goes to the upstream, whose 100 Continue asks for the body', async (t) => {
  for (const held of [false, true]) {
    const app = await rawUpstream(t)
    const { ask, gate } = await rig(t, held ? null : app.upstream)
    const client = await ask(WAITING)
    if (held) {
      await gate.untilHeld()
      gate.wake(app.upstream)
    }
    const wire = await app.connection()
    t.match(
      await wire.until(HEAD),
      /\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n$/,
    )
    t.match(wire.received, '\r\nX-L: \xe9\r\n')
    t.equal(client.received, '', 'the upstream has not asked for it')
    wire.send(CONTINUE)
    t.equal(await client.until(HEAD), CONTINUE)
    client.send('hello')
    await wire.until(/\r\n\r\nhello$/)
    wire.send(OK)
    await client.until(/200 OK[^]*ok$/)
    t.equal(gate.inFlight, 0)
  }
})

t.test('an upstream that refuses what is expected spares the client its body', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, app.upstream)
  const client = await ask(WAITING)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(message('HTTP/1.1 413 Content Too Large', 'Content-Length: 2') + 'no')
  t.match(
    await client.untilClosed(),
    /^HTTP\/1.1 413 [^]*Connection: close[^]*\r\n\r\nno$/,
    'and closes: RFC 9110 10.1.1',
  )
  t.notOk(client.failed)
  t.equal(gate.inFlight, 0)
})

t.test('a client that does not wait for 100, and an upstream that does not send it', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const client = await ask(`${WAITING}hello`)
  const wire = await app.connection()
  await wire.until(/\r\n\r\nhello$/)
  wire.send(OK)
  t.match(await client.until('ok'), /^HTTP\/1.1 200 /)
})

t.test('without a body nothing is expected; HTTP/1.0 expects nothing either', async (t) => {
  const app = await rawUpstream(t, answering(OK))
  const { ask } = await rig(t, app.upstream)
  for (const version of ['1.1', '1.0']) {
    const client = await ask(
      message(`POST / HTTP/${version}`, 'Host: a', 'Content-Length: 0', 'Expect: 100-continue'),
    )
    t.match(await client.until('ok'), /^HTTP\/1.1 200 /)
  }
  for (const wire of app.wires) t.notMatch(wire.received, /expect/i)
})
