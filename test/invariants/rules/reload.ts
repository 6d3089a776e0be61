/** Invariant 10: what a reload has not changed goes on as if there had been none. And a peek changes nothing at all. */
import type { ServiceRuntime } from '../../../src/domain/service-runtime.ts'
import type { Service } from '../../../src/domain/service.ts'
import type { Scene } from '../scene.ts'
import { Broken } from '../track.ts'

interface Shot {
  readonly runtime: ServiceRuntime
  readonly service: Service
  /** Names and needs of all that it is bound to, both ways. */
  readonly bonds: string
  readonly policy: string
  readonly seen: string
}

/** What is seen of each service, by its target. */
export type Picture = ReadonlyMap<string, Shot>

export function picture(scene: Scene): Picture {
  return new Map(
    scene.runtimes.map((runtime) => {
      const { service, state } = runtime
      const { since, held, inFlight, lastActive, sleepsAt, pinned, neededBy } = runtime.snapshot()
      const seen = JSON.stringify([state.name, since, held, inFlight, lastActive, sleepsAt, pinned, neededBy])
      const policy = JSON.stringify({ ...service, name: '' })
      return [service.target.key, { runtime, service, bonds: bonds(scene, runtime), policy, seen }]
    }),
  )
}

/** Everything that the service is bound to, however far, with its policy. */
function bonds(scene: Scene, runtime: ServiceRuntime): string {
  const found = new Set<ServiceRuntime>([runtime])
  for (const each of found) {
    for (const other of scene.needers(each)) found.add(other)
    for (const { key } of each.service.needs) {
      const other = scene.runtimes.find(({ service }) => service.target.key === key)
      if (other !== undefined) found.add(other)
    }
  }
  return [...found]
    .map(({ service }) => JSON.stringify(service))
    .toSorted()
    .join()
}

/** At once, before anything else can happen. */
export function checkReload(scene: Scene, before: Picture): void {
  for (const [key, now] of picture(scene)) {
    const was = before.get(key)
    if (was === undefined) continue
    const { name } = now.service
    if (was.runtime !== now.runtime) throw new Broken(10, `${name} is another one after a reload`)
    if (was.bonds === now.bonds && was.seen !== now.seen)
      throw new Broken(10, `a reload that does not concern ${name} has changed ${was.seen} to ${now.seen}`)
  }
}

export function checkPeek(scene: Scene, before: Picture): void {
  for (const [key, now] of picture(scene))
    if (before.get(key)?.seen !== now.seen) throw new Broken('peek', `a peek has changed ${now.service.name}`)
}
