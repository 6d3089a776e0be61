/** How held requests are let go: the rule alone, and then through the proxy, past more streams than any cap. */
import t from 'tap'
import { createPaces, Pace } from '../../src/proxy/pace.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { rig } from './rig.ts'
import { HEAD, OK, type Wire, eventually, message, rawUpstream, upstreamAt } from './wire.ts'

/** A pace with so many waiting; `started` lists them in order. */
function crowd(count: number) {
  const clock = new FakeClock()
  const pace = new Pace(clock)
  const started: number[] = []
  for (let i = 0; i < count; i++) pace.enter(() => started.push(i))
  return { clock, pace, started }
}

t.test('512 at once, then one for each that is answered, in order', async (t) => {
  const { clock, pace, started } = crowd(2000)
  t.equal(started.length, 512)
  for (let i = 0; i < 100; i++) pace.leave()
  t.same(
    started,
    Array.from({ length: 612 }, (_, i) => i),
  )
  for (let i = 0; i < 1900; i++) pace.leave()
  t.equal(started.length, 2000)
  t.equal(clock.pending, 0)
})

t.test(
  'a second without any answer makes room for as many again, and one with an answer does not',
  async (t) => {
    const { clock, pace, started } = crowd(2000)
    await clock.advance(999)
    t.equal(started.length, 512)
    await clock.advance(1)
    t.equal(started.length, 1024)
    pace.leave()
    t.equal(started.length, 1025)
    await clock.advance(1000)
    t.equal(started.length, 1025)
    await clock.advance(1000)
    t.equal(started.length, 1537)
    await clock.advance(1000)
    t.equal(started.length, 2000)
    t.equal(clock.pending, 0)
  },
)

t.test('the room is gone again with the crowd', async (t) => {
  const { clock, pace, started } = crowd(1000)
  await clock.advance(1000)
  t.equal(started.length, 1000)
  for (let i = 0; i < 1000; i++) pace.leave()
  for (let i = 0; i < 600; i++) pace.enter(() => started.push(i))
  t.equal(started.length, 1512)
})

t.test('starts that leave at once do not nest', async (t) => {
  const pace = new Pace(new FakeClock())
  let left = 0
  for (let i = 0; i < 512; i++) pace.enter(() => {})
  for (let i = 0; i < 100_000; i++)
    pace.enter(() => {
      left++
      pace.leave()
    })
  pace.leave()
  t.equal(left, 100_000)
})

t.test('each run of a target has its own', async (t) => {
  const paces = createPaces(new FakeClock())
  const upstream = upstreamAt(1)
  t.equal(paces.of(upstream), paces.of(upstream))
  t.not(paces.of(upstream), paces.of({ ...upstream }))
})

const GET = message('GET / HTTP/1.1', 'Host: a')
const STREAM = message('HTTP/1.1 200 OK', 'Content-Type: text/event-stream')

t.test('a request is not kept waiting by 600 open streams, held or not, nor by 600 long polls', async (t) => {
  for (const held of [true, false]) {
    for (const answer of [STREAM, '']) {
      const clock = new FakeClock()
      const app = await rawUpstream(t, (wire: Wire) => {
        wire.socket.on('data', () => {
          if (wire.received.endsWith(HEAD)) wire.send(wire.received.startsWith('GET /last') ? OK : answer)
        })
      })
      const { ask, gate } = await rig(t, held ? null : app.upstream, { clock })
      const first = held && answer === '' ? 512 : 600
      for (let i = 0; i < 600; i++) await ask(GET)
      if (held) {
        await gate.untilHeld(600)
        gate.wake(app.upstream)
      }
      await eventually(() => app.wires.filter((wire) => wire.received !== '').length >= first)
      // A long poll gives no sign of life: the others wait for it a second, and no longer.
      await clock.advance(1000)
      await eventually(() => app.wires.filter((wire) => wire.received !== '').length >= 600)
      const last = await ask(GET.replace('/ ', '/last '))
      t.match(await last.until('ok'), /^HTTP\/1.1 200/)
      t.equal(gate.inFlight, 600)
    }
  }
})

t.test('a held request whose client leaves while it waits for its turn is never sent', async (t) => {
  const app = await rawUpstream(t)
  const { ask, gate } = await rig(t, null, { clock: new FakeClock() })
  for (let i = 0; i < 512; i++) await ask(GET)
  await gate.untilHeld(512)
  const waiting = await ask(GET.replace('/ ', '/gone '))
  const behind = await ask(GET.replace('/ ', '/behind '))
  await gate.untilHeld(514)
  gate.wake(app.upstream)
  await eventually(() => app.wires.filter((wire) => wire.received !== '').length >= 512)
  waiting.socket.destroy()
  await eventually(() => gate.inFlight === 513)
  app.wires[0]?.send(OK)
  await eventually(() => app.wires.some((wire) => wire.received.includes('/behind')))
  t.notOk(app.wires.some((wire) => wire.received.includes('/gone')))
  t.notOk(behind.closed)
})
