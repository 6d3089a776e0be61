/**
 * Random schedules against the invariants of the lifecycle. A failure prints its seed and the shortest schedule that
 * still fails; WAKEDOCK_SEED replays a seed, WAKEDOCK_RUNS sets how many schedules are tried.
 */
import fc from 'fast-check'
import t from 'tap'
import { step } from '../../src/domain/lifecycle.ts'
import { actions } from './actions.ts'
import { Simulation } from './model.ts'
import { mutants } from './mutants.ts'

const seed = process.env['WAKEDOCK_SEED']
const numRuns = Number(process.env['WAKEDOCK_RUNS'] ?? 2_000)

const holdsFor = (lifecycle: typeof step): fc.IAsyncProperty<[Parameters<Simulation['run']>[0]]> =>
  fc.asyncProperty(actions, (schedule) => new Simulation(lifecycle).run(schedule))

t.test(`${numRuns} random schedules break no invariant`, async () => {
  await fc.assert(holdsFor(step), { numRuns, ...(seed !== undefined && { seed: Number(seed) }) })
})

for (const { breaks, invariant, lifecycle } of mutants) {
  t.test(`a lifecycle in which ${breaks} is caught`, async (t) => {
    const {
      failed,
      errorInstance,
      numRuns: tries,
    } = await fc.check(holdsFor(lifecycle), { numRuns: 3_000, endOnFailure: true, seed: 1 })
    t.ok(failed, `caught within ${tries} schedules`)
    t.match(errorInstance, { message: new RegExp(`^invariant (${invariant.join('|')}):`) })
  })
}
