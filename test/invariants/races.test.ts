/** Short schedules around the races that are known by name. A file of its own: so it runs beside the other one. */
import t from 'tap'
import { breaksNothing } from './check.ts'
import { races } from './races.ts'

t.test('schedules around the known races break no invariant', (t) =>
  breaksNothing(t, 'test/invariants/races.test.ts', races),
)
