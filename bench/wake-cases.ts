/**
 * The apps that the wake bench wakes: one for each way to tell that an app is ready and each boot time, and a paused one. Two
 * containers for each that differ in nothing else: one is WakeDock's, one, at a fixed address, is the floor's.
 */
import { createFixedNetwork } from './fixed-container.ts'
import { checkedOptions } from './health-check.ts'
import type { FloorApp } from './contestants/wake-floor.ts'
import type { TestContainer, TestDocker } from '../test/helpers/docker.ts'

export interface WakeCase {
  /** `ready: http`, `tcp` and `health`; pause: `sleep_mode: pause` with the default check. */
  readonly mode: 'http' | 'tcp' | 'health' | 'pause'
  /** Milliseconds the app waits before it listens; Node's own start comes on top, and it reports the sum. */
  readonly bootMs: number
}

const BOOTS = [0, 200, 1000] as const

export const CASES: readonly WakeCase[] = [
  ...(['http', 'tcp', 'health'] as const).flatMap((mode) => BOOTS.map((bootMs) => ({ mode, bootMs }))),
  { mode: 'pause', bootMs: 0 },
]

/** Name of the service, and first label of its host. */
export function serviceOf({ mode, bootMs }: WakeCase): string {
  return `${mode}-${bootMs}`
}

/** For people. */
export function titleOf({ mode, bootMs }: WakeCase): string {
  return mode === 'pause' ? 'paused' : `${mode}, boots in ${bootMs} ms`
}

/** What WakeDock is told beside host and container. */
const POLICIES: Readonly<Record<WakeCase['mode'], string>> = {
  http: '',
  tcp: ', ready: tcp',
  health: ', ready: health',
  pause: ', sleep_mode: pause',
}

/** YAML: the services of all cases. */
export function servicesOf(apps: ReadonlyMap<WakeCase, { name: string }>): string {
  const lines = Array.from(apps, ([one, { name }]) => {
    const service = serviceOf(one)
    return `  ${service}: { hosts: ${service}.example.com, container: ${name}${POLICIES[one.mode]} }`
  })
  return `services:\n${lines.join('\n')}\n`
}

/** Creates them; none runs, but for the floor's paused one, which was started and frozen. */
export async function createApps(docker: TestDocker): Promise<{
  apps: ReadonlyMap<WakeCase, TestContainer>
  floorApps: ReadonlyMap<WakeCase, FloorApp>
}> {
  const network = await createFixedNetwork(docker, 'wake', 77)
  const apps = new Map<WakeCase, TestContainer>()
  const floorApps = new Map<WakeCase, FloorApp>()
  for (const [index, one] of CASES.entries()) {
    const plain = { env: { BOOT_MS: String(one.bootMs) }, host: { NetworkMode: network.name } }
    const options = one.mode === 'health' ? await checkedOptions(plain) : plain
    apps.set(one, await docker.create(`wakedock-${serviceOf(one)}`, options))
    const app = await network.create(`floor-${serviceOf(one)}`, options, 200 + index)
    floorApps.set(one, app)
    if (one.mode !== 'pause') continue
    const handle = docker.api.getContainer(app.id)
    await handle.start()
    await docker.booted(handle)
    await handle.pause()
  }
  return { apps, floorApps }
}
