/**
 * What many services cost: 1,000 sleeping container services beside a single one. Time, CPU and questions to the engine for a start, for a
 * reload and for a resync after the engine was away; what it costs when nothing happens; and its memory.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { readCpu } from './process-cpu.ts'
import { readMemory, type Memory } from './process-memory.ts'
import { servicesTables, type ServicesSample } from './services-report.ts'
import { startWatched, type WatchedDaemon } from './watched-daemon.ts'
import type { Workload } from './workload.ts'
import { openDocker, type TestDocker } from '../test/helpers/docker.ts'

const COUNTS = [1, 1000] as const
/** Containers that exist. Of the others the engine says that there are none, which is as good an answer. */
const EXISTING = 100
const CYCLES = 3
/** Seconds without anything to do. */
const SETTLE = 60
/** Milliseconds from the last move until nothing happens any more: compilers and garbage collectors come after it. */
const CALM = 5000
/** Reads of the admin API. */
const READS = 5

export const run: Workload = async (options) => {
  const cycles = options.cycles ?? CYCLES
  const settle = options.settle ?? SETTLE
  const docker = await openDocker(options.scope)
  options.progress(`creating ${EXISTING} containers`)
  for (let index = 0; index < EXISTING; index += 1) await docker.create(containerOf(index))

  const samples: (Pick<ServicesSample, 'count' | 'moves' | 'early'> & { watched: WatchedDaemon })[] = []
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    for (const count of COUNTS) {
      options.progress(`cycle ${cycle} of ${cycles}: ${count} services`)
      const watched = await startWatched(options, docker, services(docker, count))
      const early = readMemory(watched.pid)
      samples.push({ count, early, watched, moves: await moves(watched, docker, count) })
    }
  }
  options.progress(`nothing for ${settle} s`)
  // All at once: an idle process does not disturb another one.
  const rested = await Promise.all(samples.map(({ watched }) => rest(watched.pid, settle)))
  options.progress('reads')
  const all: ServicesSample[] = []
  for (const [index, { watched, ...sample }] of samples.entries()) {
    const idle = rested[index]
    if (idle === undefined) continue
    // Last: the answers need memory, which is not the services'.
    const list = await read(`${watched.daemon.admin}/api/v1/services`)
    const scrape = await read(`${watched.daemon.admin}/metrics`)
    all.push({ ...sample, ...idle, list, scrape, read: readMemory(watched.pid) })
  }
  const { Version } = await docker.api.version()
  return [method(Version, settle), ...servicesTables(all, settle)].join('\n\n')
}

async function moves({ start, ...watched }: WatchedDaemon, docker: TestDocker, count: number) {
  const one = await watched.reload(services(docker, count, { first: '16m' }))
  const all = await watched.reload(services(docker, count, { every: '17m' }))
  return { start, one, all, resync: await watched.resync() }
}

/** YAML. */
function services(docker: TestDocker, count: number, idle: { first?: string; every?: string } = {}): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const own = index === 0 && idle.first !== undefined ? `, idle_timeout: ${idle.first}` : ''
    const name = `s${index}`
    return `  ${name}: { hosts: ${name}.example.com, container: ${docker.name(containerOf(index))}${own} }`
  })
  return `defaults: { idle_timeout: ${idle.every ?? '15m'} }\nservices:\n${lines.join('\n')}\n`
}

function containerOf(index: number): string {
  return `many-${index}`
}

/** Milliseconds, and KiB of the answer. */
async function read(url: string): Promise<{ times: readonly number[]; size: number }> {
  const times: number[] = []
  let size = 0
  for (let count = 0; count < READS; count += 1) {
    const from = performance.now()
    size = (await (await fetch(url)).arrayBuffer()).byteLength / 1024
    times.push(performance.now() - from)
  }
  return { times, size }
}

/** Percent of a core while nothing happens, and the memory at the end. */
async function rest(pid: number, seconds: number): Promise<{ late: Memory; asleep: number }> {
  await delay(CALM)
  const before = readCpu(pid)
  const from = performance.now()
  await delay(seconds * 1000)
  const asleep = ((readCpu(pid) - before) / (performance.now() - from)) * 100
  return { late: readMemory(pid), asleep }
}

function method(engine: string, settle: number): string {
  return [
    `\`node dist/main.js\` with 1 and with 1,000 container services, all asleep; ${EXISTING} of the containers exist, of the others the engine says that`,
    `there are none; Docker Engine ${engine}. A new process for each sample. start: from the spawn; done: /readyz answers 200. reload: from saving`,
    'the file, of which 100 ms are the quiet that is waited for; done: it is in force; changed is idle_timeout, of one service or of all. resync:',
    'the engine’s socket was away; from the first call that gets through; done: /readyz answers 200 again. quiet: the last question to the engine',
    'was asked. CPU: utime + stime until then. stall: the longest that a request to the proxy, for a host that nobody has, took meanwhile.',
    `Asleep: over ${settle} s in which nothing happens.`,
  ].join('\n')
}
