/**
 * `npm test`: type check, lint, format check, then every test; prints a line for each file, what failed and what was skipped
 * with its reason, and last, alone on its line, "N passed, N failed". Arguments are handed to tap: `npm test -- FILE`
 * runs that file only.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ["the dashboard's types", 'tsc', '--noEmit', '-p', 'src/dashboard'],
  ['lint', 'oxlint', '--type-aware'],
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
]

for (const [name, command = '', ...args] of CHECKS) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}\n`)
  if (status === 0) continue
  process.stdout.write(`${stdout}${stderr}`)
  process.exit(1)
}

const files = process.argv.slice(2)
const tap = spawn(
  'tap',
  [
    'run',
    '--reporter=tap',
    '--disable-coverage',
    '--jobs=2',
    '--timeout=300',
    ...(files.length > 0 ? files : ['test/**/*.test.ts']),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)

let passed = 0
let failed = 0
let skipped = 0
/** Lines of the file that runs, without what went well. */
let notable: string[] = []

for await (const line of createInterface({ input: tap.stdout })) {
  const assert = /^ {4}\s*(?<not>not )?ok \d+(?: - )?(?<name>.*)/.exec(line)
  const file = /^(?<not>not )?ok \d+ - (?<name>\S+)(?:.*# time=(?<ms>[\d.]+)ms)?/.exec(line)
  const summary =
    /^# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?(?:, todo: (\d+))?(?:, skip: (\d+))?/.exec(line)
  if (file?.groups !== undefined) {
    const { not, name = '', ms = '0' } = file.groups
    process.stdout.write(
      `${not === undefined ? 'ok    ' : 'FAILED'} ${name} (${(Number(ms) / 1000).toFixed(1)} s)\n`,
    )
    const shown = not === undefined ? notable.filter((each) => /# SKIP|# seed /.test(each)) : notable
    for (const each of shown) process.stdout.write(`${each}\n`)
    notable = []
  } else if (summary !== null) {
    passed = Number(summary[2] ?? 0)
    failed = Number(summary[3] ?? 0)
    skipped = Number(summary[5] ?? 0)
  } else if (
    assert?.groups?.['not'] !== undefined ||
    line.includes('# SKIP') ||
    (assert === null && /^ {4}/.test(line))
  ) {
    if (!/^\s*(?:# Subtest|1\.\.\d+|# time|# \{)/.test(line) && line.trim() !== '') notable.push(line)
  }
}

const code = await new Promise<number>((resolve) => {
  if (tap.exitCode !== null) resolve(tap.exitCode)
  else tap.once('close', (status) => resolve(status ?? 1))
})
if (skipped > 0) process.stdout.write(`${skipped} skipped, each for the reason given above\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = code
