/**
 * What a wake costs beside the engine's start call and the app's own boot: WakeDock against the floor, on containers that
 * differ in nothing else. Contestants take turns, so that whatever else the machine does hits both alike. WakeDock
 * reaches the engine through a tap that times its calls; what the tap costs is counted against WakeDock.
 */
import type { Contestant, Wake } from './contestants/wake.ts'
import { createFloor, type FloorApp } from './contestants/wake-floor.ts'
import { createWakeDock, orderSleep } from './contestants/wake-wakedock.ts'
import { openEngineTap } from './engine-tap.ts'
import { runCheck } from './health-check.ts'
import { figure, spread, summarize } from './report.ts'
import { CASES, createApps, serviceOf, servicesOf, type WakeCase } from './wake-cases.ts'
import {
  callTable,
  differences,
  listeningTable,
  overheadTable,
  splitTable,
  type Result,
} from './wake-report.ts'
import type { Workload, WorkloadOptions } from './workload.ts'
import { startDaemon, type Daemon } from '../test/helpers/daemon.ts'
import { openDocker, type TestContainer, type TestDocker, until } from '../test/helpers/docker.ts'

const CYCLES = 20
/** Runs of a HEALTHCHECK that nothing else disturbs. */
const CHECKS = 50

export const run: Workload = async (options) => {
  const cycles = options.cycles ?? CYCLES
  const docker = await openDocker(options.scope)
  const { apps, floorApps } = await createApps(docker)
  const floor = createFloor(docker.socketPath, floorApps)

  const tap = await openEngineTap(options.scope, docker.socketPath)
  const daemon = await startWakeDock(options, apps, tap.host)
  const results = await race([createWakeDock(daemon, tap, apps), floor], cycles, options)
  await daemon.end()
  options.progress('the HEALTHCHECK alone')
  const check = await checkAlone(docker, floor, floorApps)

  const { Version } = await docker.api.version()
  return [
    method(Version, cycles, check),
    overheadTable(results),
    differences(results, CASES),
    'Without any definition of the start call: from the wish to the moment the engine is asked to start, and from the moment the app listens (its own clock) to the first byte:',
    listeningTable(results),
    'The split that WakeDock reports (`last_wake`), and what is left for the proxy before and after it, medians:',
    splitTable(results),
    'Calls to the engine during a wake, medians:',
    callTable(results),
  ].join('\n\n')
}

async function startWakeDock(
  { main, scope }: WorkloadOptions,
  apps: ReadonlyMap<WakeCase, TestContainer>,
  host: string,
): Promise<Daemon> {
  const config = `docker: { host: "${host}" }\n${servicesOf(apps)}`
  const daemon = await startDaemon(scope, { main, config })
  await until('the engine answers', async () => (await fetch(`${daemon.admin}/readyz`)).ok)
  // Its first sleep is not measured, but it has to be one to pause: what was never started cannot be.
  for (const one of apps.keys()) {
    if (one.mode !== 'pause') continue
    const name = serviceOf(one)
    await fetch(`${daemon.admin}/api/v1/services/${name}/wake?wait=true`, { method: 'POST' })
    await orderSleep(daemon, name)
  }
  return daemon
}

/** Everyone's wakes. One untimed round first: it fills the caches of the engine and of the compilers. */
async function race(
  contestants: readonly Contestant[],
  cycles: number,
  { progress }: WorkloadOptions,
): Promise<readonly Result[]> {
  const results = CASES.flatMap((of) =>
    contestants.map(({ name }) => ({ contestant: name, of, wakes: [] as Wake[] })),
  )
  for (let cycle = 0; cycle <= cycles; cycle += 1) {
    progress(cycle === 0 ? 'warming up' : `cycle ${cycle} of ${cycles}`)
    for (const of of CASES) {
      // Whoever comes second finds a warmer machine: they swap places every time.
      for (const contestant of cycle % 2 === 0 ? contestants : contestants.toReversed()) {
        const wake = await contestant.wake(of)
        await contestant.sleep(of)
        const result = results.find((one) => one.contestant === contestant.name && one.of === of)
        if (cycle > 0) result?.wakes.push(wake)
      }
    }
  }
  return results
}

/** What one run of the HEALTHCHECK takes in an app that is awake: milliseconds. */
async function checkAlone(
  docker: TestDocker,
  floor: Contestant,
  apps: ReadonlyMap<WakeCase, FloorApp>,
): Promise<readonly number[]> {
  const [one, app] = [...apps].find(([{ mode }]) => mode === 'health') ?? []
  if (one === undefined || app === undefined) return []
  await floor.wake(one)
  const times: number[] = []
  for (let count = 0; count < CHECKS; count += 1) {
    const from = performance.now()
    if (!(await runCheck(docker.socketPath, app.id))) throw new Error('the HEALTHCHECK of an awake app fails')
    times.push(performance.now() - from)
  }
  await floor.sleep(one)
  return times
}

function method(engine: string, cycles: number, check: readonly number[]): string {
  const alone = summarize(check)
  return [
    `Overhead = first byte − (start call + boot), in milliseconds; Docker Engine ${engine}, ${cycles} cycles each, interleaved.`,
    'Start call: the engine’s `POST /containers/ID/start` (a paused app: `unpause`), seen on its socket; in the column beside it, what',
    'WakeDock reports as `last_wake.start_ms`, which holds its own inspect calls too. Boot: from the start of the app’s process to',
    'listening, as the app reports it; 0 for a paused one. The process starts before the start call returns: what overlaps is subtracted',
    'twice, for both alike, so an overhead may be negative. The difference to the floor is what WakeDock adds. health: the floor runs the',
    'HEALTHCHECK by exec, back to back, until it passes, before its GET; one run of it, in an app that is awake, takes',
    `${figure(alone.median)} ms by itself (median of ${alone.n}, middle half ${spread(alone)}, p95 ${figure(alone.p95)}).`,
  ].join('\n')
}
