/** Carries out what a schedule says: on the clients, the containers, the clock, the config. It judges nothing. */
import type { ServiceRuntime } from '../../src/domain/service-runtime.ts'
import type { ActionResult } from '../../src/domain/gate.ts'
import type { Target } from '../../src/domain/service.ts'
import { TargetError } from '../../src/errors.ts'
import type { Client } from '../helpers/world.ts'
import type { Action } from './actions.ts'
import { servicesOf, type Layout } from './cast.ts'
import { changeOutside } from './changes.ts'
import type { Scene } from './scene.ts'

/** An operator's order, and what it was told. */
export interface Order {
  readonly goal: 'wake' | 'sleep'
  result: ActionResult | null
}

/** What the targets use up: cores, and bytes a second. Each is the same for all. */
const LOADS = { low: [0.01, 10], high: [2, 5_000], failing: [0.01, 10] } as const

export class Director {
  readonly orders: Order[] = []
  readonly #scene: Scene
  /** Keys of targets whose app answers no probe. */
  readonly broken = new Set<string>()
  #load: keyof typeof LOADS = 'low'
  #loadSince = 0

  constructor(scene: Scene) {
    this.#scene = scene
    const { world } = scene
    world.ready = ({ generation }) => !this.broken.has(generation.slice(0, generation.indexOf('#')))
    world.provider.beforeUsage = (target) => this.#measure(target)
  }

  /** Everything but reloads and the passing of time. */
  act(action: Exclude<Action, { do: 'advance' | 'reload' }>): void {
    const { world } = this.#scene
    const { provider } = world
    switch (action.do) {
      case 'request': {
        const runtime = this.#routed(action.s)
        if (runtime === undefined) break
        world.request(runtime.service.name)
        this.#scene.track(runtime).lastUse = this.#scene.now
        break
      }
      case 'peek':
        this.#routed(action.s)?.peek()
        break
      case 'finish':
      case 'abort':
        this.#end(action)
        break
      case 'engine':
        provider.manual = !action.prompt
        if (action.prompt) for (const { verb } of provider.verbs) verb.succeed()
        for (const track of this.#scene.tracks.values()) track.starting = false
        break
      case 'verb': {
        const { verbs } = provider
        const pending = verbs[action.which % Math.max(1, verbs.length)]
        if (pending === undefined) break
        const { target, verb } = pending
        const runtime = this.#scene.of(target)
        if (runtime !== undefined) {
          const track = this.#scene.track(runtime)
          track.started = track.starting && action.how === 'succeed'
          track.starting = false
          track.newsAt = this.#scene.now
          // A stop that is said to have failed, and has stopped the target, looks like somebody else's.
          if (action.how !== 'succeed' && verb.kind !== 'start') this.#scene.excuse(runtime)
        }
        if (action.how === 'succeed') verb.succeed()
        else verb.fail(action.how, action.effect)
        break
      }
      case 'app': {
        const key = this.#any(action.s)?.service.target.key ?? ''
        if (action.ready) this.broken.delete(key)
        else this.broken.add(key)
        break
      }
      case 'health': {
        const target = this.#contained(action.s)?.service.target
        if (target !== undefined) provider.health(target, action.health)
        break
      }
      case 'load':
        this.#account()
        this.#load = action.load
        break
      case 'outside':
        this.#outside(action)
        break
      case 'hear':
        provider.hear()
        break
      case 'lose':
        if (!provider.reachable) break
        this.#scene.lostAt = this.#scene.now
        provider.lose()
        break
      case 'back':
        if (!provider.reachable) provider.comeBack()
        break
      case 'order':
        this.#order(action)
        break
      case 'verify':
        this.#verify(action.s)
        break
      case 'pin': {
        const runtime = this.#routed(action.s)
        if (runtime === undefined) break
        this.#scene.track(runtime).pinnedUntil = this.#scene.now + (action.ms ?? Infinity)
        world.activator.pin(runtime.service.name, action.ms)
        break
      }
      case 'unpin': {
        const runtime = this.#routed(action.s)
        if (runtime === undefined) break
        this.#scene.track(runtime).pinnedUntil = -Infinity
        world.activator.unpin(runtime.service.name)
        break
      }
      case 'jump':
        world.clock.jump(action.ms)
        this.#scene.jumpedAt = this.#scene.now
        break
    }
  }

  /** Clients that have not ended. */
  get live(): Client[] {
    return this.#scene.world.clients.filter(({ outcome }) => outcome === 'open' || outcome === 'waiting')
  }

  /** Puts it in force. */
  reload(layout: Layout): void {
    const scene = this.#scene
    const before = new Map(scene.runtimes.map((runtime) => [runtime, runtime.service.part]))
    scene.layout = layout
    scene.services = servicesOf(layout)
    scene.world.activator.configure(scene.services)
    scene.follow()
    for (const runtime of scene.runtimes)
      if (runtime.service.part) scene.track(runtime).pinnedUntil = -Infinity
    for (const [runtime, part] of before) {
      // A wake of a part is not always told to have ended: nobody counts those.
      if (runtime.service.part !== part)
        Object.assign(scene.track(runtime), {
          wakes: Number(runtime.state.name === 'waking'),
          sleeps: Number(runtime.state.name === 'stopping'),
        })
    }
  }

  #end({ do: how, which, twice }: Action & { do: 'finish' | 'abort' }): void {
    const { live } = this
    const client = live[which % Math.max(1, live.length)]
    if (client === undefined) return
    const scene = this.#scene
    const states = (): string => scene.runtimes.map(({ state }) => state.name).join()
    const waited = client.outcome === 'waiting'
    const before = states()
    if (client.outcome === 'open') scene.track(client.gate as ServiceRuntime).lastUse = scene.now
    if (how === 'finish') client.finish()
    else client.abort()
    // The wake is the service's, not the client's.
    if (waited && states() !== before) scene.break(5, 'an abort changed a state')
    if (twice) client.lease?.release()
  }

  #outside({ s, what, heard }: Action & { do: 'outside' }): void {
    const runtime = this.#contained(s)
    if (runtime === undefined) return
    const { provider } = this.#scene.world
    const { target } = runtime.service
    const track = this.#scene.track(runtime)
    const wasAwake = runtime.state.name === 'awake' && provider.isHeard(target)
    // What happens while the engine is away is nobody's wish, unless a verb may have brought news from there since.
    const told = provider.verb(target) !== null || track.newsAt >= this.#scene.lostAt
    const byHand = what === 'pause' || what === 'create' || what === 0 || what === 137 || what === 143
    if (byHand && (provider.reachable || target.kind === 'process' || told || what === 'pause'))
      this.#scene.excuse(runtime)
    // The end of a stack's main part is that of the stack's run, whatever ended it.
    const { part } = runtime.service
    if (part && target.kind === 'container' && target.addressed) track.excused = true
    track.started = false
    changeOutside(provider, target, what)
    if (!heard) return
    provider.hear()
    // Beyond doubt: it was awake, and whoever watches has seen nothing but this.
    if (
      byHand &&
      wasAwake &&
      this.#scene.track(runtime).state === 'asleep' &&
      this.#scene.lostAt === -Infinity
    )
      track.handed = true
  }

  #order({ s, goal, force }: Action & { do: 'order' }): void {
    const runtime = this.#routed(s)
    if (runtime === undefined) return
    const { activator } = this.#scene.world
    const order: Order = { goal, result: null }
    this.orders.push(order)
    if (goal === 'sleep') {
      const also = force ? this.#scene.dependents(runtime) : []
      for (const each of [runtime, ...also]) {
        const track = this.#scene.track(each)
        track.orders.push({ at: this.#scene.now, force })
        // One that is refused changes nothing.
        if (force || each.bonds.claimants.size === 0) track.pinnedUntil = -Infinity
        this.#scene.excuse(each)
      }
    }
    const { name } = runtime.service
    const outcome = goal === 'wake' ? activator.wake(name) : activator.sleep(name, { force })
    void outcome?.then((result) => {
      order.result = result
    })
  }

  #verify(s: number): void {
    const runtime = this.#routed(s)
    const lease = runtime?.tryAcquire()
    if (!lease || runtime === undefined) return
    const { world } = this.#scene
    world.verifying++
    void runtime.verify(lease.upstream).finally(() => world.verifying--)
    lease.release()
    this.#scene.track(runtime).lastUse = this.#scene.now
  }

  #account(): void {
    const { now, world } = this.#scene
    const [cores, bytes] = LOADS[this.#load]
    const seconds = (now - this.#loadSince) / 1_000
    const { cpuSeconds, networkBytes } = world.provider.used
    world.provider.used = {
      cpuSeconds: cpuSeconds + cores * seconds,
      networkBytes: (networkBytes ?? 0) + bytes * seconds,
    }
    this.#loadSince = now
  }

  #measure({ key }: Target): void {
    this.#account()
    const { looks, now, world } = this.#scene
    const failing = this.#load === 'failing'
    const used = failing ? null : world.provider.used.cpuSeconds
    looks.set(key, [...(looks.get(key) ?? []).slice(-7), { at: now, used }])
    if (failing) throw new TargetError('refused', 'no statistics', 'Ask again.')
  }

  #any(s: number): ServiceRuntime | undefined {
    const { runtimes } = this.#scene
    return runtimes[s % Math.max(1, runtimes.length)]
  }

  /** With a container of its own. */
  #contained(s: number): ServiceRuntime | undefined {
    const all = this.#scene.runtimes.filter(({ service }) => service.target.kind !== 'group')
    return all[s % Math.max(1, all.length)]
  }

  /** One that the config file names: parts get no requests and no orders. */
  #routed(s: number): ServiceRuntime | undefined {
    const all = this.#scene.runtimes.filter(({ service }) => !service.part)
    return all[s % Math.max(1, all.length)]
  }
}
