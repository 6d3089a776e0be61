/** Runs schedules by the thousand, and says of one that breaks an invariant all that is needed to see it again. */
import fc from 'fast-check'
import type { Test } from 'tap'
import type { step } from '../../src/domain/lifecycle.ts'
import { scenarios, type Scenario } from './actions.ts'
import { races } from './races.ts'
import { Simulation } from './simulation.ts'

export const mixed: fc.Arbitrary<Scenario> = fc.oneof(scenarios, races)

/** Nothing in a schedule waits for the event loop: without a turn now and then no timeout and no output would come through. */
const TURN = 200

export function simulated(
  of: fc.Arbitrary<Scenario>,
  lifecycle?: typeof step,
): fc.IAsyncProperty<[Scenario]> {
  let runs = 0
  return fc.asyncProperty(of, async (scenario) => {
    if (++runs % TURN === 0) await new Promise((resolve) => void setImmediate(resolve))
    await new Simulation(scenario, lifecycle).run()
  })
}

/**
 * WAKEDOCK_RUNS sets how many schedules are tried; WAKEDOCK_SEED replays a seed, and with WAKEDOCK_PATH the very schedule. Both
 * are printed whatever happens.
 */
export async function breaksNothing(t: Test, file: string, of: fc.Arbitrary<Scenario>): Promise<void> {
  const env = process.env
  const numRuns = Number(env['WAKEDOCK_RUNS'] ?? 10_000)
  const seed = Number(env['WAKEDOCK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const path = env['WAKEDOCK_PATH']
  const began = performance.now()
  const result = await fc.check(simulated(of), { numRuns, seed, ...(path !== undefined && { path }) })
  const each = (performance.now() - began) / Math.max(1, result.numRuns)
  t.comment(`seed ${seed}: ${result.numRuns} schedules, ${each.toFixed(2)} ms each`)
  if (!result.failed) {
    t.pass(`${result.numRuns} schedules from seed ${seed}`)
    return
  }
  const { schedule = [], ...rest } = result.counterexample?.[0] ?? {}
  t.comment(`${String(result.errorInstance)}\n${JSON.stringify(rest)}`)
  for (const action of schedule) t.comment(`  ${JSON.stringify(action)}`)
  t.comment('Replay it with:')
  const replay = `WAKEDOCK_SEED=${seed} WAKEDOCK_PATH=${result.counterexamplePath}`
  t.comment(`  ${replay} npx tap run --disable-coverage --reporter=tap ${file}`)
  t.fail(`${String(result.errorInstance)}; ${replay}`)
}
