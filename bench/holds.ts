/**
 * What a held request costs: 1,000 of them wait for one cold service, with no body and with one of 64 KiB. Counted are the starts
 * in Docker's own record and the answers; measured is the RSS of the process before, while they are held, and after. The
 * floor is a bare node:http server that lets them wait. Every sample is a new process: a heap that has grown stays.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Holder } from './contestants/holds.ts'
import { startFloor } from './contestants/holds-floor.ts'
import { startWakeDock } from './contestants/holds-wakedock.ts'
import { sendAll } from './held-requests.ts'
import { holdTables, type HoldSample } from './holds-report.ts'
import { readMemory } from './process-memory.ts'
import type { Workload } from './workload.ts'
import { openDocker, until } from '../test/helpers/docker.ts'

const REQUESTS = 1000
const BODIES = [0, 65_536] as const
const CYCLES = 5
/** Seconds for a process to come to rest: after its start, and after the last answer. */
const SETTLE = 5
/** Milliseconds the app takes to boot: enough for every request to have come, and its body with it. */
const BOOT = 5000
/** Milliseconds from the last arrival to the measurement. */
const REST = 1000
const HOST = 'held.example.com'

export const run: Workload = async (options) => {
  const cycles = options.cycles ?? CYCLES
  const settle = options.settle ?? SETTLE
  const docker = await openDocker(options.scope)
  const app = await docker.create('held', { env: { BOOT_MS: String(BOOT) } })
  const contestants = [
    { who: 'WakeDock', open: () => startWakeDock(options, docker, app, HOST) },
    { who: 'floor', open: () => startFloor(options.scope) },
  ]
  const samples: HoldSample[] = []
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    for (const bytes of BODIES) {
      for (const { who, open } of cycle % 2 === 0 ? contestants : contestants.toReversed()) {
        options.progress(`cycle ${cycle} of ${cycles}: ${who}, bodies of ${bytes} bytes`)
        samples.push({ who, bytes, ...(await measure(await open(), bytes, settle)) })
      }
    }
  }
  const { Version } = await docker.api.version()
  return [method(Version, settle), ...holdTables(samples, REQUESTS, settle)].join('\n\n')
}

async function measure(holder: Holder, bytes: number, settle: number) {
  const memory = () => readMemory(holder.pid)
  await delay(settle * 1000)
  const before = memory()
  const body = bytes === 0 ? null : randomBytes(bytes)
  const sent = sendAll({ port: holder.port, host: HOST }, REQUESTS, body)
  // A failure is told where `sent` is awaited; until then it must not end the process.
  sent.catch(() => undefined)
  await until('all are held', async () => (await holder.held()) === REQUESTS, BOOT)
  await delay(REST)
  if ((await holder.held()) !== REQUESTS)
    throw new Error(`the app boots in ${BOOT} ms: too fast for this machine`)
  const held = memory()
  await holder.release()
  const answers = await sent
  const after = memory()
  await delay(settle * 1000)
  const late = memory()
  return { before, held, after, late, answers, starts: await holder.end() }
}

function method(engine: string, settle: number): string {
  return [
    `${REQUESTS} requests at once, each on a connection of its own, to a service that is asleep and boots in ${BOOT} ms; Docker Engine ${engine}.`,
    `GET without a body, and POST with one of 64 KiB, which has to come back as it was. MiB of \`node dist/main.js\` (VmRSS): ${settle} s after its`,
    `start; ${REST} ms after the last request has come, none answered; when all are answered; ${settle} s later; and the most it ever was. A`,
    'new process for each sample. The floor is a bare node:http server that lets the same requests wait, reads their bodies and answers',
    'by itself: it has no upstream, so that only its first three figures can be compared.',
  ].join('\n')
}
