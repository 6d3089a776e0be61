/**
 * What a stack costs to wake: db, cache and app of a Compose project, of which the app waits for db's HEALTHCHECK and for cache to be
 * started. From one request to its first byte, against the critical path of the containers' own start calls and boots,
 * measured in the same run on containers that differ in nothing else. Contestants take turns.
 */
import { orderSleep } from './contestants/wake-wakedock.ts'
import {
  criticalPath,
  stopFloor,
  wakeFloor,
  type FloorStack,
  type FloorWake,
} from './contestants/stack-floor.ts'
import { getOnce } from './first-byte.ts'
import { createFixedNetwork } from './fixed-container.ts'
import { checkedOptions } from './health-check.ts'
import { figure, median, spread, summarize, table } from './report.ts'
import type { Workload, WorkloadOptions } from './workload.ts'
import { startDaemon, type Daemon } from '../test/helpers/daemon.ts'
import { openDocker, until, type ContainerOptions, type TestDocker } from '../test/helpers/docker.ts'

const CYCLES = 20
/** Milliseconds each waits before it listens; Node's own start comes on top. */
const BOOTS = { db: 500, cache: 0, app: 200 } as const
const PARTS = ['db', 'cache', 'app'] as const
const NEEDS = 'db:service_healthy:false,cache:service_started:false'
/** Milliseconds: longer than WakeDock's own start_timeout, so that its answer comes first. */
const DEADLINE = 90_000
const HOST = 'stack.example.com'

export const run: Workload = async (options) => {
  const cycles = options.cycles ?? CYCLES
  const docker = await openDocker(options.scope)
  const { ids, floor } = await createStacks(docker)
  const daemon = await startWakeDock(options, docker)

  const wakes: number[] = []
  const floors: FloorWake[] = []
  const byWakeDock = async (): Promise<number> => {
    const proxy = { host: '127.0.0.1', port: daemon.proxyPort }
    const { askedAt, firstByteAt, status, body } = await getOnce(
      proxy,
      { path: '/boot', host: HOST },
      DEADLINE,
    )
    if (status !== 200) throw new Error(`the stack answers ${status}: ${body}`)
    await orderSleep(daemon, 'stack')
    // The order is about the service; its parts go to sleep after it.
    await until('the whole stack is down', async () => (await running(docker, ids)) === 0)
    return firstByteAt - askedAt
  }
  const byFloor = async (): Promise<FloorWake> => {
    const wake = await wakeFloor(docker.socketPath, floor)
    await stopFloor(docker.socketPath, floor)
    return wake
  }
  for (let cycle = 0; cycle <= cycles; cycle += 1) {
    options.progress(cycle === 0 ? 'warming up' : `cycle ${cycle} of ${cycles}`)
    // Whoever comes second finds a warmer machine: they swap places every time.
    const early = cycle % 2 === 0 ? await byWakeDock() : null
    const bare = await byFloor()
    const wake = early ?? (await byWakeDock())
    if (cycle === 0) continue
    wakes.push(wake)
    floors.push(bare)
  }
  await daemon.end()
  const { Version } = await docker.api.version()
  return [method(Version, cycles), figures(wakes, floors), parts(floors)].join('\n\n')
}

/** WakeDock's stack as Compose would make it, and the floor's, whose addresses are known beforehand. */
async function createStacks(docker: TestDocker): Promise<{ ids: readonly string[]; floor: FloorStack }> {
  const network = await createFixedNetwork(docker, 'stack', 78)
  const ids: string[] = []
  for (const part of PARTS) {
    const labels = {
      'com.docker.compose.project': docker.name('project'),
      'com.docker.compose.service': part,
      'com.docker.compose.container-number': '1',
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.depends_on': part === 'app' ? NEEDS : '',
    }
    ids.push(
      (await docker.create(`wakedock-${part}`, { ...(await optionsOf(part, network.name)), labels })).id,
    )
  }
  const floorApp = async (part: (typeof PARTS)[number], last: number) =>
    network.create(`floor-${part}`, await optionsOf(part, network.name), last)
  const floor = {
    db: await floorApp('db', 200),
    cache: await floorApp('cache', 201),
    app: await floorApp('app', 202),
  }
  return { ids, floor }
}

async function optionsOf(part: (typeof PARTS)[number], network: string): Promise<ContainerOptions> {
  const options = { env: { BOOT_MS: String(BOOTS[part]) }, host: { NetworkMode: network } }
  return part === 'db' ? checkedOptions(options) : options
}

async function startWakeDock({ main, scope }: WorkloadOptions, docker: TestDocker): Promise<Daemon> {
  const service = `{ hosts: ${HOST}, compose: ${docker.name('project')}/app }`
  const config = `docker: { host: "${docker.host}" }\nservices:\n  stack: ${service}\n`
  const daemon = await startDaemon(scope, { main, config })
  await until('the engine answers', async () => (await fetch(`${daemon.admin}/readyz`)).ok)
  return daemon
}

async function running({ api }: TestDocker, ids: readonly string[]): Promise<number> {
  const all = await Promise.all(ids.map((id) => api.getContainer(id).inspect()))
  return all.filter(({ State }) => State.Running).length
}

function figures(wakes: readonly number[], floors: readonly FloorWake[]): string {
  const path = median(floors.map(criticalPath))
  const rows = [
    ['WakeDock', wakes] as const,
    ['floor: the same calls, back to back', floors.map(({ total }) => total)] as const,
    ['critical path: start calls + boots', floors.map(criticalPath)] as const,
  ].map(([who, values]) => {
    const of = summarize(values)
    const times = (of.median / path).toFixed(2)
    return [who, String(of.n), figure(of.median), figure(of.p95), spread(of), times]
  })
  return table(['who', 'n', 'wish to first byte', 'p95', 'middle half', '× critical path'], rows)
}

function parts(floors: readonly FloorWake[]): string {
  const of = (pick: (wake: FloorWake) => number): string => figure(median(floors.map(pick)))
  const rows = [
    ['db', of(({ starts }) => starts[0]), of(({ boots }) => boots[0])],
    ['app', of(({ starts }) => starts[1]), of(({ boots }) => boots[1])],
  ]
  return table(['on the critical path, medians', 'start call', 'boot'], rows)
}

function method(engine: string, cycles: number): string {
  return [
    `From the request to its first byte, in milliseconds; Docker Engine ${engine}, ${cycles} cycles each, interleaved. A Compose project: app`,
    `(boots in ${BOOTS.app} ms) depends on db (boots in ${BOOTS.db} ms; HEALTHCHECK, interval 10 s) being healthy and on cache (boots in`,
    `${BOOTS.cache} ms) being started. The floor starts db and cache at once, runs db’s HEALTHCHECK by exec, back to back, until it passes,`,
    'starts app and asks it until it answers. The critical path is what the floor’s containers report: start call and boot of db, then of',
    'app; the HEALTHCHECK’s own run is not in it. Who waits for Docker’s interval is at 10 s before app is even started.',
  ].join('\n')
}
