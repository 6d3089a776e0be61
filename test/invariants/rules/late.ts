/**
 * Invariant 4, the other half: never late. Sleep that is due happens, what is kept comes back, and what the API says of it is
 * true. A fake timer is never late, so one piece of simulated time is all that may be missing.
 */
import type { ServiceRuntime } from '../../../src/domain/service-runtime.ts'
import type { Scene } from '../scene.ts'
import { Broken, type Track } from '../track.ts'

const WATCHED = 5_000
const BACKOFF_CAP = 60_000
/** A schedule is looked at once in a minute; whoever sets the clock waits for that. */
const NOTICED = 61_000

/** `piece`: how long nobody has looked, in milliseconds. */
export function checkLate(scene: Scene, piece: number): void {
  for (const runtime of scene.runtimes) {
    const track = scene.track(runtime)
    checkKeep(scene, runtime, track)
    checkOverdue(scene, runtime, track, piece)
    checkBack(scene, runtime, track, piece)
  }
}

function slack(scene: Scene, { service }: ServiceRuntime, piece: number): number {
  const clock = service.schedule !== null && scene.now - scene.jumpedAt <= 2 * NOTICED ? NOTICED : 0
  return piece + clock
}

/** What the API says about keeping is so; and what it was kept for is noted. */
function checkKeep(scene: Scene, runtime: ServiceRuntime, track: Track): void {
  const { kept, pinned, sleepsAt, inFlight, held, state } = runtime.snapshot()
  const { name, part, idleTimeout } = runtime.service
  const scheduled = scene.isScheduled(runtime)
  if ((pinned !== null) !== scene.isPinned(runtime))
    throw new Broken(4, `${name} is ${pinned === null ? 'not ' : ''}said to be pinned`)
  const wanted = scene.isPinned(runtime) || scene.users(runtime).length > 0
  const certain = runtime.service.schedule === null || scene.isClockFresh
  const why = wanted || (certain && scheduled)
  if (why && kept === null) throw new Broken(4, `${name} is kept, and said not to be`)
  if (!why && certain && kept !== null && runtime.bonds.claimants.size === 0)
    throw new Broken(4, `${name} is not kept, and said to be (${kept})`)
  const keeps = wanted || scheduled
  // Whoever sees nothing keep it for a moment may forget the hand.
  if (!scene.isClockFresh || !(scene.isPinned(runtime) || scheduled)) track.handed = false
  if (runtime.bonds.claimants.size > 0) track.claimedUntil = scene.now
  track.keptSince = keeps ? (track.keptSince ?? scene.now) : null
  if (keeps || kept !== null) track.keptUntil = scene.now
  if (!keeps && kept === null && scene.jumpedAt === -Infinity) scene.unexcuse(runtime)
  const free = state === 'awake' && inFlight === 0 && held === 0 && kept === null
  if (sleepsAt !== null && !free) throw new Broken(4, `${name} says when it sleeps, and is in use or kept`)
  if (sleepsAt === null && free && idleTimeout > 0 && !part)
    throw new Broken(4, `${name} does not say when it sleeps`)
}

function checkOverdue(scene: Scene, runtime: ServiceRuntime, track: Track, piece: number): void {
  const { name, busy, target } = runtime.service
  const { state } = track
  const up = state === 'failed' && ['running', 'unusable', 'restarting'].includes(runtime.state.target)
  if ((state !== 'awake' && !up) || runtime.state.verb !== null || target.kind === 'url') return
  if (scene.inUse(runtime) > 0 || runtime.bonds.claimants.size > 0 || scene.isPinned(runtime)) return
  if (scene.isScheduled(runtime)) return
  const due = dueAt(runtime, track)
  const late = scene.now - Math.max(due, track.keptUntil, scene.reloadedAt)
  const measured = busy !== null && state === 'awake' ? WATCHED : 0
  if (late > slack(scene, runtime, piece) + measured)
    throw new Broken(4, `${name} is ${state} ${late} ms after it should sleep`)
}

function dueAt(runtime: ServiceRuntime, track: Track): number {
  const { part, idleTimeout, minAwake } = runtime.service
  const { awakeSince, wokenAt, notBefore, claimedUntil, state } = track
  const lastUse = Math.max(track.lastUse, track.lastShared)
  const since = state === 'awake' ? awakeSince : runtime.state.since
  const soonest = Math.max(since + minAwake, notBefore)
  const forOthers = part || (lastUse < wokenAt && idleTimeout > 0)
  if (claimedUntil >= wokenAt && forOthers) return Math.max(claimedUntil, soonest)
  return idleTimeout === 0 ? Infinity : Math.max(Math.max(lastUse, since) + idleTimeout, soonest)
}

/** What a pin, a schedule or another service keeps comes back by itself, unless a person wanted it down. */
function checkBack(scene: Scene, runtime: ServiceRuntime, track: Track, piece: number): void {
  const { name } = runtime.service
  const { state, excused, keptSince } = track
  if (keptSince === null || excused) return
  const since = runtime.service.schedule === null ? keptSince : Math.max(keptSince, scene.jumpedAt)
  if (scene.now - since <= slack(scene, runtime, piece)) return
  // Of what nobody has heard of yet, nobody knows whether it has to come back.
  if (runtime.state.target === 'unknown' || isDone(scene, runtime)) return
  if (state === 'asleep') throw new Broken(4, `${name} is asleep, and something keeps it`)
  if (state !== 'failed' || runtime.state.verb !== null) return
  const failure = runtime.snapshot().failure
  if ((failure?.retryAt ?? 0) > scene.world.clock.wallTime() + BACKOFF_CAP)
    throw new Broken(4, `${name} is not tried again for more than a minute, and something keeps it`)
  const lasting = failure?.reason === 'missing' || failure?.reason === 'no_address'
  if (failure?.retryAt === null && !lasting)
    throw new Broken(4, `${name} is not tried again, and something keeps it`)
}

/** A job has nothing left to do. */
function isDone({ world }: Scene, { service: { ready, target } }: ServiceRuntime): boolean {
  if (ready.kind !== 'completed') return false
  const status = world.provider.status(target)
  return status.state === 'stopped' && status.exitCode === 0
}
