/** How a request gets in, against a gate: what is held when, and what is given back. The proxy itself is in hold and retry. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import type { Upstream } from '../../src/domain/ports.ts'
import { WakeDockError } from '../../src/errors.ts'
import { Admission } from '../../src/proxy/admission.ts'
import { createPeers } from '../../src/proxy/peers.ts'
import { FakeClock, settled } from '../helpers/fake-clock.ts'
import { FakeGate, Tally } from './rig.ts'
import { upstreamAt } from './wire.ts'

/** A request before a gate. `log` is what it is told: "held", the port it may go to, or a code. */
function arrival(upstream: Upstream | null, ignored = false) {
  const gate = new FakeGate(upstream)
  const clock = new FakeClock()
  const log: string[] = []
  /** Leases at each of these. */
  const inUse: number[] = []
  const tell = (what: string): void => {
    log.push(what)
    inUse.push(gate.inFlight)
  }
  const admission = new Admission(
    { clock, peers: createPeers([]) },
    new IncomingMessage(new Socket()),
    {
      target: { host: 'a', authority: 'a', path: '/?x', body: 'none', length: null },
      match: { gate, metrics: new Tally(), prefix: '', ignores: () => ignored },
    },
    {
      held: () => tell('held'),
      admitted: ({ port }) => tell(`to ${port}`),
      refused: (error) => tell(error instanceof WakeDockError ? error.code : String(error)),
    },
  )
  return { gate, clock, admission, log, inUse }
}

t.test('an awake service: one lease, until it leaves', async (t) => {
  const { gate, admission, log } = arrival(upstreamAt(1))
  admission.enter()
  t.same(log, ['to 1'])
  t.equal(gate.inFlight, 1)
  t.same(admission.timing(), [])
  admission.leave()
  admission.leave()
  t.equal(gate.inFlight, 0)
})

t.test('a sleeping one: a hold, and how long it took', async (t) => {
  const { gate, clock, admission, log } = arrival(null)
  admission.enter()
  t.same(log, ['held'])
  await clock.advance(412)
  gate.wake(upstreamAt(1))
  await settled()
  t.same(log, ['held', 'to 1'])
  t.same(admission.timing(), ['Server-Timing', 'wake;dur=412'])
  admission.leave()
  t.equal(gate.inFlight, 0)
})

t.test('a retry keeps the service in use all along', async (t) => {
  const [here, there] = [upstreamAt(1), upstreamAt(2)]
  const cases = [
    { name: 'it runs after all', after: here, acquired: 1, log: ['to 1', 'to 1'], inUse: [1, 1] },
    { name: 'it has moved', after: there, acquired: 2, log: ['to 1', 'to 2'], inUse: [1, 1] },
    { name: 'it has stopped', after: null, acquired: 1, log: ['to 1', 'held'], inUse: [1, 0] },
  ]
  for (const { name, after, acquired, log, inUse } of cases) {
    const one = arrival(here)
    one.admission.enter()
    one.gate.onVerify = (upstream) => {
      t.equal(upstream, here)
      t.equal(one.gate.inFlight, 1, `${name}: while it is asked`)
      one.gate.upstream = after
    }
    await one.admission.again()
    t.same(one.log, log, name)
    t.same(one.inUse, inUse, `${name}: leases`)
    t.equal(one.gate.acquired, acquired, name)
    t.ok(one.gate.fewest > 0, `${name}: never without a lease or a hold`)
    one.admission.leave()
    t.equal(one.gate.inFlight, 0, name)
  }
})

t.test('a client that leaves while the provider is asked is not let in again', async (t) => {
  const { gate, admission, log } = arrival(upstreamAt(1))
  admission.enter()
  const asked = Promise.withResolvers<void>()
  gate.onVerify = () => asked.promise
  const again = admission.again()
  admission.leave()
  t.equal(gate.inFlight, 0)
  asked.resolve()
  await again
  t.same(log, ['to 1'])
  t.equal(gate.acquired, 1)
})

t.test(
  'a client that leaves while held, or in the moment of its admission, takes nothing along',
  async (t) => {
    for (const admitsAtAbort of [false, true]) {
      const { gate, admission, log } = arrival(null)
      admission.enter()
      gate.admitsAtAbort = admitsAtAbort
      gate.upstream = upstreamAt(1)
      admission.leave()
      await settled()
      t.same(log, ['held'])
      t.equal(gate.aborted, 1)
      t.equal(gate.acquired, admitsAtAbort ? 1 : 0)
      t.equal(gate.inFlight, 0)
    }
  },
)

t.test('an ignored request takes no lease and waits for nothing', async (t) => {
  const awake = arrival(upstreamAt(1), true)
  awake.admission.enter()
  t.same(awake.log, ['to 1'])
  t.equal(awake.admission.stream(), null, 'nor does a stream of it')
  awake.gate.onVerify = () => {
    awake.gate.upstream = upstreamAt(2)
  }
  await awake.admission.again()
  t.same(awake.log, ['to 1', 'to 2'])
  awake.gate.onVerify = () => {
    awake.gate.upstream = null
  }
  await awake.admission.again()
  t.same(awake.log, ['to 1', 'to 2', 'WAKEDOCK_NOT_WOKEN'])
  t.equal(awake.gate.verified, 2)
  awake.admission.leave()

  const asleep = arrival(null, true)
  asleep.admission.enter()
  t.same(asleep.log, ['WAKEDOCK_NOT_WOKEN'])
  t.notOk(asleep.admission.cold)

  for (const { gate } of [awake, asleep]) {
    t.equal(gate.acquired, 0)
    t.equal(gate.held.length, 0)
    t.equal(gate.released, 0)
  }
})

t.test('what goes wrong while it enters again is answered', async (t) => {
  const { gate, admission, log } = arrival(upstreamAt(1))
  admission.enter()
  gate.onVerify = () => {
    throw new Error('a bug')
  }
  await admission.again()
  t.same(log, ['to 1', 'Error: a bug'])
  admission.leave()
  t.equal(gate.inFlight, 0)
})

t.test('a stream is watched where silence matters, and not after the end', async (t) => {
  for (const [streamIdleTimeout, left, watched] of [
    [0, false, false],
    [1000, false, true],
    [1000, true, false],
  ] as const) {
    const { gate, clock, admission } = arrival(upstreamAt(1))
    gate.service = { ...gate.service, streamIdleTimeout }
    admission.enter()
    if (left) admission.leave()
    t.equal(admission.stream() !== null, watched)
    await clock.advance(1000)
    t.equal(gate.inFlight, watched || left ? 0 : 1)
    admission.leave()
    t.equal(gate.inFlight, 0)
    t.equal(clock.pending, 0)
  }
})
