/** The end: what WakeDock believes is what the engine knows, and what nobody uses goes to sleep. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceView } from '../../src/admin/service-view.ts'
import type { TestDocker } from '../helpers/docker.ts'
import type { WakeDock } from './daemon.ts'

/** Milliseconds for WakeDock to agree with the engine once nothing happens any more. */
const AGREE = 20_000
/** Longer than every idle timeout, the watch of a busy one, and a backoff of one that is kept by others. */
const SLEEP = 60_000

/** Waits until both agree, and then until all is asleep that has nothing to be awake for. Returns what is left to complain about. */
export async function settle(wakedock: WakeDock, docker: TestDocker): Promise<string[]> {
  const disagreement = await within(AGREE, async () => disagreements(await services(wakedock), docker))
  const restless = await within(SLEEP, async () => {
    const views = await services(wakedock)
    const up = views.filter(
      ({ idle_timeout_ms: idle, state, kept }) => idle > 0 && kept === null && !RESTS.has(state),
    )
    return [
      ...up.map(({ name, state }) => `${name} is still ${state}, though nobody uses it`),
      ...(await disagreements(views, docker)),
    ]
  })
  return [...disagreement, ...restless]
}

const RESTS = new Set(['asleep', 'failed'])

/** The complaints that are left when the time (milliseconds) is over, or none as soon as there are none. */
async function within(ms: number, ask: () => Promise<string[]>): Promise<string[]> {
  const deadline = performance.now() + ms
  for (;;) {
    const complaints = await ask()
    if (complaints.length === 0 || performance.now() > deadline) return complaints
    await delay(250)
  }
}

async function services(wakedock: WakeDock): Promise<ServiceView[]> {
  const { services } = (await wakedock.ask('/services')) as { services: ServiceView[] }
  return services
}

async function disagreements(views: readonly ServiceView[], docker: TestDocker): Promise<string[]> {
  const targets = views.flatMap((view) => (view.parts.length > 0 ? view.parts : [view]))
  const checks = targets.map(async ({ name, state, target, failure }) => {
    const [, container] = /^container (\S+)$/.exec(target) ?? []
    if (container === undefined) return []
    const { State } = await docker.api.getContainer(container).inspect()
    const runs = State.Running && !State.Paused
    // What never became ready may well run.
    const any = state === 'failed' && failure?.reason !== 'exited'
    return any || fits(state, runs) ? [] : [`${name} is ${state}, and its container is ${State.Status}`]
  })
  return (await Promise.all(checks)).flat()
}

function fits(state: ServiceView['state'], runs: boolean): boolean {
  switch (state) {
    case 'awake':
    case 'draining':
      return runs
    case 'asleep':
    case 'failed':
      return !runs
    case 'waking':
    case 'stopping':
      return false
  }
}
