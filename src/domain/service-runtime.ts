/**
 * One service at run time: its state, its counters, and everything that moves it. It feeds events to the pure lifecycle and
 * carries out what comes back; all decisions are made there. After every step it brings what is derived from the state
 * (probe loop, timer, connection pool, holds, claims, waiting orders) in line with it.
 */
import { WakeDockError, type TargetError } from '../errors.ts'
import type { Agenda } from './agenda.ts'
import { Alarm } from './alarm.ts'
import { Bonds } from './bonds.ts'
import type { ActionResult, Gate, Hold, Lease, ServiceSnapshot } from './gate.ts'
import { Group, type Part } from './group.ts'
import { HoldQueue, settledHold, type HoldBudget } from './hold-queue.ts'
import { Keeping } from './keeping.ts'
import type { step } from './lifecycle.ts'
import { measureLoad } from './load.ts'
import type { Clock, DomainEvent, Observer, Probe, Provider, TargetStatus, Upstream, Usage } from './ports.ts'
import { Orders, type Goal } from './orders.ts'
import { probeUntilReady, type ProbeLoop } from './probe-loop.ts'
import { RunHistory } from './run-history.ts'
import type { Service } from './service.ts'
import {
  admission,
  dueAt,
  idleAt,
  initialState,
  isPending,
  MEASURE_WINDOW,
  probeOf,
  servingOf,
} from './state.ts'
import type { Effect, Event, Facts, State } from './state.ts'
import { TargetCalls } from './target-calls.ts'
import { Uses } from './uses.ts'
import { verifyRun } from './verify.ts'

export interface Parts {
  readonly clock: Clock
  readonly provider: Provider
  readonly probe: Probe
  readonly observe: Observer
  readonly budget: HoldBudget
  readonly agenda: Agenda
  /** The service with this target. */
  readonly find: (key: string) => ServiceRuntime | undefined
  /** The stacks whose main part has this target. */
  readonly groupsOf: (key: string) => readonly ServiceRuntime[]
  /** The lifecycle: a parameter so that the simulation can show which broken ones it catches. */
  readonly step: typeof step
}

/** Those before it on the same target. */
export interface Before {
  /** Its first start waits for this. */
  readonly after: Promise<unknown>
  /** A service that a reload has taken out of force, and whose last requests still use the target. */
  readonly runtime: ServiceRuntime | null
}

/** What an order is told after close(). */
const LETS_GO = 'WakeDock lets go of it.'

export class ServiceRuntime implements Gate, Part {
  readonly bonds: Bonds
  readonly #parts: Parts
  readonly #holds: HoldQueue
  readonly #history: RunHistory
  readonly #calls: TargetCalls
  readonly #group: Group | null
  readonly #orders = new Orders()
  readonly #keeping: Keeping
  readonly #alarm: Alarm
  #service: Service
  #state: State
  #status: TargetStatus | null = null
  readonly #uses: Uses
  #lastProbe: string | null = null
  #afterOutage = false
  #probing: ProbeLoop | null = null
  #verifying: { upstream: Upstream; done: Promise<void> } | null = null
  #closed: (() => WakeDockError) | null = null
  #drained: (() => void) | null = null

  constructor(service: Service, parts: Parts, before: Before = { after: Promise.resolve(), runtime: null }) {
    this.#service = service
    this.#parts = parts
    this.#group = service.target.kind === 'group' ? new Group(this, parts.agenda, parts.find) : null
    this.#calls = new TargetCalls(this.#group ?? parts.provider, this, before.after)
    this.#state = initialState(service, parts.clock.now())
    this.#history = new RunHistory(parts.clock)
    this.#keeping = new Keeping(parts.clock)
    this.bonds = new Bonds(this, parts.clock, parts.find)
    this.#alarm = new Alarm(parts.clock, () => this.dispatch({ type: 'tick' }))
    this.#holds = new HoldQueue(parts.clock, parts.budget, (outcome, heldMs) => {
      this.#uses.touch()
      this.#tell({ type: 'hold_ended', service: this.#service.name, outcome, heldMs })
    })
    this.#uses = new Uses(parts.clock, () => this.#unused(), before.runtime?.uses ?? null)
  }

  get service(): Service {
    return this.#service
  }

  get state(): State {
    return this.#state
  }

  get status(): TargetStatus | null {
    return this.#status
  }

  get heard(): boolean {
    if (this.#group === null) return !this.#afterOutage
    return this.#service.needs.every(({ key }) => this.#parts.find(key)?.heard ?? true)
  }

  get stopError(): TargetError | null {
    return this.#history.stopError
  }

  /** What a successor on the same target goes on with. */
  get uses(): Uses {
    return this.#uses
  }

  /** Settles when no verb is under way; of a closed runtime, the last one. Never rejects. */
  get verb(): Promise<void> {
    return this.#calls.verb
  }

  tryAcquire(): Lease | null {
    if (this.#closed !== null) return null
    if (this.#state.name === 'draining') this.dispatch({ type: 'request' })
    if (this.#state.name !== 'awake') return null
    return this.#uses.lease(this.#state.upstream)
  }

  peek(): Upstream | null {
    const open = this.#state.name === 'awake' || this.#state.name === 'draining'
    return open && this.#closed === null ? this.#state.upstream : null
  }

  resume(upstream: Upstream): Lease | null {
    return this.peek() === upstream ? this.#uses.lease(upstream) : null
  }

  hold(): Hold {
    if (this.#closed !== null) return settledHold(Promise.reject(this.#closed()))
    const lease = this.tryAcquire()
    if (lease !== null) return this.#settled('admitted', Promise.resolve(lease))
    this.dispatch({ type: 'request' })
    const verdict = admission(this.#state, this.#parts.clock.now())
    if (typeof verdict === 'object') {
      const retryAfter = Math.max(1, Math.ceil(verdict.refuseFor / 1000))
      const error = new WakeDockError('WAKEDOCK_WAKE_FAILED', { status: 503, retryAfter })
      return this.#settled('failed', Promise.reject(error))
    }
    return this.#holds.add(this.#service.holdTimeout, this.#service.maxHeld)
  }

  verify(upstream: Upstream): Promise<void> {
    if (this.#state.upstream !== upstream || this.#service.target.kind === 'url') return Promise.resolve()
    if (this.#verifying?.upstream === upstream) return this.#verifying.done
    const done = verifyRun(this.#parts, {
      upstream,
      check: this.#service.ready,
      inspect: async () => {
        await this.#calls.inspect()
      },
      current: () => this.#state.upstream === upstream && this.#closed === null,
    }).finally(() => {
      if (this.#verifying?.done === done) this.#verifying = null
    })
    this.#verifying = { upstream, done }
    return done
  }

  look(): Promise<boolean> {
    return this.#calls.inspect()
  }

  usage(): Promise<Usage> {
    return this.#calls.usage()
  }

  /**
   * Feeds one event to the lifecycle and carries out what it answers; after the events before it. After close() nothing is
   * started or stopped any more.
   */
  dispatch(event: Event): void {
    this.#parts.agenda.do(() => this.#step(event))
  }

  /** The provider is away: what has become of the target meanwhile is nobody's wish. */
  outage(): void {
    this.#afterOutage = true
  }

  /** The main part of a stack may have changed. At once, as a task of its own: a moment later it may be news no more. */
  follow(): void {
    if (this.#state.verb !== null || this.#closed !== null) return
    const status = this.#group?.news() ?? null
    if (status !== null) this.#step({ type: 'status', status })
  }

  /** Puts a changed policy in force; nothing that is under way is touched. Called again when other services have changed. */
  reconfigure(service: Service): void {
    this.#service = service
    // What has become a part cannot be named by anybody, to be unpinned.
    if (service.part) this.#keeping.unpin()
    this.dispatch({ type: 'tick' })
  }

  order(goal: Goal, force = false): Promise<ActionResult> {
    if (goal === 'sleep' && this.#service.target.kind === 'url') {
      const why = 'Its target is a url, which is always on: WakeDock cannot stop it.'
      return Promise.resolve({ done: false, why, snapshot: this.snapshot() })
    }
    if (this.#closed !== null) {
      return Promise.resolve({ done: false, why: LETS_GO, snapshot: this.snapshot() })
    }
    if (goal === 'sleep' && (force || this.bonds.claimants.size === 0)) this.#keeping.unpin()
    const outcome = this.#orders.add(goal)
    this.dispatch(goal === 'wake' ? { type: 'wake' } : { type: 'sleep', force })
    return outcome
  }

  /** Milliseconds; Infinity: until unpin(). */
  pin(duration: number): void {
    this.#keeping.pin(duration)
    this.dispatch({ type: 'wake' })
  }

  unpin(): void {
    this.#keeping.unpin()
    this.dispatch({ type: 'tick' })
  }

  /** Lets nobody in any more and ends every hold with `error`; leases go on, and so do its claims. Stops nothing. */
  close(outcome: 'shutdown' | 'rejected', error: () => WakeDockError): void {
    this.#closed = error
    this.#calls.close()
    this.#holds.reject(outcome, error)
    this.#probing?.cancel()
    this.#alarm.clear()
    this.#orders.cancel(LETS_GO, this.snapshot())
  }

  /** Resolves when the last lease has ended and no verb is under way, or after `deadline` milliseconds. */
  async drained(deadline: number): Promise<void> {
    await this.#calls.verb
    if (this.#uses.own === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#parts.clock.setTimer(deadline, resolve)
    this.#drained = resolve
    await promise
    timer.cancel()
  }

  snapshot(): ServiceSnapshot {
    const facts = this.#facts()
    const waits = isPending(this.#state) && typeof facts.needs === 'object' && 'waitingFor' in facts.needs
    const all = this.#service.needs.map(({ key }) => this.#parts.find(key))
    return this.#history.snapshot(this.#state, facts, {
      sleepsAt: this.#state.name === 'awake' ? idleAt(this.#state, facts) : null,
      pinned: this.#keeping.pinned,
      waitingFor: waits ? facts.needs.waitingFor : [],
      neededBy: [...this.bonds.claimants].map(({ service }) => service.name),
      parts: all.flatMap((other) =>
        other?.service.part ? [other.#history.part(other.#state, other.service)] : [],
      ),
    })
  }

  /** Who is refused has asked for it all the same: that counts as use. */
  #settled(outcome: 'admitted' | 'failed', lease: Promise<Lease>): Hold {
    this.#uses.touch()
    this.#tell({ type: 'hold_ended', service: this.#service.name, outcome, heldMs: 0 })
    return settledHold(lease)
  }

  #step(event: Event): void {
    if (this.#closed !== null) return
    const from = this.#state
    const [to, effects] = this.#parts.step(from, event, this.#facts())
    this.#note(event)
    this.#state = to
    if (from.name !== to.name) {
      this.#tell({ type: 'state', service: this.#service.name, from: from.name, to: to.name })
    }
    for (const effect of effects) this.#run(effect)
    this.#hand(servingOf(from), servingOf(to))
    this.#settle()
    if (from === to) return
    this.bonds.changed()
    const { target } = this.#service
    if (target.kind === 'group') this.#parts.find(target.main)?.dispatch({ type: 'tick' })
    for (const group of this.#parts.groupsOf(this.#service.target.key)) {
      this.#parts.agenda.do(() => group.follow())
    }
  }

  /** What the provider has said, or done, is how the target is. */
  #note(event: Event): void {
    switch (event.type) {
      case 'status':
        this.#calls.reported()
        this.#status = event.status
        break
      case 'started':
        this.#status = event.status
        // The start of a stack repeats what was said of its main part, and is no news of after an outage.
        if (this.#group !== null) return
        break
      case 'stopped':
        // 143: ended by SIGTERM, as it was told to.
        this.#status =
          event.as === 'paused' ? { state: 'paused' } : { state: 'stopped', exitCode: 143, oom: false }
        return
      default:
        return
    }
    if (!this.#afterOutage) return
    this.#afterOutage = false
    this.bonds.heard()
  }

  /** Says which connections may be made and kept. A part has none: they are its stack's; nor has what only has to run. */
  #hand(from: Upstream | null, to: Upstream | null): void {
    const { name: service, part, target } = this.#service
    if (from === to || part || (target.kind === 'container' && !target.addressed)) return
    if (from !== null) this.#tell({ type: 'upstream_retired', service, upstream: from })
    if (to !== null) this.#tell({ type: 'upstream_serving', service, upstream: to })
  }

  /** Nothing is in flight any more. */
  #unused(): void {
    if (this.#closed !== null) this.#drained?.()
    else if (this.#state.name === 'draining') this.dispatch({ type: 'tick' })
    else {
      // An alarm within the idle time rings early at worst, and then looks again: that spares busy services a look for each
      // request. One for something later (a pin's end) would ring too late.
      const { idleTimeout, busy, part } = this.#service
      const soonest = busy === null ? idleTimeout : idleTimeout - MEASURE_WINDOW
      // A part that nobody needs sleeps at once.
      if (part || this.#alarm.at > this.#parts.clock.now() + soonest) this.#setAlarm()
    }
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'start':
        this.#lastProbe = null
        this.#calls.start()
        break
      case 'stop':
        this.#calls.stop()
        break
      case 'measure':
        void this.#measure(effect.upstream)
        break
      case 'reject': {
        const { code, status, retryIn, outcome } = effect
        const retryAfter = Math.max(1, Math.ceil(retryIn / 1000))
        const options = status === undefined ? { retryAfter } : { retryAfter, status }
        this.#holds.reject(outcome, () => new WakeDockError(code, options))
        break
      }
      case 'tell':
        this.#tell(effect.event)
        break
    }
  }

  async #measure(upstream: Upstream): Promise<void> {
    const load = await measureLoad(() => this.usage(), this.#parts.clock)
    this.dispatch({ type: 'measured', upstream, load })
  }

  /** Brings everything that follows from the state in line with it. */
  #settle(): void {
    const state = this.#state
    if (state.name === 'awake' && this.#isOpen) this.#holds.admit(() => this.#uses.lease(state.upstream))
    const upstream = probeOf(state, this.#service)
    if (upstream !== (this.#probing?.upstream ?? null)) {
      this.#probing?.cancel()
      this.#probing = upstream === null ? null : this.#probe(upstream)
    }
    this.bonds.settle()
    if (this.#group !== null) this.#parts.agenda.do(() => this.follow())
    this.#setAlarm()
    this.#orders.settle(state, () => this.snapshot())
  }

  /**
   * Requests that waited for it before a reload made a part of it wait while its stack wakes, which knows when they can be
   * answered. One that is not on its way would have them wait for nothing.
   */
  get #isOpen(): boolean {
    const { part, target } = this.#service
    return !part || this.#parts.groupsOf(target.key).every((group) => group.state.name !== 'waking')
  }

  #probe(upstream: Upstream): ProbeLoop {
    this.#lastProbe = null
    return probeUntilReady(this.#parts, upstream, () => this.#service.ready, {
      ready: () => this.dispatch({ type: 'ready', upstream }),
      notYet: (why) => {
        this.#lastProbe = why
      },
    })
  }

  #setAlarm(): void {
    const at = dueAt(this.#state, this.#facts())
    // One that is not wanted any more has to go: it would ring for nothing.
    if (at === null) this.#alarm.clear()
    else this.#alarm.by(at)
  }

  #facts(): Facts {
    const { size } = this.bonds.claimants
    return {
      now: this.#parts.clock.now(),
      inFlight: this.#uses.inFlight,
      held: this.#holds.size,
      lastActive: this.#uses.last,
      claims: size,
      lastClaim: this.bonds.lastClaim,
      needs: this.bonds.needs(),
      keep: this.#keeping.of(this.#service, size),
      keepChangesAt: this.#keeping.changesAt(this.#service),
      afterOutage: this.#afterOutage,
      lastProbe: this.#lastProbe,
      service: this.#service,
    }
  }

  #tell(event: DomainEvent): void {
    this.#history.note(event)
    this.#parts.observe(event)
  }
}
