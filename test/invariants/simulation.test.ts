/** Schedules of anything that may happen, in any order, over every cast. */
import t from 'tap'
import { scenarios } from './actions.ts'
import { breaksNothing } from './check.ts'

t.test('random schedules break no invariant', (t) =>
  breaksNothing(t, 'test/invariants/simulation.test.ts', scenarios),
)
