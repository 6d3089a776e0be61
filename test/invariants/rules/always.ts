/** What must hold after every step, whatever has led to it. Each rule throws Broken with the number of its invariant. */
import type { ServiceRuntime } from '../../../src/domain/service-runtime.ts'
import type { HoldOutcome } from '../../../src/domain/ports.ts'
import { WakeDockError } from '../../../src/errors.ts'
import { MAX_HELD } from '../cast.ts'
import type { Scene } from '../scene.ts'
import { Broken } from '../track.ts'

/** Milliseconds that may pass between two looks of ours. */
const PIECE = 1_000
/** All services together. */
export const MAX_HELD_ALL = 5

export function checkAlways(scene: Scene): void {
  const { world } = scene
  if (world.provider.violations[0] !== undefined) throw new Broken(2, world.provider.violations[0])
  if (world.mostProbes > 1) throw new Broken(6, 'two probes of one run at once')
  for (const { name, outcome } of scene.refused.splice(0))
    if (outcome === 'waiting' || outcome === 'open')
      throw new Broken(3, `${name} was stopped with a request waiting`)
  checkHolds(scene)
  for (const runtime of scene.runtimes) {
    checkCounts(scene, runtime)
    checkLedger(scene, runtime)
    checkClaims(scene, runtime)
  }
}

/** 1 and 7: every hold ends once, with the same outcome for its client and for observers; and there are not too many. */
function checkHolds({ world }: Scene): void {
  const { clients } = world
  const outcomes: HoldOutcome[] = []
  for (const event of world.events) if (event.type === 'hold_ended') outcomes.push(event.outcome)
  const told = (...which: HoldOutcome[]): number => outcomes.filter((each) => which.includes(each)).length
  let waiting = 0
  let settled = 0
  let admitted = 0
  const heard = new Map<string, number>()
  for (const { heldSince, outcome, lease } of clients) {
    if (outcome instanceof WakeDockError) {
      heard.set(outcome.code, (heard.get(outcome.code) ?? 0) + 1)
      if (!outcome.retryAfter) throw new Broken(7, `${outcome.code} without Retry-After`)
    }
    if (heldSince === null) continue
    if (outcome === 'waiting') waiting++
    else settled++
    if (lease !== null) admitted++
  }
  if (waiting > MAX_HELD_ALL) throw new Broken(7, `${waiting} requests wait`)
  if (outcomes.length !== settled)
    throw new Broken(1, `${settled} holds have ended, ${outcomes.length} were told`)
  const refused = ['WAKEDOCK_WAKE_FAILED', 'WAKEDOCK_HOLD_QUEUE_FULL', 'WAKEDOCK_SERVICE_REMOVED']
  const refusals = refused.reduce((sum, code) => sum + (heard.get(code) ?? 0), 0)
  // A wake that has timed out is told as such to observers, and so it is to its clients.
  if (told('timeout') !== (heard.get('WAKEDOCK_WAKE_TIMEOUT') ?? 0))
    throw new Broken(1, 'timeouts are told wrongly')
  if (told('failed', 'rejected') !== refusals) throw new Broken(1, 'refusals are told wrongly')
  if (told('admitted') !== admitted) throw new Broken(1, 'admissions are told wrongly')
}

/** 1, 7 and 11, for one service. */
function checkCounts(scene: Scene, runtime: ServiceRuntime): void {
  const { name } = runtime.service
  const { held, inFlight, state } = runtime.snapshot()
  const inUse = scene.inUse(runtime)
  const open = scene.clients(runtime, 'open').length
  const waiting = scene.clients(runtime, 'waiting').length
  // Those of a predecessor count until the time that it is given to drain is over, and may count after it.
  if (inFlight < open + scene.leftOpen(runtime) || inFlight > inUse)
    throw new Broken(11, `${open} requests are open in ${name}, ${inFlight} are counted`)
  if (held !== waiting) throw new Broken(1, `${waiting} requests wait for ${name}, ${held} are counted`)
  if (waiting > MAX_HELD) throw new Broken(7, `${waiting} requests wait for ${name}`)
  // Those of a service that has become a part wait while its stack wakes.
  const isWaking = runtime.service.part && scene.needers(runtime).some((each) => each.state.name === 'waking')
  if (waiting > 0 && state !== 'waking' && state !== 'stopping' && !isWaking)
    throw new Broken(1, `requests wait for ${name}, which is ${state}`)
  if (open + waiting > 0) scene.track(runtime).lastUse = scene.now
  if (inUse > 0) scene.track(runtime).lastShared = scene.now
}

/** 5: each wake and each sleep is told to begin and to end. A part whose wake nobody needs any more just stops. */
function checkLedger(scene: Scene, runtime: ServiceRuntime): void {
  const { wakes, sleeps, state, orders } = scene.track(runtime)
  const { name, part } = runtime.service
  if (state !== runtime.state.name)
    throw new Broken('told', `${name} is ${runtime.state.name}, told was ${state}`)
  if (!part && wakes !== Number(state === 'waking'))
    throw new Broken(5, `${name} is ${state}, with ${wakes} wakes told to have begun and not to have ended`)
  if (sleeps !== Number(state === 'stopping'))
    throw new Broken(
      'told',
      `${name} is ${state}, with ${sleeps} sleeps told to have begun and not to have ended`,
    )
  if (state !== 'draining' && state !== 'stopping' && orders.length > 0) scene.track(runtime).orders = []
}

/** 8: claims are as the states say, in both directions; none is left behind. */
function checkClaims(scene: Scene, runtime: ServiceRuntime): void {
  const { claimants } = runtime.bonds
  const { name } = runtime.service
  for (const user of scene.users(runtime))
    if (!claimants.has(user)) throw new Broken(8, `${user.service.name} is awake, and ${name} does not know`)
  for (const claimant of claimants) {
    const other = claimant as ServiceRuntime
    const track = scene.track(other)
    const { retiredAt, state } = track
    if (!isQuiet(scene, other)) track.verbUntil = scene.now
    const asleep = (state === 'asleep' || state === 'failed') && !isKnownUp(other)
    const done = state === 'stopping' && other.service.target.kind === 'group'
    const gone = retiredAt !== null && !isLeaving(scene, other)
    if (gone || (retiredAt === null && (asleep || done)))
      throw new Broken(8, `${other.service.name} is ${gone ? 'gone' : state}, and has a claim on ${name}`)
  }
}

/** What its provider said last. */
function isKnownUp({ state, service }: ServiceRuntime): boolean {
  return state.verb !== null || ['running', 'unusable', 'restarting'].includes(state.target) || service.part
}

/** Its requests are given time to end, after its last verb has. */
function isLeaving(scene: Scene, runtime: ServiceRuntime): boolean {
  const { retiredAt, verbUntil } = scene.track(runtime)
  return scene.now - Math.max(retiredAt ?? Infinity, verbUntil) <= runtime.service.drainTimeout + PIECE
}

function isQuiet({ world: { provider } }: Scene, { service: { target } }: ServiceRuntime): boolean {
  return target.kind === 'group' || target.kind === 'url' || provider.verb(target) === null
}
