/** The simulation catches every mutant, by the right invariant, within a bounded number of schedules from a fixed seed. */
import fc from 'fast-check'
import t from 'tap'
import { faultyParts } from './faulty-parts.ts'
import { lifecycles } from './mutants.ts'
import { mixed, simulated } from './check.ts'

/** A rule that needs more schedules than this to be seen broken is not one that CI watches over. */
const SCHEDULES = 3_000

for (const { breaks, invariant, lifecycle, install } of [...lifecycles, ...faultyParts]) {
  t.test(`a core in which ${breaks} is caught`, async (t) => {
    const restore = install?.()
    const { failed, errorInstance, numRuns } = await fc.check(simulated(mixed, lifecycle), {
      numRuns: SCHEDULES,
      endOnFailure: true,
      seed: 1,
    })
    restore?.()
    t.ok(failed, `caught within ${numRuns} schedules`)
    t.match(errorInstance, { message: new RegExp(`^invariant (${invariant.join('|')}):`) })
  })
}
