/** Every case that the fuzz has found is right now, and stays so. */
import t from 'tap'
import { FOUND, RIGHT } from './found.ts'
import { withSetting } from './fuzz.ts'
import { runCase } from './run-case.ts'

for (const [name, each] of FOUND)
  t.test(`not any more: ${name}`, async (t) => {
    const faults = await withSetting(async (setting) => {
      // First the upstream gets a connection that is kept: many of them show only where nothing has to be waited for.
      const before = await runCase(setting, RIGHT)
      return [before, await runCase(setting, each)]
    })
    t.same(faults, [null, null])
  })
