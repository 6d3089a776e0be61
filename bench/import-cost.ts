/**
 * What loading a module costs in memory. Each figure is a process of its own that loads and then reads its own RSS: in one
 * process, what the first module has made room for would be the second one's for nothing.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseMemory } from './process-memory.ts'
import { median } from './report.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** In the order in which WakeDock first needs them; the last is the whole of it. */
const MODULES = [
  ['yaml'],
  ['ajv'],
  ['ipaddr.js'],
  ['pino'],
  ['lru-cache'],
  ['undici'],
  ['node:http'],
  ['prom-client'],
  ['fastify'],
  ['http-proxy-3'],
  ['dockerode'],
  ['dist/daemon.js', './dist/daemon.js'],
] as const

export interface ImportCost {
  readonly name: string
  /** MiB above a process that loads nothing. */
  readonly alone: number
  /** MiB above one that has loaded everything earlier in the list. */
  readonly onTop: number
}

/** Medians of `cycles` processes each, interleaved. */
export async function importCosts(cycles: number): Promise<readonly ImportCost[]> {
  const modules: { name: string; specifier: string }[] = MODULES.map(([name, specifier = name]) => ({
    name,
    specifier,
  }))
  const bare: number[] = []
  const all = modules.map(({ name, specifier }, index) => ({
    name,
    alone: [specifier],
    together: modules.slice(0, index + 1).map((each) => each.specifier),
    aloneSample: [] as number[],
    togetherSample: [] as number[],
  }))
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    bare.push(await residentAfter([]))
    for (const one of all) {
      one.aloneSample.push(await residentAfter(one.alone))
      one.togetherSample.push(await residentAfter(one.together))
    }
  }
  const nothing = median(bare)
  let before = nothing
  return all.map(({ name, aloneSample, togetherSample }) => {
    const together = median(togetherSample)
    const onTop = together - before
    before = together
    return { name, alone: median(aloneSample) - nothing, onTop }
  })
}

/** MiB of RSS of a process that has loaded these and waited a moment. */
async function residentAfter(specifiers: readonly string[]): Promise<number> {
  const script = [
    ...specifiers.map((specifier) => `await import(${JSON.stringify(specifier)})`),
    "const { readFileSync } = await import('node:fs')",
    'await new Promise((resolve) => setTimeout(resolve, 100))',
    "process.stdout.write(readFileSync('/proc/self/status', 'utf8'))",
  ]
  const args = ['--input-type=module', '--eval', script.join('\n')]
  const { stdout } = await run(process.execPath, args, { cwd: ROOT })
  return parseMemory(stdout).rss
}
