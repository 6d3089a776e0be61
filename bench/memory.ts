/**
 * What WakeDock holds in memory when it has nothing to do: 20 sleeping container services on a real engine, right after the
 * start and when idle. Beside it what each library costs to load, to say where the memory is. Figures come from
 * /proc/PID/status: RSS is what an admin's tools show; its anonymous part is what the process costs beside the node
 * binary, whose pages every Node process of a machine shares.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { importCosts } from './import-cost.ts'
import { readMemory, startProcess, type Memory } from './process-memory.ts'
import { figure, median, spread, summarize, table } from './report.ts'
import type { Workload, WorkloadOptions } from './workload.ts'
import { openDocker } from '../test/helpers/docker.ts'

const SERVICES = 20
/** Seconds. */
const SETTLE = 60
/** Processes of each variant, and measurements of each import. */
const CYCLES = 5

interface Variant {
  readonly name: string
  readonly format: 'json' | 'pretty'
  /** For node itself. */
  readonly flags: readonly string[]
}

/** As the image and `npm start` run it: src/memory.ts. */
const FLAGS = ['--max-semi-space-size=8']

const VARIANTS: readonly Variant[] = [
  { name: 'log format json (no terminal)', format: 'json', flags: FLAGS },
  { name: 'log format pretty', format: 'pretty', flags: FLAGS },
]

export const run: Workload = async (options) => {
  const cycles = options.cycles ?? CYCLES
  const settle = options.settle ?? SETTLE
  const docker = await openDocker(options.scope)
  const names: string[] = []
  for (let index = 0; index < SERVICES; index += 1) names.push((await docker.create(`memory-${index}`)).name)
  const services = names.map(
    (name, index) => `  s${index}: { hosts: s${index}.example.com, container: ${name} }`,
  )
  const config = `docker: { host: "${docker.host}" }\nservices:\n${services.join('\n')}\n`

  // Imports first: 20 idle daemons would not disturb them, but starting them would.
  options.progress('imports')
  const costs = await importCosts(cycles)
  const samples = await idle(options, config, cycles, settle)
  const rows = samples.map(({ name, early, late }) => {
    const idleRss = summarize(late.map(({ rss }) => rss))
    return [
      name,
      String(idleRss.n),
      figure(median(early.map(({ rss }) => rss))),
      figure(idleRss.median),
      figure(idleRss.p95),
      spread(idleRss),
      figure(median(late.map(({ anon }) => anon))),
    ]
  })
  return [
    `MiB of \`node dist/main.js\` with ${SERVICES} container services, none of them running, right after the start and ${settle} s later.`,
    table(
      ['variant', 'n', 'RSS at start', `RSS after ${settle} s`, 'p95', 'middle half', 'of it anonymous'],
      rows,
    ),
    `What loading a library adds to the RSS of a bare node process, MiB, medians of ${cycles}; alone, and after those above it:`,
    table(
      ['module', 'alone', 'on top'],
      costs.map(({ name, alone, onTop }) => [name, figure(alone), figure(onTop)]),
    ),
  ].join('\n\n')
}

/** All variants at once: an idle process does not disturb another one. They start one after the other. */
async function idle(
  { main, scope, progress }: WorkloadOptions,
  config: string,
  cycles: number,
  settle: number,
): Promise<{ name: string; early: Memory[]; late: Memory[] }[]> {
  const all = VARIANTS.map(({ name }) => ({ name, early: [] as Memory[], late: [] as Memory[] }))
  const started: { pid: number; at: number; late: Memory[] }[] = []
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (const [index, { format, flags }] of VARIANTS.entries()) {
      progress(`start ${cycle * VARIANTS.length + index + 1} of ${cycles * VARIANTS.length}`)
      const pid = await startProcess(scope, { main, flags, config: `log: { format: ${format} }\n${config}` })
      all[index]?.early.push(readMemory(pid))
      started.push({ pid, at: performance.now(), late: all[index]?.late ?? [] })
    }
  }
  progress(`waiting ${settle} s`)
  for (const { pid, at, late } of started) {
    await delay(Math.max(0, at + settle * 1000 - performance.now()))
    late.push(readMemory(pid))
  }
  return all
}
