/**
 * The simulation: random things happen to the core, and after each of them every invariant of the lifecycle is checked
 * from outside, against what the fake containers really do. A broken rule is reported by the number of the invariant.
 */
import type { step } from '../../src/domain/lifecycle.ts'
import { drained } from '../helpers/fake-clock.ts'
import { stopped } from '../helpers/fake-provider.ts'
import { World } from '../helpers/world.ts'
import { layoutOf, type Action, type Change, type Scenario } from './actions.ts'
import { CHECKED, JOBS, servicesOf } from './cast.ts'
import { changed } from './changes.ts'
import { Director } from './director.ts'
import { checkAlways, MAX_HELD_ALL } from './rules/always.ts'
import { checkAdopted, checkAgreement, checkAllAsleep, checkOrders, onSlept } from './rules/ending.ts'
import { checkLate } from './rules/late.ts'
import { checkPeek, checkReload, picture } from './rules/reload.ts'
import { onAwake, onStart } from './rules/starts.ts'
import { onSleep, onStop } from './rules/stops.ts'
import { Scene } from './scene.ts'
import { Broken } from './track.ts'

/** No schedule has so many; who reaches it goes round in circles, and would never come to a check. */
const MOST_EVENTS = 20_000

export class Simulation {
  readonly world: World
  readonly #scenario: Scenario
  readonly #scene: Scene
  readonly #director: Director
  /** Milliseconds: how long nobody looked, at the last advance; what ended in that time has ended at nobody knows which moment. */
  #piece = 1_000

  constructor(scenario: Scenario, lifecycle?: typeof step) {
    this.#scenario = scenario
    const layout = layoutOf(scenario)
    const services = servicesOf(layout)
    this.world = new World(services, {
      maxHeld: MAX_HELD_ALL,
      settle: drained,
      ...(lifecycle && { step: lifecycle }),
    })
    const { provider } = this.world
    provider.silent = true
    for (const key of CHECKED) provider.checked.add(key)
    this.#scene = new Scene(this.world, layout, services)
    this.#director = new Director(this.#scene)
    provider.beforeStop = (target) => onStop(this.#scene, target)
    provider.beforeStart = (target) => onStart(this.#scene, target)
    this.world.watch = (event) => {
      const scene = this.#scene
      if (this.world.events.length === MOST_EVENTS) {
        scene.break('circle', 'it goes round and round')
        this.world.activator.close()
      }
      scene.hear(event)
      if (event.type === 'sleep_started') onSleep(scene, event)
      if (event.type === 'sleep_finished') onSlept(scene, event)
      if (event.type === 'state') onAwake(scene, event)
    }
  }

  /** @throws Broken */
  async run(): Promise<void> {
    await this.#begin()
    for (const action of this.#scenario.schedule) {
      await this.#act(action)
    }
    if (this.#scenario.ending === 'sleep') {
      await this.#quiesce()
      await this.#fallAsleep()
    }
    await this.#shutDown()
  }

  /** Some containers run already. */
  async #begin(): Promise<void> {
    const { provider } = this.world
    const contained = this.#scene.services.filter(({ target }) => target.kind === 'container')
    const up = contained.filter((_, index) => (this.#scenario.up & (1 << index)) !== 0)
    for (const { target } of up) provider.change(target, 'running')
    await this.world.settle()
    checkAdopted(this.#scene, up)
    provider.manual = !this.#scenario.prompt
    this.#check()
  }

  async #act(action: Action): Promise<void> {
    const scene = this.#scene
    if (action.do === 'advance') return this.#advance(action.ms)
    if (action.do === 'reload') return this.#reload(action.change)
    const looked = action.do === 'peek' ? picture(scene) : null
    this.#director.act(action)
    if (looked !== null) checkPeek(scene, looked)
    // What is due at once comes at the next turn of the clock.
    await this.world.advance(0)
    this.#check()
  }

  async #reload(change: Change): Promise<void> {
    const scene = this.#scene
    for (const layout of changed(scene.layout, change)) {
      const before = picture(scene)
      this.#director.reload(layout)
      checkReload(scene, before)
      await this.world.advance(0)
      this.#check()
    }
  }

  /** Time passes in pieces, so that what is overdue between two events is seen too. */
  async #advance(ms: number): Promise<void> {
    const piece = Math.max(1_000, ms / 8)
    this.#piece = piece
    for (let left = ms; left > 0 || left === ms; left -= piece) {
      await this.world.advance(Math.min(left, piece))
      this.#check()
    }
  }

  #check(): void {
    const scene = this.#scene
    scene.turn++
    if (scene.fault !== null) throw scene.fault
    checkAlways(scene)
    checkLate(scene, this.#piece)
  }

  /** Everything gets well again: whatever waits must end, and the states must agree with the containers. */
  async #quiesce(): Promise<void> {
    const { world } = this
    const { provider } = world
    const waiting = this.#director.live.filter(({ outcome }) => outcome === 'waiting')
    this.#director.broken.clear()
    provider.addressless.clear()
    for (const key of JOBS) provider.jobs.add(key)
    this.#director.act({ do: 'load', load: 'low' })
    this.#director.act({ do: 'engine', prompt: true })
    this.#director.act({ do: 'back' })
    await world.settle()
    for (const target of provider.targets) {
      const { state } = provider.status(target)
      if (state === 'running' && JOBS.includes(target.kind === 'url' ? '' : target.key))
        provider.change(target, stopped(0))
      provider.health(target, 'healthy')
    }
    provider.hear()
    await this.#advance(6_000)
    provider.hear()
    await world.settle()
    this.#check()
    const lost = waiting.find(({ outcome }) => outcome === 'waiting')
    if (lost !== undefined) throw new Broken(1, 'a request still waits although all is well')
    checkAgreement(this.#scene)
    checkOrders(this.#director.orders)
  }

  /** Nobody asks for anything any more. */
  async #fallAsleep(): Promise<void> {
    for (const client of this.#director.live) client.finish()
    for (let s = 0; s < 6; s++) this.#director.act({ do: 'unpin', s })
    // A stop that failed under a policy without an idle time is tried again after a minute.
    await this.#advance(80_000)
    checkAllAsleep(this.#scene)
  }

  /** The core stops caring. Nothing it looked after may be stopped by that. */
  async #shutDown(): Promise<void> {
    const { world } = this
    const before = world.provider.calls.length
    world.activator.close()
    await world.settle()
    if (this.#director.live.some(({ outcome }) => outcome === 'waiting'))
      throw new Broken(1, 'a request waits after the shutdown')
    await world.advance(30_000)
    // A process that a reload has taken out is ended as it was going to be.
    const replaced = new Set(this.#scene.replaced.map(({ key }) => `stop ${key}`))
    const calls = world.provider.calls.slice(before).filter((call) => !replaced.has(call))
    if (calls.length > 0) throw new Broken(9, `shutting down was followed by ${calls.join()}`)
    for (const client of this.#director.live) client.finish()
    if (this.#director.live.length > 0) throw new Broken(1, 'a request has not ended after the shutdown')
  }
}
