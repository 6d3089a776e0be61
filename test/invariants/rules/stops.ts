/**
 * Invariants 3 and 4, at the very moments that matter: when a service begins to sleep, and when its provider is asked to stop a
 * target. (10, for the requests of a service that a reload has taken out of force.)
 */
import type { ServiceRuntime } from '../../../src/domain/service-runtime.ts'
import type { DomainEvent } from '../../../src/domain/ports.ts'
import type { Target } from '../../../src/domain/service.ts'
import { DRAIN_TIMEOUT } from '../cast.ts'
import type { Scene } from '../scene.ts'

/** Milliseconds that a target is watched for before an idle stop. */
const WATCHED = 5_000
/** What counts as at work, in cores. The other limit of POLICIES is passed by the same load. */
const WORKING = 0.5

export function onSleep(
  scene: Scene,
  { service: name, reason }: DomainEvent & { type: 'sleep_started' },
): void {
  const runtime = scene.world.activator.gate(name)
  if (reason === 'operator') {
    if (scene.track(runtime).orders.length === 0)
      scene.break(3, `${name} is stopped for an order that nobody gave`)
    return
  }
  const open = scene.clients(runtime, 'open').length + scene.leftOpen(runtime)
  if (open > 0) scene.break(3, `${name} goes to sleep with ${open} requests open`)
  scene.refused.push(...scene.clients(runtime, 'waiting'))
  const user = scene.users(runtime)[0]
  if (user !== undefined)
    scene.break(3, `${name} goes to sleep, and ${user.service.name}, which needs it, is ${user.state.name}`)
  if (scene.isPinned(runtime)) scene.break(4, `${name} goes to sleep though it is pinned`)
  if (scene.isScheduled(runtime) && scene.isClockFresh)
    scene.break(4, `${name} goes to sleep though its schedule is open`)
  checkTime(scene, runtime, reason)
  checkLoad(scene, runtime, reason)
}

function checkTime(scene: Scene, runtime: ServiceRuntime, reason: 'idle' | 'unneeded'): void {
  const { name, part, idleTimeout, minAwake } = runtime.service
  const { lastUse, awakeSince, wokenAt, sleptFrom, notBefore } = scene.track(runtime)
  const { now } = scene
  const since = sleptFrom === 'awake' ? awakeSince : runtime.state.since
  if (reason === 'unneeded') {
    if (lastUse > wokenAt && !part)
      scene.break(4, `${name} goes to sleep as unneeded, and had requests of its own`)
    if (!part && idleTimeout === 0) scene.break(4, `${name} never sleeps, and goes to sleep`)
    if (sleptFrom === 'waking' && !part) scene.break(5, `the wake of ${name} is given up`)
    if (sleptFrom === 'waking') return
  } else {
    if (idleTimeout === 0) scene.break(4, `${name} never sleeps, and goes to sleep`)
    const idle = now - Math.max(lastUse, sleptFrom === 'awake' ? since : -Infinity)
    if (idle < idleTimeout) scene.break(4, `${name} goes to sleep after ${idle} ms idle`)
  }
  if (sleptFrom === 'awake' && now - since < minAwake)
    scene.break(4, `${name} goes to sleep before min_awake`)
  if (now < notBefore) scene.break(4, `${name} is put to sleep again ${notBefore - now} ms too early`)
}

/** Its target was watched, and did not work. */
function checkLoad(scene: Scene, runtime: ServiceRuntime, reason: 'idle' | 'unneeded'): void {
  const { name, busy, target, needs, idleTimeout } = runtime.service
  const { sleptFrom, lastUse, awakeSince } = scene.track(runtime)
  if (busy === null || sleptFrom !== 'awake') return
  const idleAt = reason === 'idle' ? Math.max(lastUse, awakeSince) + idleTimeout : -Infinity
  if (target.kind !== 'group') {
    const rate = rates(scene, target.key, idleAt).at(-1)
    if (rate === undefined) scene.break(4, `${name} goes to sleep unwatched`)
    else if (rate >= WORKING) scene.break(4, `${name} goes to sleep though it works (${rate} cores)`)
    return
  }
  // Two stacks may ask for a part that both have, and only some of its parts run: which question was whose nobody can tell.
  const all = needs.flatMap(({ key }) => rates(scene, key, idleAt))
  if (!all.some((rate) => rate < WORKING)) scene.break(4, `${name} goes to sleep, and was never seen quiet`)
}

/** Each time that a target was watched to the end, not long before it was idle, how much it did; Infinity: not known. */
function rates(scene: Scene, key: string, idleAt: number): number[] {
  const looks = scene.looks.get(key) ?? []
  return looks.flatMap((last, index) => {
    const before = looks.slice(0, index).findLast(({ at }) => at <= last.at - WATCHED)
    if (before === undefined || last.at < idleAt - WATCHED) return []
    if (last.used === null || before.used === null) return [Infinity]
    return [(last.used - before.used) / ((last.at - before.at) / 1_000)]
  })
}

/** Called by the provider before it begins a stop, or a pause. */
export function onStop(scene: Scene, target: Target): void {
  const runtime = scene.of(target)
  checkCut(scene, target, runtime)
  if (runtime === undefined) return
  const { name } = runtime.service
  const track = scene.track(runtime)
  if (track.state !== 'stopping') scene.break(2, `${name} is ${track.state}, and its target is stopped`)
  const early = scene
    .clients(runtime, 'waiting')
    .filter(({ heldSince }) => (heldSince ?? 0) < runtime.state.since)
  scene.refused.push(...early)
  // The stop may have had to wait for the end of a start; who has come up since, or has been made to need it, is served when it
  // is over.
  if (scene.reloadedAs > track.sleptAs) return
  const dependent = scene
    .needers(runtime)
    .find((other) => scene.isUp(other) && scene.track(other).wokenAs < track.sleptAs)
  if (dependent !== undefined && !isForced(scene, runtime))
    scene.break(3, `${name} is stopped under ${dependent.service.name}, which needs it`)
}

/** Who is not ready has nothing to give to those that need it: an operator's force takes that at once. */
function isForced(scene: Scene, runtime: ServiceRuntime): boolean {
  const { orders, sleptFrom } = scene.track(runtime)
  const force = orders.some((each) => each.force)
  const first = orders[0]?.at ?? Infinity
  return force && (scene.now - first >= DRAIN_TIMEOUT || sleptFrom === 'waking' || sleptFrom === 'failed')
}

/** Requests that this run of the target answers now, whichever service they came in by. */
function checkCut(scene: Scene, target: Target, runtime: ServiceRuntime | undefined): void {
  const { provider, clients } = scene.world
  const status = provider.status(target)
  if (status.state !== 'running' || !provider.isHeard(target)) return
  for (const client of clients) {
    const { outcome, lease, gate } = client
    if (outcome !== 'open' || lease?.upstream !== status.upstream || scene.forsaken.has(client)) continue
    const own = [...scene.tracks.keys()].find((each) => each === gate)
    if (own === undefined) continue
    const { retiredAt, retiredAs } = scene.track(own)
    // A stack keeps its parts while its requests drain; not those that a second reload has made since.
    const another = runtime !== undefined && scene.track(runtime).madeAs > retiredAs
    if (own.service.target.kind === 'group' && another) continue
    // An order to a stack is one to its parts.
    const above = runtime === undefined ? [] : [runtime, ...scene.dependents(runtime)]
    const ordered = [own, ...above].some((each) => scene.mayCut(each))
    if (retiredAt !== null && scene.now - retiredAt < DRAIN_TIMEOUT && !ordered)
      scene.break(10, `${target.key} is stopped under a request of ${own.service.name}, which was taken out`)
    if (retiredAt === null && !ordered)
      scene.break(3, `${target.key} is stopped under a request of ${own.service.name}`)
  }
}
