/**
 * `npm run bench -- [NAME…]`: builds dist/ as production does, runs the named workloads (all of them by default) one after
 * the other, and prints the README's tables. Numbers are printed, never judged: a bench that fails on a slow machine
 * would be a test nobody trusts.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { load, machine } from './report.ts'
import type { Workload } from './workload.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const WORKLOADS: Readonly<Record<string, () => Promise<{ run: Workload }>>> = {
  wake: () => import('./wake.ts'),
  stack: () => import('./stack.ts'),
  holds: () => import('./holds.ts'),
  services: () => import('./services.ts'),
  memory: () => import('./memory.ts'),
  proxy: () => import('./proxy.ts'),
  websocket: () => import('./websocket.ts'),
  routes: () => import('./routes.ts'),
  chain: () => import('./chain.ts'),
  stalled: () => import('./stalled.ts'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cycles: { type: 'string' },
    settle: { type: 'string' },
    seconds: { type: 'string' },
    'no-build': { type: 'boolean' },
  },
})
const cycles = count('cycles', values.cycles)
const settle = count('settle', values.settle)
const seconds = count('seconds', values.seconds)

const names = positionals.length > 0 ? positionals : Object.keys(WORKLOADS)
const unknown = names.filter((name) => !Object.hasOwn(WORKLOADS, name))
if (unknown.length > 0) {
  throw new Error(`no workload ${unknown.join(', ')}: there are ${Object.keys(WORKLOADS).join(', ')}`)
}

if (values['no-build'] !== true || !existsSync(MAIN)) {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  })
}

for (const name of names) {
  const workload = await WORKLOADS[name]?.()
  if (workload === undefined) continue
  const before = load()
  // Whatever the workload opens is closed here, in reverse, also when it throws.
  await using scope = new AsyncDisposableStack()
  const text = await workload.run({
    main: MAIN,
    scope: { teardown: (callback) => scope.defer(async () => void (await callback())) },
    progress: (line) => void process.stderr.write(`${name}: ${line}\n`),
    ...(cycles !== undefined && { cycles }),
    ...(settle !== undefined && { settle }),
    ...(seconds !== undefined && { seconds }),
  })
  const day = new Date().toISOString().slice(0, 10)
  console.log(`## ${name}\n\n${day}, ${machine()}; load ${before} before and ${load()} after.\n\n${text}\n`)
}

function count(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${option} takes a whole number above 0, not ${value}`)
  return Number(value)
}
