/**
 * The simulation: random things happen to the core, and after each of them every invariant of the lifecycle is checked
 * from outside, against what the fake containers really do. It knows nothing of the states' inner rules; it only knows
 * what must never be seen. A broken rule is reported by the number of the invariant.
 */
import { World, type Client } from '../helpers/world.ts'
import type { Gate } from '../../src/domain/gate.ts'
import type { step } from '../../src/domain/lifecycle.ts'
import type { Service, Target } from '../../src/domain/service.ts'
import { changeOutside, NAMES, policy, type Action, type Name } from './actions.ts'
import {
  Broken,
  checkAgreement,
  checkOrders,
  checkRefusals,
  checkReplacement,
  checkRetirement,
  isLeftRunning,
  type Order,
} from './rules.ts'

const MAX_HELD_ALL = 6

export class Simulation {
  readonly world: World
  #services: Service[] = NAMES.map((each) => policy(each, 1, 5_000, 0))
  #definition = 1
  /** When a reload has taken a service out of force. */
  readonly #retired = new Map<Gate, number>()
  readonly #orders: Order[] = []
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
    this.world.provider.beforeStart = (target) => this.#noting(() => checkReplacement(this.world, target))
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
        const verb = this.#targets(action.name)
          .map((target) => world.provider.verb(target))
          .find((pending) => pending !== null)
        if (action.how === 'succeed') verb?.succeed()
        else verb?.fail(action.how, action.effect)
        break
      }
      case 'app':
        world.ready = () => action.ready
        break
      case 'outside':
        changeOutside(world.provider, this.#service(action.name).target, action.what)
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
        this.#order(action.name, action.goal, action.force)
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
        this.#reload(action)
        break
    }
    // What is due at once comes at the next turn of the clock.
    await world.advance(0)
  }

  #order(name: Name, goal: 'wake' | 'sleep', force: boolean): void {
    const { activator } = this.world
    const order: Order = { goal, result: null }
    this.#orders.push(order)
    const outcome = goal === 'wake' ? activator.wake(name) : activator.sleep(name, { force })
    void outcome?.then((result) => {
      order.result = result
    })
  }

  /** A changed policy; with it, a service may be taken out and put back at once, and the process be another one. */
  #reload({ idle, minAwake, taken, redefined }: Action & { do: 'reload' }): void {
    const { activator, clock } = this.world
    const before = NAMES.map((each) => activator.gate(each))
    if (redefined) this.#definition = 3 - this.#definition
    this.#services = NAMES.map((each) => policy(each, this.#definition, idle, minAwake))
    if (taken !== 'none') {
      activator.configure(this.#services.filter((each) => each.name !== taken))
      this.#ordered.delete(taken)
    }
    activator.configure(this.#services)
    for (const gate of before) {
      if (!NAMES.some((each) => activator.gate(each) === gate)) this.#retired.set(gate, clock.now())
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
    if (each === undefined) {
      this.#noting(() => checkRetirement(this.world, target, this.#retired))
      return
    }
    const reason = this.world.told('sleep_started').findLast(({ service }) => service === each)?.reason
    const mine = this.#live().filter((client) => this.#isOf(client, each))
    const open = mine.filter(({ outcome }) => outcome === 'open')
    const waiting = mine.filter(({ outcome }) => outcome === 'waiting')
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
    const settled = world.clients.filter(
      (each) => each.heldSince !== null && each.outcome !== 'waiting',
    ).length
    const told = world.told('hold_ended').length
    if (told !== settled) throw new Broken(1, `${settled} holds have ended, ${told} were told`)
    checkRefusals(this.world)
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
    const due = snapshot.state === 'awake' && open === 0 && this.#service(each).idleTimeout > 0
    if ((snapshot.sleepsAt !== null) !== due)
      throw new Broken(4, `${each} says it sleeps at ${snapshot.sleepsAt}`)
    if ((snapshot.lastActive ?? 0) > world.clock.wallTime())
      throw new Broken(4, `${each} was used in the future`)
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
    // The last one waits for what it has replaced: each verb may be followed by another.
    for (const target of world.provider.targets) world.provider.verb(target)?.succeed()
    await world.settle()
    world.provider.hear()
    await this.#advance(5_000)
    world.provider.hear()
    await world.settle()
    this.#check()
    const lost = waiting.find(({ outcome }) => outcome === 'waiting')
    if (lost !== undefined) throw new Broken(1, 'a request still waits although all is well')
    for (const each of this.#services) checkAgreement(world, each)
    checkOrders(this.#orders)
    for (const old of this.#targets('b')) {
      if (old.key === this.#service('b').target.key || !isLeftRunning(world.provider, old)) continue
      throw new Broken(10, `${old.key} was replaced, and runs on`)
    }
    // A crash: the core stops caring. Nothing it looked after may be stopped by that.
    const calls = world.provider.calls.length
    world.activator.close()
    await this.world.advance(30_000)
    if (world.provider.calls.length > calls) throw new Broken(9, 'shutting down started or stopped something')
    for (const client of this.#live()) client.finish()
    if (this.#live().length > 0) throw new Broken(1, 'a request waits after the shutdown')
  }

  #break(invariant: number, what: string): void {
    this.#fault ??= new Broken(invariant, what)
  }

  /** A rule that is checked from within the core must not be reported into it. */
  #noting(rule: () => void): void {
    try {
      rule()
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      this.#fault ??= error
    }
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

  /** Of the service as it is now: what a reload has replaced counts its own. */
  #isOf(client: Client, each: Name): boolean {
    return client.name === each && client.gate === this.world.activator.gate(each)
  }

  /** Everything that this service has ever been. */
  #targets(each: Name): Target[] {
    return this.world.provider.targets.filter((target) => target.kind !== 'url' && target.name === each)
  }
}
