/**
 * The simulation: random things happen to the core, and after each of them every invariant of the lifecycle is checked
 * from outside, against what the fake containers really do. It knows nothing of the states' inner rules; it only knows
 * what must never be seen. A broken rule is reported by the number of the invariant.
 */
import fc from 'fast-check'
import { stopped } from '../helpers/fake-provider.ts'
import { service } from '../helpers/service.ts'
import { World, type Client } from '../helpers/world.ts'
import type { step } from '../../src/domain/lifecycle.ts'
import type { Service, Target } from '../../src/domain/service.ts'
import type { FailureReason } from '../../src/errors.ts'

const NAMES = ['a', 'b'] as const
const MAX_HELD_ALL = 6

type Name = (typeof NAMES)[number]

export type Action =
  | { do: 'request'; name: Name }
  | { do: 'finish' | 'abort'; which: number; twice: boolean }
  | { do: 'advance'; ms: number }
  | { do: 'verb'; name: Name; how: 'succeed' | FailureReason; effect: boolean }
  | { do: 'app'; ready: boolean }
  | { do: 'outside'; name: Name; what: 'start' | 'pause' | 'remove' | 'restarting' | number }
  | { do: 'hear' | 'lose' | 'back' }
  | { do: 'order'; name: Name; goal: 'wake' | 'sleep'; force: boolean }
  | { do: 'verify'; name: Name }
  | { do: 'reload'; idle: number; minAwake: number }

export function policy(name: Name, idleTimeout: number, minAwake: number): Service {
  return service(name, {
    idleTimeout,
    minAwake,
    startTimeout: 8_000,
    holdTimeout: 20_000,
    drainTimeout: 3_000,
    maxHeld: 4,
  })
}

const name = fc.constantFrom(...NAMES)

/** Weighted so that most schedules do what happens every day, and each does some of what never should. */
export const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('request' as const), name }) },
    {
      weight: 7,
      arbitrary: fc.record({
        do: fc.constantFrom('finish' as const, 'finish' as const, 'abort' as const),
        which: fc.nat(11),
        twice: fc.boolean(),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('advance' as const),
        ms: fc.constantFrom(0, 1, 5, 40, 999, 1_000, 3_000, 5_000, 8_000, 20_000),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('verb' as const),
        name,
        how: fc.constantFrom(
          'succeed' as const,
          'succeed' as const,
          'succeed' as const,
          'refused' as const,
          'unreachable' as const,
        ),
        effect: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('app' as const), ready: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('outside' as const),
        name,
        what: fc.constantFrom(
          'start' as const,
          'pause' as const,
          'remove' as const,
          'restarting' as const,
          0,
          1,
          137,
        ),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('hear' as const, 'lose' as const, 'back' as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('order' as const),
        name,
        goal: fc.constantFrom('wake' as const, 'sleep' as const),
        force: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('verify' as const), name }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('reload' as const),
        idle: fc.constantFrom(0, 2_000, 5_000),
        minAwake: fc.constantFrom(0, 6_000),
      }),
    },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
)

export class Broken extends Error {
  constructor(invariant: number, what: string) {
    super(`invariant ${invariant}: ${what}`)
  }
}

export class Simulation {
  readonly world: World
  #services: Service[] = NAMES.map((each) => policy(each, 5_000, 0))
  /** Stops that an operator has ordered and that may therefore cut requests. */
  readonly #ordered = new Set<string>()
  /** When the service was last in use, by what the clients saw. */
  readonly #lastUse = new Map<string, number>()
  #fault: Broken | null = null

  constructor(lifecycle?: typeof step) {
    this.world = new World(this.#services, { maxHeld: MAX_HELD_ALL, ...(lifecycle && { step: lifecycle }) })
    this.world.provider.manual = true
    this.world.provider.silent = true
    this.world.provider.beforeStop = (target) => this.#checkStop(target)
  }

  async run(schedule: readonly Action[]): Promise<void> {
    await this.world.settle()
    for (const action of schedule) {
      await this.#act(action)
      this.#check()
    }
    await this.#quiesce()
  }

  async #act(action: Action): Promise<void> {
    const { world } = this
    switch (action.do) {
      case 'request':
        world.request(action.name)
        this.#use(action.name)
        break
      case 'finish':
      case 'abort': {
        const live = this.#live()
        const client = live[action.which % Math.max(1, live.length)]
        if (client === undefined) break
        const before = NAMES.map((each) => world.state(each)).join()
        const waited = client.outcome === 'waiting'
        if (action.do === 'finish') client.finish()
        else client.abort()
        // The wake is the service's, not the client's.
        const after = NAMES.map((each) => world.state(each)).join()
        if (waited && after !== before) this.#break(5, 'an abort changed a state')
        if (action.twice) client.lease?.release()
        break
      }
      case 'advance':
        await this.#advance(action.ms)
        return
      case 'verb': {
        const verb = world.provider.verb(this.#service(action.name).target)
        if (action.how === 'succeed') verb?.succeed()
        else verb?.fail(action.how, action.effect)
        break
      }
      case 'app':
        world.ready = () => action.ready
        break
      case 'outside':
        this.#outside(this.#service(action.name).target, action.what)
        break
      case 'hear':
        world.provider.hear()
        break
      case 'lose':
        if (world.provider.reachable) world.provider.lose()
        break
      case 'back':
        if (!world.provider.reachable) world.provider.comeBack()
        break
      case 'order':
        if (action.goal === 'sleep') this.#ordered.add(action.name)
        void (action.goal === 'wake'
          ? world.activator.wake(action.name)
          : world.activator.sleep(action.name, { force: action.force }))
        break
      case 'verify': {
        const lease = world.activator.gate(action.name).tryAcquire()
        if (lease === null) break
        void world.activator.gate(action.name).verify(lease.upstream)
        lease.release()
        this.#use(action.name)
        break
      }
      case 'reload':
        this.#services = NAMES.map((each) => policy(each, action.idle, action.minAwake))
        world.activator.configure(this.#services)
        break
    }
    // What is due at once comes at the next turn of the clock.
    await world.advance(0)
  }

  #outside(target: Target, what: 'start' | 'pause' | 'remove' | 'restarting' | number): void {
    const { provider } = this.world
    const { state } = provider.status(target)
    if (typeof what === 'number' && state === 'running') provider.change(target, stopped(what))
    if (what === 'start' && state !== 'running') provider.change(target, 'running')
    if (what === 'pause' && state === 'running') provider.change(target, { state: 'paused' })
    if (what === 'remove') provider.change(target, { state: 'missing' })
    if (what === 'restarting' && state === 'running') {
      provider.change(target, { state: 'restarting', exitCode: 1 })
      provider.hear()
      provider.change(target, 'running')
    }
  }

  /** Time passes in pieces, so that what is overdue between two events is seen too. */
  async #advance(ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= 1_000) {
      await this.world.advance(Math.min(left, 1_000))
      this.#check()
    }
  }

  /** Called by the provider at the very moment a stop is begun. */
  #checkStop(target: Target): void {
    const each = NAMES.find((other) => this.#service(other).target.key === target.key)
    if (each === undefined) return
    const reason = this.world.told('sleep_started').findLast(({ service }) => service === each)?.reason
    const open = this.world.clients.filter((client) => this.#isOf(client, each) && client.outcome === 'open')
    const waiting = this.world.clients.filter(
      (client) => this.#isOf(client, each) && client.outcome === 'waiting',
    )
    if (reason === 'idle') {
      if (open.length > 0) this.#break(3, `${each} is stopped with ${open.length} requests open`)
      if (waiting.length > 0) this.#break(3, `${each} is stopped with ${waiting.length} requests waiting`)
      const { idleTimeout, minAwake } = this.#service(each)
      const now = this.world.clock.now()
      if (idleTimeout === 0) this.#break(4, `${each} never sleeps, and is stopped`)
      const since = this.world.awakeSince.get(each)
      const idle = now - Math.max(this.#lastUse.get(each) ?? 0, since ?? 0)
      if (idle < idleTimeout) this.#break(4, `${each} is stopped after ${idle} ms idle`)
      if (since !== undefined && now - since < minAwake) this.#break(4, `${each} is stopped before min_awake`)
    } else if (!this.#ordered.has(each)) {
      this.#break(3, `${each} is stopped for an order that nobody gave`)
    }
  }

  #check(): void {
    if (this.#fault !== null) throw this.#fault
    const { world } = this
    if (world.provider.violations[0] !== undefined) throw new Broken(2, world.provider.violations[0])
    if (world.mostProbes > 1) throw new Broken(6, 'two probes of one run at once')
    const waiting = this.#live().filter(({ outcome }) => outcome === 'waiting').length
    if (waiting > MAX_HELD_ALL) throw new Broken(7, `${waiting} requests wait`)
    const settledHolds = world.clients.filter(
      ({ heldSince, outcome }) => heldSince !== null && outcome !== 'waiting',
    )
    if (world.told('hold_ended').length !== settledHolds.length) {
      throw new Broken(
        1,
        `${settledHolds.length} holds have ended, ${world.told('hold_ended').length} were told`,
      )
    }
    for (const each of NAMES) this.#checkService(each)
  }

  #checkService(each: Name): void {
    const { world } = this
    const snapshot = world.activator.get(each)
    const mine = world.clients.filter((client) => this.#isOf(client, each))
    const open = mine.filter(({ outcome }) => outcome === 'open').length
    const waiting = mine.filter(({ outcome }) => outcome === 'waiting').length
    if (snapshot?.inFlight !== open)
      throw new Broken(11, `${open} requests are open, ${snapshot?.inFlight} are counted`)
    if (snapshot.held !== waiting)
      throw new Broken(1, `${waiting} requests wait, ${snapshot.held} are counted`)
    if (waiting > 4) throw new Broken(7, `${waiting} requests wait for ${each}`)
    if (waiting > 0 && !['waking', 'stopping'].includes(snapshot.state)) {
      throw new Broken(1, `requests wait for a service that is ${snapshot.state}`)
    }
    if (open > 0 || waiting > 0) this.#use(each)
    if (snapshot.state === 'awake') {
      const { idleTimeout, minAwake } = this.#service(each)
      const since = world.awakeSince.get(each) ?? 0
      const due = Math.max(Math.max(this.#lastUse.get(each) ?? 0, since) + idleTimeout, since + minAwake)
      // One piece of time is what this simulation can see; a fake timer is never late.
      if (idleTimeout > 0 && open === 0 && world.clock.now() > due + 1_000) {
        throw new Broken(4, `${each} is awake ${world.clock.now() - due} ms after it should sleep`)
      }
    }
    if (snapshot.state === 'asleep' || snapshot.state === 'failed') this.#ordered.delete(each)
  }

  /** Everything gets well again: whatever waits must end, and the states must agree with the containers. */
  async #quiesce(): Promise<void> {
    const { world } = this
    const waiting = this.#live().filter(({ outcome }) => outcome === 'waiting')
    world.ready = () => true
    world.provider.manual = false
    if (!world.provider.reachable) world.provider.comeBack()
    for (const each of NAMES) world.provider.verb(this.#service(each).target)?.succeed()
    await world.settle()
    world.provider.hear()
    await this.#advance(2_000)
    world.provider.hear()
    await world.settle()
    this.#check()
    const lost = waiting.find(({ outcome }) => outcome === 'waiting')
    if (lost !== undefined) throw new Broken(1, 'a request still waits although all is well')
    for (const each of NAMES) this.#checkAgreement(each)
    // A crash: the core stops caring. Nothing it looked after may be stopped by that.
    const calls = world.provider.calls.length
    world.activator.close()
    await this.world.advance(30_000)
    if (world.provider.calls.length > calls) throw new Broken(9, 'shutting down started or stopped something')
    for (const client of this.#live()) client.finish()
    if (this.#live().length > 0) throw new Broken(1, 'a request waits after the shutdown')
  }

  #checkAgreement(each: Name): void {
    const { state } = this.world.provider.status(this.#service(each).target)
    const said = this.world.state(each)
    const agree: Record<string, readonly string[]> = {
      running: ['awake', 'draining', 'failed'],
      stopped: ['asleep', 'failed'],
      paused: ['asleep', 'failed'],
      missing: ['failed', 'asleep'],
    }
    if (!agree[state]?.includes(said)) throw new Broken(8, `${each} is ${state}, and is said to be ${said}`)
  }

  #break(invariant: number, what: string): void {
    this.#fault ??= new Broken(invariant, what)
  }

  #use(each: string): void {
    this.#lastUse.set(each, this.world.clock.now())
  }

  #service(each: Name): Service {
    const found = this.#services.find(({ name: other }) => other === each)
    if (found === undefined) throw new Error(each)
    return found
  }

  #live(): Client[] {
    return this.world.clients.filter(({ outcome }) => outcome === 'open' || outcome === 'waiting')
  }

  #isOf(client: Client, each: Name): boolean {
    return client.name === each
  }
}
