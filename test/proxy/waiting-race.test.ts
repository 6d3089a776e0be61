/** The page against the real core, by the fake clock: a service that becomes ready around the end of hold_first. */
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import t from 'tap'
import { WakeDockError } from '../../src/errors.ts'
import { Admission } from '../../src/proxy/admission.ts'
import { createPeers } from '../../src/proxy/peers.ts'
import { sleeping } from '../helpers/world.ts'
import { Tally } from './rig.ts'

const HOLD_FIRST = 2_000

/** One navigation that is held for at most HOLD_FIRST, and what became of it. */
async function navigation() {
  const world = await sleeping()
  const { clock, activator } = world
  world.ready = () => false
  const outcomes: string[] = []
  const gate = activator.gate('blog')
  const admission: Admission = new Admission(
    { clock, peers: createPeers([]) },
    new IncomingMessage(new Socket()),
    {
      target: { host: 'a', authority: 'a', path: '/', body: 'none', length: null },
      match: { gate, metrics: new Tally(), prefix: '', ignores: null },
    },
    {
      held: () => admission.holdAtMost(HOLD_FIRST),
      admitted: () => outcomes.push('app'),
      refused: (error) => {
        outcomes.push(error instanceof WakeDockError ? error.code : String(error))
        admission.leave()
      },
    },
  )
  return { world, gate, admission, outcomes }
}

t.test('either the app or the page, whenever the service becomes ready', async (t) => {
  const seen = new Set<string>()
  for (let readyAt = HOLD_FIRST - 120; readyAt <= HOLD_FIRST + 120; readyAt += 5) {
    const { world, gate, admission, outcomes } = await navigation()
    // Made before the hold's own timer, and after it: at the same time, either may be first.
    const becomeReady = (): void => {
      world.ready = () => true
    }
    if (readyAt % 2 === 0) world.clock.setTimer(readyAt, becomeReady)
    admission.enter()
    if (readyAt % 2 !== 0) world.clock.setTimer(readyAt, becomeReady)
    await world.advance(HOLD_FIRST + 1_000)
    t.equal(outcomes.length, 1, `ready at ${readyAt}: ${outcomes.join(', ')}`)
    const [outcome = ''] = outcomes
    seen.add(outcome)
    t.equal(gate.snapshot().state, 'awake', 'the wake has gone on')
    t.equal(gate.snapshot().inFlight, outcome === 'app' ? 1 : 0)
    t.same(
      world.told('hold_ended').map((event) => event.outcome),
      [outcome === 'app' ? 'admitted' : 'page'],
    )
    admission.leave()
    t.equal(gate.snapshot().inFlight, 0)
    t.equal(gate.snapshot().held, 0)
  }
  t.same(seen, new Set(['app', 'WAKEDOCK_WAKE_TIMEOUT']))
})

t.test('ready in the same turn, before or after the end of the hold', async (t) => {
  for (const first of ['page', 'ready'] as const) {
    const { world, gate, admission, outcomes } = await navigation()
    admission.enter()
    await world.advance(HOLD_FIRST - 1)
    const upstream = world.provider.status(gate.service.target)
    if (upstream.state !== 'running') throw new Error('not running')
    const ready = (): void => gate.dispatch({ type: 'ready', upstream: upstream.upstream })
    // In one turn, without a promise in between.
    if (first === 'ready') ready()
    world.clock.setTimer(1, () => {
      if (first === 'page') ready()
    })
    await world.advance(1)
    t.same(outcomes, [first === 'ready' ? 'app' : 'WAKEDOCK_WAKE_TIMEOUT'])
    t.equal(gate.snapshot().state, 'awake')
    admission.leave()
    t.equal(gate.snapshot().inFlight, 0)
  }
})

t.test('the page at once: the wake is under way before anybody is refused', async (t) => {
  const { world, gate } = await navigation()
  const outcomes: string[] = []
  const admission: Admission = new Admission(
    { clock: world.clock, peers: createPeers([]) },
    new IncomingMessage(new Socket()),
    {
      target: { host: 'a', authority: 'a', path: '/', body: 'none', length: null },
      match: { gate, metrics: new Tally(), prefix: '', ignores: null },
    },
    {
      held: () => admission.holdAtMost(0),
      admitted: () => outcomes.push('app'),
      refused: () => outcomes.push(gate.snapshot().state),
    },
  )
  admission.enter()
  await world.settle()
  t.same(outcomes, ['waking'])
  t.match(world.told('hold_ended'), [{ outcome: 'page', heldMs: 0 }])
  world.ready = () => true
  await world.advance(1_000)
  t.equal(gate.snapshot().state, 'awake')
})
