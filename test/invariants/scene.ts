/**
 * What the simulation knows of each service, gathered from outside: from what clients, operators and the config did, from what
 * the fake containers are, and from the events that observers hear. The rules are asked of this, never of the states' inner
 * workings.
 */
import type { ServiceRuntime } from '../../src/domain/service-runtime.ts'
import type { DomainEvent } from '../../src/domain/ports.ts'
import type { Service, Target } from '../../src/domain/service.ts'
import type { Client, World } from '../helpers/world.ts'
import { SCHEDULE, type Layout } from './cast.ts'
import { Broken, isBefore, newTrack, type Track } from './track.ts'

const MINUTE = 60_000

/** When what a target has used was told, and how much that was; null: it was not told. */
interface Look {
  readonly at: number
  readonly used: number | null
}

export class Scene {
  readonly world: World
  readonly tracks = new Map<ServiceRuntime, Track>()
  readonly looks = new Map<string, Look[]>()
  layout: Layout
  services: readonly Service[]
  /** By the target's key. */
  #byKey = new Map<string, ServiceRuntime>()
  #current: readonly ServiceRuntime[] = []
  #begun = 0
  /** Counts the steps of the schedule, pieces of time included. */
  turn = 0
  /** When the last reload was; and where in the order of wakes and sleeps. */
  reloadedAt = -Infinity
  reloadedAs = 0
  /** When the provider went away last. */
  lostAt = -Infinity
  /** When the wall clock was set last. */
  jumpedAt = -Infinity
  /** Requests that waited when their service was stopped: they must have been refused, and hear of it in a moment. */
  readonly refused: Client[] = []
  /** Requests that an operator's order has given up; their target may be stopped later than their service. */
  readonly forsaken = new Set<Client>()
  /** The first rule that was seen broken from within the core, where nothing may be thrown. */
  fault: Broken | null = null

  constructor(world: World, layout: Layout, services: readonly Service[]) {
    this.world = world
    this.layout = layout
    this.services = services
    this.follow()
  }

  get now(): number {
    return this.world.clock.now()
  }

  /** The services in force. */
  get runtimes(): readonly ServiceRuntime[] {
    return this.#current
  }

  /** Processes that a reload has put others in the place of, or none. */
  get replaced(): Target[] {
    return this.world.provider.targets.filter(
      (target) => target.kind === 'process' && !this.#byKey.has(target.key),
    )
  }

  of(target: Target): ServiceRuntime | undefined {
    return this.#byKey.get(target.key)
  }

  track(runtime: ServiceRuntime): Track {
    const known = this.tracks.get(runtime)
    if (known !== undefined) return known
    const made = newTrack(runtime, {
      now: this.now,
      madeAs: ++this.#begun,
      follows: [...this.tracks.keys()].some((other) => isBefore(other.service, runtime.service)),
      reachable: this.world.provider.reachable,
    })
    this.tracks.set(runtime, made)
    return made
  }

  /** After a reload: who is in force, and who is not any more. */
  follow(): void {
    this.reloadedAt = this.now
    this.reloadedAs = ++this.#begun
    this.#current = this.services.map(({ name }) => this.world.activator.gate(name))
    const now = new Set(this.#current)
    this.#byKey = new Map([...now].map((each) => [each.service.target.key, each]))
    for (const each of now) this.track(each)
    for (const [runtime, track] of this.tracks) {
      if (now.has(runtime) || track.retiredAt !== null) continue
      track.retiredAt = this.now
      track.retiredAs = ++this.#begun
    }
  }

  /** The services in force that need it, by what each says now: in the midst of a reload some have changed already. */
  needers({ service }: ServiceRuntime): readonly ServiceRuntime[] {
    const { key } = service.target
    return this.#current.filter((other) => other.service.needs.some((need) => need.key === key))
  }

  /** Those too that need it through others. */
  dependents(runtime: ServiceRuntime): Set<ServiceRuntime> {
    const all = new Set<ServiceRuntime>()
    const add = (each: ServiceRuntime): void => {
      for (const other of this.needers(each)) {
        if (!all.has(other)) add(other)
        all.add(other)
      }
    }
    add(runtime)
    return all
  }

  clients(runtime: ServiceRuntime, outcome: 'open' | 'waiting'): Client[] {
    return this.world.clients.filter((client) => client.outcome === outcome && client.gate === runtime)
  }

  /** Requests that run on this service or on one that had the same target before it. */
  inUse(runtime: ServiceRuntime): number {
    const { key } = runtime.service.target
    return this.world.clients.filter(
      ({ outcome, gate }) => outcome === 'open' && (gate === runtime || gate.service.target.key === key),
    ).length
  }

  /** Requests of services that had the same target, and that a reload has taken out a moment ago. */
  leftOpen(runtime: ServiceRuntime): number {
    const { key } = runtime.service.target
    let open = 0
    for (const [other, { retiredAt }] of this.tracks) {
      if (retiredAt === null || other.service.target.key !== key) continue
      if (this.now - retiredAt < other.service.drainTimeout) open += this.clients(other, 'open').length
    }
    return open
  }

  isPinned(runtime: ServiceRuntime): boolean {
    return !runtime.service.part && this.now < this.track(runtime).pinnedUntil
  }

  /** By the wall clock, whether or not WakeDock can have noticed. */
  isScheduled({ service }: ServiceRuntime): boolean {
    if (service.schedule === null) return false
    const wall = this.world.clock.wallTime()
    const minute = Math.floor(wall / MINUTE) % 1_440
    const day = new Date(wall).getUTCDay()
    return SCHEDULE.windows.some(({ days, from, to }) => days.includes(day) && from <= minute && minute < to)
  }

  /** What WakeDock thinks of the schedule may be from before the wall clock was set: it looks once in a minute. */
  get isClockFresh(): boolean {
    return this.now - this.jumpedAt > MINUTE
  }

  /** Services that are awake or on their way, and need it. */
  users(runtime: ServiceRuntime): ServiceRuntime[] {
    return this.needers(runtime).filter((other) => {
      const { state } = this.track(other)
      if (state === 'stopping') return other.service.target.kind !== 'group'
      return state === 'waking' || state === 'awake' || state === 'draining'
    })
  }

  /** Its container is up as far as the core can know, or a verb on it is under way. */
  isUp({ service: { target }, state: own }: ServiceRuntime): boolean {
    if (target.kind === 'group' || target.kind === 'url') return false
    const { provider } = this.world
    const { state } = provider.status(target)
    const up = state === 'running' || state === 'restarting' || state === 'unusable'
    // A verb may be that of a service which a reload has taken out.
    return (up && provider.isHeard(target)) || (own.verb !== null && provider.verb(target) !== null)
  }

  /** A person may have wanted it down; a stack is as its main part. */
  excuse(runtime: ServiceRuntime): void {
    this.track(runtime).excused = true
    const { key } = runtime.service.target
    for (const other of this.needers(runtime)) {
      const { target } = other.service
      if (target.kind === 'group' && target.main === key) this.track(other).excused = true
    }
  }

  /** What a hand has done may be heard of later. */
  unexcuse(runtime: ServiceRuntime): void {
    if (this.#isHeard(runtime)) this.track(runtime).excused = false
  }

  /** An operator has ordered it to sleep, and its requests have had the time that they are given. */
  mayCut(runtime: ServiceRuntime): boolean {
    const { orders } = this.track(runtime)
    return orders.some(({ at, force }) => force || this.now - at >= runtime.service.drainTimeout)
  }

  break(invariant: number | string, what: string): void {
    this.fault ??= new Broken(invariant, what)
  }

  /** Keeps up with what observers hear. */
  hear(event: DomainEvent): void {
    if (!('service' in event)) return
    const runtime = this.#named(event.service)
    if (runtime === undefined) return
    const track = this.track(runtime)
    const { idleTimeout } = runtime.service
    if (event.type === 'wake_finished' || event.type === 'sleep_finished') track.newsAt = this.now
    switch (event.type) {
      case 'state':
        track.state = event.to
        if (event.to !== 'awake' && event.from !== 'asleep') track.lostIn = this.turn
        if (event.to === 'stopping') Object.assign(track, { sleptFrom: event.from, sleptAs: ++this.#begun })
        if (event.to === 'awake' && event.from !== 'draining') track.awakeSince = this.now
        break
      case 'wake_started':
        Object.assign(track, {
          wokenAt: this.now,
          wokenAs: ++this.#begun,
          notBefore: -Infinity,
          started: false,
          done: false,
          stopFailed: false,
        })
        this.unexcuse(runtime)
        track.wakes++
        break
      case 'wake_finished':
        track.wakes--
        track.done = event.outcome === 'ready'
        // Another run that its HEALTHCHECK calls healthy at once: it was awake, and is, and no state is told.
        if (event.outcome === 'ready') track.awakeSince = this.now
        break
      case 'sleep_started':
        track.sleeps++
        if (this.mayCut(runtime)) for (const each of this.clients(runtime, 'open')) this.forsaken.add(each)
        break
      case 'sleep_finished':
        track.sleeps--
        if (event.outcome === 'stopped') break
        track.stopFailed = true
        track.notBefore = this.now + (idleTimeout || MINUTE)
        break
      case 'sleep_postponed':
        track.notBefore = this.now + Math.max(5_000, Math.min(idleTimeout, MINUTE))
        break
      case 'hold_ended':
        track.lastUse = this.now
        break
      default:
    }
  }

  #isHeard({ service: { target } }: ServiceRuntime): boolean {
    const own = target.kind === 'group' ? this.#byKey.get(target.main)?.service.target : target
    return own === undefined || own.kind === 'group' || this.world.provider.isHeard(own)
  }

  #named(name: string): ServiceRuntime | undefined {
    try {
      return this.world.activator.gate(name)
    } catch {
      return undefined // In the midst of a reload.
    }
  }
}
