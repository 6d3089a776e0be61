/**
 * What a wake costs beside the engine's start call and the app's own boot: WakeDock against the floor, on containers that
 * differ in nothing else. Contestants take turns, so that whatever else the machine does hits both alike. WakeDock
 * reaches the engine through a tap that times its calls; what the tap costs is counted against WakeDock.
 */
import type { Contestant, Wake } from './contestants/wake.ts'
import { createFloor, type FloorApp } from './contestants/wake-floor.ts'
import { createWakeDock, serviceOf } from './contestants/wake-wakedock.ts'
import { openEngineTap } from './engine-tap.ts'
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

/** Milliseconds the apps wait before they listen; Node's own start comes on top, and they report the sum. */
const BOOTS = [0, 200, 1000] as const
const CYCLES = 20
/** RFC 2544 sets 198.18.0.0/15 aside for benchmarks: no network of the machine has it. */
const SUBNET = '198.18.77.0/24'

export const run: Workload = async (options) => {
  const cycles = options.cycles ?? CYCLES
  const docker = await openDocker(options.scope)
  const { apps, floorApps } = await createApps(docker)
  const floor = createFloor(docker.socketPath, floorApps)

  const tap = await openEngineTap(options.scope, docker.socketPath)
  const daemon = await startWakeDock(options, apps, tap.host)
  const results = await race([createWakeDock(daemon, tap, apps), floor], cycles, options)
  await daemon.end()

  const { Version } = await docker.api.version()
  return [
    method(Version, cycles),
    overheadTable(results),
    differences(results, BOOTS),
    'Without any definition of the start call: from the wish to the moment the engine is asked to start, and from the moment the app listens (its own clock) to the first byte:',
    listeningTable(results),
    'The split that WakeDock reports (`last_wake`), and what is left for the proxy before and after it, medians:',
    splitTable(results),
    'Calls to the engine during a wake, medians:',
    callTable(results),
  ].join('\n\n')
}

/** Two containers for each boot time: one for WakeDock, one, at a fixed address, that WakeDock has not heard of. */
async function createApps(docker: TestDocker) {
  const network = await docker.network('wake', { IPAM: { Driver: 'default', Config: [{ Subnet: SUBNET }] } })
  const apps = new Map<number, TestContainer>()
  const floorApps = new Map<number, FloorApp>()
  for (const [index, bootMs] of BOOTS.entries()) {
    const options = { env: { BOOT_MS: String(bootMs) }, host: { NetworkMode: network } }
    apps.set(bootMs, await docker.create(`wakedock-${bootMs}`, options))
    const { id } = await docker.create(`floor-${bootMs}`, options)
    const host = SUBNET.replace(/\d+\/\d+$/, String(200 + index))
    const endpoint = { IPAMConfig: { IPv4Address: host } }
    await docker.api.getNetwork(network).disconnect({ Container: id })
    await docker.api.getNetwork(network).connect({ Container: id, EndpointConfig: endpoint })
    floorApps.set(bootMs, { id, host, port: 3000 })
  }
  return { apps, floorApps }
}

async function startWakeDock(
  { main, scope }: WorkloadOptions,
  apps: ReadonlyMap<number, TestContainer>,
  host: string,
): Promise<Daemon> {
  const services = [...apps].map(
    ([bootMs, { name }]) =>
      `  ${serviceOf(bootMs)}: { hosts: ${serviceOf(bootMs)}.example.com, container: ${name} }`,
  )
  const config = `docker: { host: "${host}" }\nservices:\n${services.join('\n')}\n`
  const daemon = await startDaemon(scope, { main, config })
  await until('the engine answers', async () => (await fetch(`${daemon.admin}/readyz`)).ok)
  return daemon
}

/** Everyone's wakes. One untimed round first: it fills the caches of the engine and of the compilers. */
async function race(
  contestants: readonly Contestant[],
  cycles: number,
  { progress }: WorkloadOptions,
): Promise<readonly Result[]> {
  const results = BOOTS.flatMap((bootMs) =>
    contestants.map(({ name }) => ({ contestant: name, bootMs, wakes: [] as Wake[] })),
  )
  for (let cycle = 0; cycle <= cycles; cycle += 1) {
    progress(cycle === 0 ? 'warming up' : `cycle ${cycle} of ${cycles}`)
    for (const bootMs of BOOTS) {
      // Whoever comes second finds a warmer machine: they swap places every time.
      for (const contestant of cycle % 2 === 0 ? contestants : contestants.toReversed()) {
        const wake = await contestant.wake(bootMs)
        await contestant.sleep(bootMs)
        const of = results.find((one) => one.contestant === contestant.name && one.bootMs === bootMs)
        if (cycle > 0) of?.wakes.push(wake)
      }
    }
  }
  return results
}

function method(engine: string, cycles: number): string {
  return [
    `Overhead = first byte − (start call + boot), in milliseconds; Docker Engine ${engine}, ${cycles} cycles each, interleaved.`,
    'Start call: the engine’s `POST /containers/ID/start`, seen on its socket; in the column beside it, what WakeDock reports as',
    '`last_wake.start_ms`, which holds its own inspect calls too. Boot: from the start of the app’s process to listening, as the app',
    'reports it. The process starts before the start call returns: what overlaps is subtracted twice, for both alike, so an overhead may',
    'be negative. The difference to the floor is what WakeDock adds.',
  ].join('\n')
}
