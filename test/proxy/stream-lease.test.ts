/** When an open stream counts as use: the rule alone, and then through the proxy, with time that passes when told to. */
import t from 'tap'
import { StreamLease } from '../../src/proxy/stream-lease.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeGate, rig } from './rig.ts'
import { HEAD, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

/** An open stream of a service with a timeout of 1000. */
function opened() {
  const upstream = upstreamAt(1)
  const gate = new FakeGate(upstream)
  const clock = new FakeClock()
  const lease = gate.tryAcquire()
  if (lease === null) throw new Error('not awake')
  const stream = new StreamLease(lease, { gate, clock, timeout: 1000 })
  return { gate, clock, stream, upstream }
}

t.test('it counts until the last byte is so long ago, not earlier and not later', async (t) => {
  const { gate, clock, stream } = opened()
  await clock.advance(600)
  stream.carried()
  await clock.advance(300)
  stream.carried()
  await clock.advance(999)
  t.equal(gate.inFlight, 1)
  await clock.advance(1)
  t.equal(gate.inFlight, 0)
  t.equal(clock.pending, 0, 'silence needs no timer')
})

t.test('one timer however many bytes', async (t) => {
  const { clock, stream } = opened()
  for (let i = 0; i < 100; i++) {
    stream.carried()
    await clock.advance(10)
    t.equal(clock.pending, 1)
  }
})

t.test('the next byte makes it count again, and the next silence ends that', async (t) => {
  const { gate, clock, stream } = opened()
  for (let round = 1; round <= 3; round++) {
    await clock.advance(5000)
    t.equal(gate.inFlight, 0)
    t.equal(gate.released, round)
    stream.carried()
    stream.carried()
    t.equal(gate.inFlight, 1)
    t.equal(clock.pending, 1)
  }
  stream.release()
  t.equal(gate.inFlight, 0)
  t.equal(clock.pending, 0)
})

t.test(
  'a byte for a service that sleeps wakes nothing; once it is awake again, the next one counts',
  async (t) => {
    const { gate, clock, stream, upstream } = opened()
    await clock.advance(1000)
    gate.upstream = null
    stream.carried()
    t.equal(gate.acquired, 1)
    t.equal(gate.held.length, 0)
    t.equal(clock.pending, 0)
    // As after a pause: the same run goes on, and the connection with it.
    gate.upstream = upstream
    stream.carried()
    t.equal(gate.inFlight, 1)
  },
)

t.test('a byte on a connection to a run that is over does not count for the next run', async (t) => {
  const { gate, clock, stream } = opened()
  await clock.advance(1000)
  gate.upstream = upstreamAt(1)
  stream.carried()
  t.equal(gate.acquired, 1)
})

t.test('it is released once, whatever comes in which order', async (t) => {
  const steps = {
    silence: async ({ clock }: ReturnType<typeof opened>) => clock.advance(1000),
    byte: async ({ stream }: ReturnType<typeof opened>) => stream.carried(),
    end: async ({ stream }: ReturnType<typeof opened>) => stream.release(),
  }
  const names = ['silence', 'byte', 'end'] as const
  const orders = names.flatMap((a) =>
    names.flatMap((b) => names.flatMap((c) => names.map((d) => [a, b, c, d]))),
  )
  for (const order of orders) {
    const one = opened()
    for (const name of order) await steps[name](one)
    await steps.end(one)
    await steps.byte(one)
    await steps.silence(one)
    t.equal(one.gate.inFlight, 0, order.join(', '))
    t.equal(one.clock.pending, 0, order.join(', '))
  }
})

t.test('silence in the very moment of the end, both ways round', async (t) => {
  for (const endFirst of [true, false]) {
    const upstream = upstreamAt(1)
    const gate = new FakeGate(upstream)
    const clock = new FakeClock()
    const ends: { now?: () => void } = {}
    if (endFirst) clock.setTimer(1000, () => ends.now?.())
    const lease = gate.tryAcquire()
    if (lease === null) throw new Error('not awake')
    const stream = new StreamLease(lease, { gate, clock, timeout: 1000 })
    if (!endFirst) clock.setTimer(1000, () => ends.now?.())
    ends.now = () => stream.release()
    await clock.advance(1000)
    stream.carried()
    t.equal(gate.acquired, 1)
    t.equal(gate.released, 1)
  }
})

const STREAMS = [
  {
    name: 'an upgraded connection',
    ask: message('GET / HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket'),
    answer: message('HTTP/1.1 101 OK', 'Connection: upgrade', 'Upgrade: websocket'),
  },
  {
    name: 'an event stream, and the request that goes on beside it',
    ask: message('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000') + 'x',
    answer: message('HTTP/1.1 200 OK', 'Content-Type: text/event-stream; charset=utf-8'),
  },
]

for (const { name, ask: request, answer } of STREAMS) {
  t.test(`${name}: counts while bytes pass in either direction`, async (t) => {
    const clock = new FakeClock()
    const app = await rawUpstream(t)
    const { ask, gate, metrics } = await rig(t, app.upstream, { clock })
    gate.service = { ...gate.service, streamIdleTimeout: 1000 }
    const client = await ask(request)
    const wire = await app.connection()
    await wire.until(HEAD)
    wire.send(answer)
    await client.until(HEAD)
    await clock.advance(999)
    t.equal(gate.inFlight, 1)
    await clock.advance(1)
    t.equal(gate.inFlight, 0, 'silent')
    t.equal(metrics.streams, 1, 'but open')

    wire.send('from the app')
    await client.until('from the app')
    t.equal(gate.inFlight, 1)
    await clock.advance(600)
    client.send('from the client')
    await wire.until('from the client')
    await clock.advance(999)
    t.equal(gate.inFlight, 1)
    await clock.advance(1)
    t.equal(gate.inFlight, 0)
    client.send('once more')
    await wire.until('once more')
    t.equal(gate.inFlight, 1)

    // A reload is for streams that are opened after it.
    gate.service = { ...gate.service, streamIdleTimeout: 0 }
    await clock.advance(1000)
    t.equal(gate.inFlight, 0)

    t.notOk(client.closed || client.ended)
    client.socket.resetAndDestroy()
    await eventually(() => metrics.streams === 0)
    t.equal(gate.inFlight, 0)
    t.equal(gate.released, 3)
  })

  t.test(`${name}: always counts without a timeout`, async (t) => {
    const clock = new FakeClock()
    const app = await rawUpstream(t)
    const { ask, gate } = await rig(t, app.upstream, { clock })
    const client = await ask(request)
    const wire = await app.connection()
    await wire.until(HEAD)
    wire.send(answer)
    await client.until(HEAD)
    // Neither does a timeout that a reload brings concern it.
    gate.service = { ...gate.service, streamIdleTimeout: 1000 }
    await clock.advance(1_000_000)
    wire.send('still there')
    await client.until('still there')
    t.equal(gate.inFlight, 1)
    client.socket.resetAndDestroy()
    await eventually(() => gate.inFlight === 0)
  })

  t.test(`${name}: an end while it is silent leaves nothing behind`, async (t) => {
    for (const side of ['client', 'app']) {
      const clock = new FakeClock()
      const app = await rawUpstream(t)
      const { ask, gate, metrics } = await rig(t, app.upstream, { clock })
      gate.service = { ...gate.service, streamIdleTimeout: 1000 }
      const client = await ask(request)
      const wire = await app.connection()
      await wire.until(HEAD)
      wire.send(answer)
      await client.until(HEAD)
      await clock.advance(1000)
      t.equal(gate.inFlight, 0)
      const ended = side === 'client' ? client : wire
      ended.socket.resetAndDestroy()
      await eventually(() => metrics.streams === 0)
      t.equal(gate.acquired, 1, side)
      t.equal(gate.released, 1, side)
    }
  })
}

t.test('a long answer that is no stream counts to its end', async (t) => {
  const clock = new FakeClock()
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, app.upstream, { clock })
  gate.service = { ...gate.service, streamIdleTimeout: 1000 }
  const client = await ask(message('GET / HTTP/1.1', 'Host: a'))
  const wire = await app.connection()
  await wire.until(HEAD)
  wire.send(message('HTTP/1.1 200 OK', 'Content-Length: 2') + 'o')
  await client.until('\r\n\r\no')
  await clock.advance(1_000_000)
  t.equal(gate.inFlight, 1)
  wire.send('k')
  await client.until('ok')
  await eventually(() => gate.inFlight === 0)
})
