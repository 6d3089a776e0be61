/** Upgraded connections at their bounds: the memory of what comes too early, and ends that only one side sees. */
import { connect } from 'node:net'
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, Wire, eventually, message, rawUpstream } from './wire.ts'

const ASK = message('GET /chat HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket')
const SWITCH = message('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: upgrade')

t.test('what upgrades bring with them shares the memory of held bodies', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate, metrics } = await rig(t, null, { heldBodyMemory: 10 })
  const first = await ask(`${ASK}12345678`)
  await gate.untilHeld()
  const second = await ask(`${ASK}abcd`)
  t.match(await second.untilClosed(), /^HTTP\/1.1 503 [^]*Retry-After: 1\r\n[^]*"WAKEDOCK_HOLD_QUEUE_FULL"/)
  const third = await ask(ASK)
  await gate.untilHeld(2)
  third.send('xyz')
  t.match(await third.untilClosed(), '"WAKEDOCK_HOLD_QUEUE_FULL"', 'also when it comes later')
  await eventually(() => metrics.told.length === 2)
  t.same(metrics.told, ['finish GET 503 warm', 'finish GET 503 cold'])
  t.same(gate.outcomes, ['rejected'])

  gate.wake(app.upstream)
  const wire = await app.connection()
  await wire.until(HEAD)
  // Read until the answer is here, and in order.
  first.send('9')
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  wire.send(SWITCH)
  await wire.until(/\r\n\r\n123456789$/)
  // Given back: the same again finds room.
  gate.upstream = null
  const next = await ask(`${ASK}1234567890`)
  await gate.untilHeld()
  t.equal(next.received, '')
  next.socket.destroy()
  await eventually(() => gate.outcomes.at(-1) === 'aborted')
  await ask(`${ASK}1234567890`)
  await gate.untilHeld(2)
})

t.test('an upstream that is gone takes a client with it that never ends its own direction', async (t) => {
  const app = await rawUpstream(t)
  const { address, gate } = await rig(t, app.upstream)
  const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]), allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  const client = new Wire(socket)
  client.send(ASK)
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(SWITCH)
  await client.until('101')
  wire.socket.resetAndDestroy()
  await eventually(() => client.ended || client.closed)
  await eventually(() => gate.inFlight === 0)
})
