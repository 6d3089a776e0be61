/**
 * One service at run time: its state, its counters, and everything that moves it. It feeds events to the pure lifecycle and
 * carries out what comes back; all decisions are made there. After every step it brings what is derived from the state
 * (probe loop, timer, connection pool, holds, waiting orders) in line with it.
 */
import { toTargetError, WakeDockError } from '../errors.ts'
import type { ActionResult, Gate, Hold, Lease, ServiceSnapshot } from './gate.ts'
import { HoldQueue, settledHold, type HoldBudget } from './hold-queue.ts'
import type { step } from './lifecycle.ts'
import type { Clock, DomainEvent, Observer, Probe, Provider, TargetStatus, Timer, Upstream } from './ports.ts'
import { ServiceLease } from './lease.ts'
import { Orders, type Goal } from './orders.ts'
import { probeUntilReady, type ProbeLoop } from './probe-loop.ts'
import { RunHistory } from './run-history.ts'
import type { Service } from './service.ts'
import {
  admission,
  dueAt,
  initialState,
  probeOf,
  servingOf,
  type Effect,
  type Event,
  type Facts,
  type State,
} from './state.ts'

export interface Parts {
  readonly clock: Clock
  readonly provider: Provider
  readonly probe: Probe
  readonly observe: Observer
  readonly budget: HoldBudget
  /** The lifecycle: a parameter so that the simulation can show which broken ones it catches. */
  readonly step: typeof step
}

/** An attempt ends by its own timeout. */
const NEVER = new AbortController().signal

/** Milliseconds between the looks of verify(): an engine needs a moment to notice that a process has died. */
const VERIFY_PAUSES = [0, 50, 100, 200, 400]

export class ServiceRuntime implements Gate {
  readonly #parts: Parts
  readonly #holds: HoldQueue
  readonly #history: RunHistory
  /** Starts wait for it: an earlier runtime of the same service that is still leaving. */
  readonly #after: Promise<unknown>
  readonly #orders = new Orders()
  #service: Service
  #state: State
  #inFlight = 0
  #lastActive = -Infinity
  #lastProbe: string | null = null
  #probing: ProbeLoop | null = null
  #timer: Timer | null = null
  #timerAt = Infinity
  #verifying: Promise<void> | null = null
  /** Counts the verbs, so that an inspect that one of them has overtaken is thrown away. */
  #verbs = 0
  #verb: Promise<void> = Promise.resolve()
  #closed: (() => WakeDockError) | null = null
  #drained: (() => void) | null = null

  constructor(service: Service, parts: Parts, after: Promise<unknown> = Promise.resolve()) {
    this.#service = service
    this.#parts = parts
    this.#after = after
    this.#state = firstState(service, parts.clock.now())
    this.#history = new RunHistory(parts.clock)
    this.#holds = new HoldQueue(parts.clock, parts.budget, (outcome, heldMs) => {
      this.#lastActive = parts.clock.now()
      this.#tell({ type: 'hold_ended', service: service.name, outcome, heldMs })
    })
  }

  get service(): Service {
    return this.#service
  }

  get state(): State {
    return this.#state
  }

  tryAcquire(): Lease | null {
    if (this.#closed !== null) return null
    if (this.#state.name === 'draining') this.dispatch({ type: 'request' })
    if (this.#state.name !== 'awake') return null
    return this.#lease(this.#state.upstream)
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
    this.#verifying ??= this.#verify(upstream).finally(() => {
      this.#verifying = null
    })
    return this.#verifying
  }

  /** Feeds one event to the lifecycle and carries out what it answers. */
  dispatch(event: Event): void {
    const from = this.#state
    const [to, effects] = this.#parts.step(from, event, this.#facts())
    this.#state = to
    if (from.name !== to.name) {
      this.#tell({ type: 'state', service: this.#service.name, from: from.name, to: to.name })
    }
    for (const effect of effects) this.#run(effect)
    const gone = servingOf(from)
    if (gone !== null && gone !== servingOf(to)) {
      this.#tell({ type: 'upstream_retired', service: this.#service.name, upstream: gone })
    }
    this.#settle()
  }

  /** Puts a changed policy in force; nothing that is under way is touched. */
  reconfigure(service: Service): void {
    this.#service = service
    this.#settle()
  }

  order(goal: Goal, force = false): Promise<ActionResult> {
    if (goal === 'sleep' && this.#service.target.kind === 'url') {
      const why = 'Its target is a url, which is always on: WakeDock cannot stop it.'
      return Promise.resolve({ done: false, why, snapshot: this.snapshot() })
    }
    const outcome = this.#orders.add(goal)
    this.dispatch(goal === 'wake' ? { type: 'wake' } : { type: 'sleep', force })
    return outcome
  }

  /** Lets nobody in any more and ends every hold with `error`; leases go on. Stops nothing. */
  close(outcome: 'shutdown' | 'rejected', error: () => WakeDockError): void {
    this.#closed = error
    this.#holds.reject(outcome, error)
    this.#probing?.cancel()
    this.#timer?.cancel()
    this.#timer = null
    this.#orders.cancel('WakeDock lets go of it.', this.snapshot())
  }

  /** Resolves when the last lease has ended and no verb is under way, or after `deadline` milliseconds. */
  async drained(deadline: number): Promise<void> {
    await this.#verb
    if (this.#inFlight === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#parts.clock.setTimer(deadline, resolve)
    this.#drained = resolve
    await promise
    timer.cancel()
  }

  snapshot(): ServiceSnapshot {
    const counts = { inFlight: this.#inFlight, held: this.#holds.size, lastActive: this.#lastActive }
    return this.#history.snapshot(this.#service, this.#state, counts, dueAt(this.#state, this.#facts()))
  }

  /** Who is refused has asked for it all the same: that counts as use. */
  #settled(outcome: 'admitted' | 'failed', lease: Promise<Lease>): Hold {
    this.#lastActive = this.#parts.clock.now()
    this.#tell({ type: 'hold_ended', service: this.#service.name, outcome, heldMs: 0 })
    return settledHold(lease)
  }

  #lease(upstream: Upstream): Lease {
    this.#inFlight++
    return new ServiceLease(upstream, this.#release)
  }

  readonly #release = (): void => {
    this.#inFlight--
    if (this.#inFlight > 0) return
    this.#lastActive = this.#parts.clock.now()
    if (this.#closed !== null) this.#drained?.()
    else if (this.#state.name === 'draining') this.dispatch({ type: 'tick' })
    // An armed timer fires early at worst, and then looks again: re-arming it for each request would cost more.
    else if (this.#timer === null) this.#arm()
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'start':
        this.#lastProbe = null
        this.#verbs++
        this.#verb = this.#start()
        break
      case 'stop':
        this.#verbs++
        this.#verb = this.#stop()
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

  async #start(): Promise<void> {
    try {
      await this.#after
      const status = await this.#parts.provider.start(this.#service.target)
      this.dispatch({ type: 'started', status })
    } catch (error) {
      this.dispatch({ type: 'start_failed', error: toTargetError(error) })
      // A call that fails may have had its effect all the same: whether the target runs is for the provider to say.
      await this.#inspect()
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#parts.provider.stop(this.#service.target, this.#service.stopTimeout)
      this.dispatch({ type: 'stopped' })
    } catch (error) {
      this.dispatch({ type: 'stop_failed', error: toTargetError(error) })
      await this.#inspect()
    }
  }

  async #verify(upstream: Upstream): Promise<void> {
    const { clock, probe } = this.#parts
    for (const pause of VERIFY_PAUSES) {
      if (pause > 0) await new Promise<void>((resolve) => void clock.setTimer(pause, resolve))
      await this.#inspect()
      if (this.#state.upstream !== upstream || this.#closed !== null) return
      const result = await probe(upstream, this.#service.ready, NEVER)
      if (result.ready || this.#state.upstream !== upstream) return
    }
  }

  async #inspect(): Promise<void> {
    const before = this.#verbs
    let status: TargetStatus
    try {
      status = await this.#parts.provider.inspect(this.#service.target)
    } catch {
      return // The provider does not answer: nothing is known, and its own `lost` says so.
    }
    if (this.#verbs === before && this.#closed === null) this.dispatch({ type: 'status', status })
  }

  /** Brings everything that follows from the state in line with it. */
  #settle(): void {
    if (this.#closed !== null) return
    const state = this.#state
    if (state.name === 'awake') this.#holds.admit(() => this.#lease(state.upstream))
    const upstream = probeOf(state)
    if (upstream !== (this.#probing?.upstream ?? null)) {
      this.#probing?.cancel()
      this.#probing = upstream === null ? null : this.#probe(upstream)
    }
    this.#arm()
    this.#orders.settle(state, () => this.snapshot())
  }

  #probe(upstream: Upstream): ProbeLoop {
    return probeUntilReady(this.#parts, upstream, () => this.#service.ready, {
      ready: () => this.dispatch({ type: 'ready', upstream }),
      notYet: (why) => {
        this.#lastProbe = why
      },
    })
  }

  /** A timer that fires too early only looks again; one that is too late, or not wanted any more, has to go. */
  #arm(): void {
    const at = dueAt(this.#state, this.#facts())
    if (at !== null && this.#timer !== null && this.#timerAt <= at) return
    this.#timer?.cancel()
    this.#timer = null
    if (at === null) return
    this.#timerAt = at
    this.#timer = this.#parts.clock.setTimer(Math.max(0, at - this.#parts.clock.now()), () => {
      this.#timer = null
      this.dispatch({ type: 'tick' })
    })
  }

  #facts(): Facts {
    return {
      now: this.#parts.clock.now(),
      inFlight: this.#inFlight,
      held: this.#holds.size,
      lastActive: this.#lastActive,
      lastProbe: this.#lastProbe,
      service: this.#service,
    }
  }

  #tell(event: DomainEvent): void {
    this.#history.note(event)
    this.#parts.observe(event)
  }
}

function firstState(service: Service, now: number): State {
  const initial = initialState(now)
  const { target } = service
  if (target.kind !== 'url') return initial
  // Always on: nothing will ever start, probe or stop it.
  const { scheme: protocol, host, port } = target
  const upstream: Upstream = { protocol, host, port, generation: target.key, relayed: false }
  return { ...initial, name: 'awake', target: 'running', upstream }
}
