/** What the waiting page is told of a service: its phase, its time, and when to ask again. */
import t from 'tap'
import type { ServiceSnapshot } from '../../src/domain/gate.ts'
import { viewOf } from '../../src/proxy/waiting-view.ts'
import { FAILURE, NOW, snapshot } from '../helpers/fake-control.ts'

const waking = (phase: 'needs' | 'start' | 'ready', since = NOW): Partial<ServiceSnapshot> => ({
  state: 'waking',
  waking: { since, phase },
})
const failed = (retryAt: number | null): Partial<ServiceSnapshot> => ({
  state: 'failed',
  failure: { ...FAILURE, retryAt },
})

t.test('the phases', async (t) => {
  const cases: [Partial<ServiceSnapshot>, phase: string, reason?: string][] = [
    [waking('needs'), 'needs'],
    [waking('start'), 'starting'],
    [waking('ready'), 'waiting'],
    [{ state: 'stopping' }, 'starting'],
    [{ state: 'awake' }, 'ready'],
    [{ state: 'draining' }, 'ready'],
    [{ state: 'asleep' }, 'asleep'],
    [failed(NOW + 1), 'failed', 'exited'],
    // Of an earlier attempt of this wake: it is tried again already.
    [{ ...waking('start'), failure: FAILURE }, 'starting'],
  ]
  for (const [changes, phase, reason = null] of cases)
    t.match(viewOf(snapshot('blog', changes), { estimate: null, now: NOW }), { phase, reason }, phase)
})

t.test('how long it has taken, and when to ask again', async (t) => {
  const s = 1_000
  const cases: [
    name: string,
    Partial<ServiceSnapshot>,
    estimate: number | null,
    elapsed: number,
    retryIn: number,
  ][] = [
    ['nothing is known', waking('start'), null, 0, 3 * s],
    ['the estimate says when', waking('start', NOW - 2 * s), 10 * s, 2 * s, 8 * s],
    ['not sooner than in a second', waking('start', NOW - 9.9 * s), 10 * s, 9.9 * s, s],
    ['past it, the slower the longer it takes', waking('ready', NOW - 40 * s), 10 * s, 40 * s, 10 * s],
    ['a little past it', waking('ready', NOW - 2 * s), s, 2 * s, s],
    ['but not for ever', waking('ready', NOW - 600 * s), 10 * s, 600 * s, 30 * s],
    ['a long estimate is no reason to wait for all of it', waking('start'), 300 * s, 0, 30 * s],
    ['the wall clock was set back', waking('start', NOW + 5 * s), 10 * s, 0, 10 * s],
    ['a failure has its own time', failed(NOW + 45 * s), 10 * s, 0, 45 * s],
    ['which may have come', failed(null), 10 * s, 0, s],
    ['ready: at once', { state: 'awake' }, 10 * s, 0, s],
    ['asleep: soon', { state: 'asleep' }, 10 * s, 0, s],
  ]
  for (const [name, changes, estimate, elapsed, retryIn] of cases)
    t.match(viewOf(snapshot('blog', changes), { estimate, now: NOW }), { elapsed, retryIn, estimate }, name)
})
