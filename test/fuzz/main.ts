/**
 * `npm run fuzz`: odd requests and odd answers through WakeDock's proxy, on raw sockets, until the time is up or something is
 * found. Exit code 0: nothing; 1: something, printed with its bytes; 2: wrong usage.
 *
 *   npm run fuzz -- --seconds 60 --seed 7
 *   npm run fuzz -- --seed 7 --replay 1234                one case of that seed
 *   npm run fuzz -- --replay '{"odd":"request", …}'       a case as a finding prints it
 */
import { parseArgs } from 'node:util'
import { makeCase, type Case } from './case.ts'
import { fuzz, tryCase, withSetting, type Finding } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    replay: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error('usage: npm run fuzz -- [--seconds 60] [--seed N] [--replay NUMBER|CASE]')
  process.exit(2)
}

const { replay } = values
const begun = performance.now()
const { done, finding } = await withSetting(async (setting) => {
  if (replay === undefined) return fuzz(setting, seed, () => performance.now() - begun > seconds * 1000)
  const given = /^\d+$/.test(replay) ? Number(replay) : null
  const each: Case = given === null ? JSON.parse(replay) : makeCase(seed, given)
  const found = await tryCase(setting, each)
  return { done: 1, finding: found && { seed, number: given, ...found } }
})
console.log(`seed ${seed}: ${done} cases in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
if (finding !== null) report(finding)
process.exit(finding === null ? 0 : 1)

function report({ number, fault, case: each }: Finding): void {
  console.log(`\nFOUND: ${fault.kind}\n${fault.details}\n`)
  console.log(
    `seed ${seed}, case ${number ?? 'as given'}; the ${each.odd === 'request' ? 'client' : 'upstream'} sends:`,
  )
  for (const piece of each.pieces) console.log(printed(piece))
  if (number !== null) console.log(`\nagain: npm run fuzz -- --seed ${seed} --replay ${number}`)
  console.log(`smallest: npm run fuzz -- --replay '${printed(each)}'`)
}

/** JSON that shows every character, and goes through a shell in single quotes. */
function printed(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /['\u007f-\u00ff]/g,
    (char) => `\\u00${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  )
}
