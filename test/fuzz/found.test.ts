/** Every case that the fuzz has found is right now, and stays so. */
import t from 'tap'
import { FOUND } from './found.ts'
import { withSetting } from './fuzz.ts'
import { runCase } from './run-case.ts'

for (const [name, each] of FOUND)
  t.test(`not any more: ${name}`, async (t) => {
    const fault = await withSetting((setting) => runCase(setting, each))
    t.equal(fault, null)
  })
