/** Invariants 8, 9 and 10, where all is well again: the states agree with the containers, and nothing is left over. */
import type { ServiceRuntime } from '../../../src/domain/service-runtime.ts'
import type { DomainEvent } from '../../../src/domain/ports.ts'
import type { Service } from '../../../src/domain/service.ts'
import type { Order } from '../director.ts'
import type { Scene } from '../scene.ts'
import { Broken } from '../track.ts'
import { isLeftRunning } from './starts.ts'

/** What a service may be said to be while its container is so. */
const AGREE: Readonly<Record<string, readonly string[]>> = {
  running: ['awake', 'draining', 'failed'],
  unusable: ['failed'],
  stopped: ['asleep', 'failed'],
  paused: ['asleep', 'failed'],
  missing: ['failed', 'asleep'],
}

/** Some time after the last fault has gone. */
export function checkAgreement(scene: Scene): void {
  const { provider } = scene.world
  for (const runtime of scene.runtimes) {
    const { name, target } = runtime.service
    const said = runtime.state.name
    if (target.kind === 'group') {
      const main = scene.runtimes.find(({ service }) => service.target.key === target.main)
      const status = main === undefined ? 'missing' : main.state.name
      if (said === 'awake' && status !== 'awake')
        throw new Broken(8, `${name} is awake, and its main part ${status}`)
      if (said === 'waking' || said === 'stopping') throw new Broken(8, `${name} is still ${said}`)
      continue
    }
    const { state } = provider.status(target)
    if (!AGREE[state]?.includes(said)) throw new Broken(8, `${name} is ${state}, and is said to be ${said}`)
    if (!provider.isHeard(target)) throw new Broken(8, `of ${name} nobody has heard`)
  }
  for (const old of scene.replaced)
    if (isLeftRunning(scene, old)) throw new Broken(10, `${old.key} was replaced, and runs on`)
}

/** Nobody has used anything for a long time, and nothing keeps it but what never sleeps. */
export function checkAllAsleep(scene: Scene): void {
  const { provider } = scene.world
  for (const runtime of scene.runtimes) {
    const { name, target } = runtime.service
    if (runtime.state.name === 'asleep' || isAllowedUp(scene, runtime)) continue
    const up = target.kind !== 'group' && target.kind !== 'url' && provider.status(target).state === 'running'
    if (up || runtime.state.name !== 'failed')
      throw new Broken(8, `${name} is ${runtime.state.name} after a long time in which nobody needed it`)
  }
}

/** It never sleeps, its schedule is open, or it is needed by one that may be up. */
function isAllowedUp(scene: Scene, runtime: ServiceRuntime): boolean {
  const { idleTimeout, schedule } = runtime.service
  if (idleTimeout === 0 || schedule !== null) return true
  return scene.needers(runtime).some((other) => isAllowedUp(scene, other))
}

/** Every order is answered, and with the truth. */
export function checkOrders(orders: readonly Order[]): void {
  for (const { goal, result } of orders) {
    if (result === null) throw new Broken('orders', `an order to ${goal} was never answered`)
    const reached = goal === 'wake' ? 'awake' : 'asleep'
    if (result.done && result.snapshot.state !== reached)
      throw new Broken('orders', `an order to ${goal} is said to be done, and it is ${result.snapshot.state}`)
  }
}

/**
 * A stack that has gone to sleep has nothing left that runs for it alone; but what cannot be stopped, is in
 * use itself, or has been started by hand since. */
export function onSlept(scene: Scene, event: DomainEvent & { type: 'sleep_finished' }): void {
  const runtime = scene.world.activator.gate(event.service)
  if (runtime.service.target.kind !== 'group' || event.outcome !== 'stopped') return
  for (const { key } of runtime.service.needs) {
    const part = scene.runtimes.find(({ service }) => service.target.key === key)
    if (part === undefined || !part.service.part) continue
    const { stopFailed, wokenAs } = scene.track(part)
    if (stopFailed || scene.inUse(part) > 0 || wokenAs > scene.track(runtime).sleptAs) continue
    const alone = ![...scene.dependents(part)].some((other) => other !== runtime && isAwake(scene, other))
    if (alone && part.bonds.claimants.size === 0 && scene.isUp(part))
      scene.break(8, `${event.service} is asleep, and ${part.service.name} runs for it alone`)
  }
}

function isAwake(scene: Scene, runtime: ServiceRuntime): boolean {
  const { state } = scene.track(runtime)
  return state !== 'asleep' && state !== 'failed'
}

/**
 * 9: what ran when WakeDock started is followed, and has not been touched; but that the first word of a service may lead to a
 * start, which changes nothing, of one that it needs and of which there is no word yet.
 */
export function checkAdopted(scene: Scene, up: readonly Service[]): void {
  const { calls } = scene.world.provider
  for (const { name, target } of up) {
    const runtime = scene.of(target)
    const needed = runtime !== undefined && runtime.bonds.claimants.size > 0
    const own = calls.filter((call) => call.endsWith(` ${target.key}`))
    if (own.some((call) => !needed || !call.startsWith('start')))
      throw new Broken(9, `${name} ran already, and ${calls.join()} was asked for`)
    if (!['waking', 'awake'].includes(scene.world.state(name)))
      throw new Broken(9, `${name} runs, and is said to be ${scene.world.state(name)}`)
  }
}
