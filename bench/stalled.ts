/**
 * What a body costs in memory that is under way and stands still: 20 MiB against 200 MiB, by who stops. Back-pressure has to make
 * both the same. Each sample is a new process: a heap that has grown stays.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { startWakeDock } from './contestants/proxy-wakedock.ts'
import { readMemory } from './process-memory.ts'
import { freePort } from './program.ts'
import { ask } from './proxy-check.ts'
import { figure, median, summarize, table } from './report.ts'
import { STALLS, startStallingApp, type Stall } from './stalled-transfer.ts'
import type { Workload } from './workload.ts'

const CYCLES = 5
/** Seconds for a process to come to rest after its start. */
const SETTLE = 1
const MIB = 2 ** 20
const SIZES = [20 * MIB, 200 * MIB] as const
const HOST = 'app.example.com'

/** MiB. */
interface StalledSample {
  readonly how: Stall
  readonly bytes: number
  /** RSS at rest, after one small request. */
  readonly before: number
  readonly stalled: number
  /** The most that was ever resident, the rest of the transfer included. */
  readonly peak: number
  /** Of the body, in the proxy and the kernel's buffers around it. */
  readonly inside: number
}

export const run: Workload = async ({ main, scope, progress, ...options }) => {
  const cycles = options.cycles ?? CYCLES
  const settle = options.settle ?? SETTLE
  const app = await startStallingApp(scope)

  async function measure(how: Stall, bytes: number): Promise<StalledSample> {
    await using own = new AsyncDisposableStack()
    const port = await freePort()
    const { pid } = await startWakeDock(
      { teardown: (callback) => own.defer(async () => void (await callback())) },
      { main, upstream: app.port, services: [[HOST]], core: 'any', place: port },
    )
    await ask('WakeDock', port, { host: HOST, path: '/' })
    await delay(settle * 1000)
    const before = readMemory(pid).rss
    const transfer = await app.stall(port, HOST, how, bytes)
    const stalled = readMemory(pid).rss
    await transfer.finish()
    return { how, bytes, before, stalled, peak: readMemory(pid).peak, inside: transfer.inside / MIB }
  }

  const samples: StalledSample[] = []
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    progress(`cycle ${cycle} of ${cycles}`)
    // All at once: processes that stand still do not disturb each other.
    const all = STALLS.flatMap((how) => SIZES.map((bytes) => measure(how, bytes)))
    samples.push(...(await Promise.all(all)))
  }
  const rows = STALLS.flatMap((how) => SIZES.map((bytes) => row(how, bytes, samples)))
  return [
    `One body through \`node dist/main.js\`, MiB of VmRSS: ${settle} s after the start, and when no byte has moved for a second. Then the transfer goes on, and every byte is counted. A client that writes no further stops at half. A new process for each sample.`,
    table(
      ['who stops', 'body MiB', 'n', 'RSS before', 'stalled', 'added', 'least to most', 'peak', 'under way'],
      rows,
    ),
  ].join('\n\n')
}

function row(how: Stall, bytes: number, samples: readonly StalledSample[]): readonly string[] {
  const those = samples.filter((one) => one.how === how && one.bytes === bytes)
  const added = summarize(those.map(({ before, stalled }) => stalled - before))
  const middle = (pick: (one: StalledSample) => number): string => figure(median(those.map(pick)))
  return [
    how,
    String(bytes / MIB),
    String(added.n),
    middle(({ before }) => before),
    middle(({ stalled }) => stalled),
    figure(added.median),
    `${figure(added.min)} to ${figure(added.max)}`,
    middle(({ peak }) => peak),
    middle(({ inside }) => inside),
  ]
}
