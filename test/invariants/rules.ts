/** The rules that can be checked on a world as it stands, whatever has led to it. */
import type { ActionResult, Gate } from '../../src/domain/gate.ts'
import type { HoldOutcome } from '../../src/domain/ports.ts'
import type { Service, Target } from '../../src/domain/service.ts'
import { WakeDockError } from '../../src/errors.ts'
import type { FakeProvider } from '../helpers/fake-provider.ts'
import type { World } from '../helpers/world.ts'

/** An operator's order, and what it was told. */
export interface Order {
  readonly goal: 'wake' | 'sleep'
  result: ActionResult | null
}

/** `invariant`: its number in the design, or the name of a rule that has none. */
export class Broken extends Error {
  constructor(invariant: number | string, what: string) {
    super(`invariant ${invariant}: ${what}`)
  }
}

/** Whoever is refused is told when to come back, and observers hear of the same outcome as the client. */
export function checkRefusals(world: World): void {
  const { clients } = world
  const outcomes = world.told('hold_ended').map(({ outcome }) => outcome)
  const told = (...which: HoldOutcome[]): number => outcomes.filter((each) => which.includes(each)).length
  const heard = (...codes: string[]): number => clients.filter(({ code }) => codes.includes(code)).length
  const late = clients.find(({ outcome }) => outcome instanceof WakeDockError && !outcome.retryAfter)
  if (late !== undefined) throw new Broken(7, `${late.code} without Retry-After`)
  const refused = heard('WAKEDOCK_WAKE_FAILED', 'WAKEDOCK_HOLD_QUEUE_FULL', 'WAKEDOCK_SERVICE_REMOVED')
  // A wake that has timed out is told as such to observers, and so it is to its clients.
  if (told('timeout') !== heard('WAKEDOCK_WAKE_TIMEOUT')) throw new Broken(1, 'timeouts are told wrongly')
  if (told('failed', 'rejected') !== refused) throw new Broken(1, 'refusals are told wrongly')
  const admitted = clients.filter(({ heldSince, lease }) => heldSince !== null && lease !== null).length
  if (told('admitted') !== admitted) throw new Broken(1, 'admissions are told wrongly')
}

/** Every order is answered, and with the truth. */
export function checkOrders(orders: readonly Order[]): void {
  for (const { goal, result } of orders) {
    if (result === null) throw new Broken('orders', `an order to ${goal} was never answered`)
    const reached = goal === 'wake' ? 'awake' : 'asleep'
    if (result.done && result.snapshot.state !== reached) {
      throw new Broken('orders', `an order to ${goal} is said to be done, and it is ${result.snapshot.state}`)
    }
  }
}

/** When all is well, the state is what the container is. */
export function checkAgreement(world: World, { name, target }: Service): void {
  const { state } = world.provider.status(target)
  const said = world.state(name)
  const agree: Record<string, readonly string[]> = {
    running: ['awake', 'draining', 'failed'],
    stopped: ['asleep', 'failed'],
    paused: ['asleep', 'failed'],
    missing: ['failed', 'asleep'],
  }
  if (!agree[state]?.includes(said)) throw new Broken(8, `${name} is ${state}, and is said to be ${said}`)
}

/** A process that replaces another one starts when that was stopped: they would want the same port. */
export function checkReplacement({ provider }: World, target: Target): void {
  for (const other of provider.targets) {
    if (other.kind !== 'process' || target.kind !== 'process' || other.key === target.key) continue
    if (provider.verb(other) !== null)
      throw new Broken(2, `${target.key} starts during a verb on ${other.key}`)
    if (isLeftRunning(provider, other)) throw new Broken(2, `${target.key} starts beside ${other.key}`)
  }
}

/** It runs, and nobody has tried to stop it since it was started: a stop may fail. */
export function isLeftRunning(provider: FakeProvider, target: Target): boolean {
  const { key } = target
  const tried = provider.calls.lastIndexOf(`stop ${key}`) > provider.calls.lastIndexOf(`start ${key}`)
  return provider.status(target).state === 'running' && !tried
}

/** A process that a reload has taken out of force is stopped when its requests have ended, or drain_timeout is over. */
export function checkRetirement(world: World, { key }: Target, retired: ReadonlyMap<Gate, number>): void {
  const cut = world.clients.filter(
    ({ outcome, lease, gate }) =>
      outcome === 'open' &&
      lease?.upstream.generation.startsWith(`${key}#`) &&
      world.clock.now() - (retired.get(gate) ?? 0) < gate.service.drainTimeout,
  )
  if (cut.length > 0) throw new Broken(10, `${key} is stopped under ${cut.length} requests`)
}
