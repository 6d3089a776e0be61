/**
 * One service at run time: its state, its counters, and everything that moves it. It feeds events to the pure lifecycle and
 * carries out what comes back; all decisions are made there. After every step it brings what is derived from the state
 * (probe loop, timer, connection pool, holds, waiting orders) in line with it.
 */
import { WakeDockError } from '../errors.ts'
import { Alarm } from './alarm.ts'
import type { ActionResult, Gate, Hold, Lease, ServiceSnapshot } from './gate.ts'
import { HoldQueue, settledHold, type HoldBudget } from './hold-queue.ts'
import type { step } from './lifecycle.ts'
import type { Clock, DomainEvent, Observer, Probe, Provider, Upstream } from './ports.ts'
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
import { TargetCalls } from './target-calls.ts'
import { verifyRun } from './verify.ts'

export interface Parts {
  readonly clock: Clock
  readonly provider: Provider
  readonly probe: Probe
  readonly observe: Observer
  readonly budget: HoldBudget
  /** The lifecycle: a parameter so that the simulation can show which broken ones it catches. */
  readonly step: typeof step
}

/** What an order is told after close(). */
const LETS_GO = 'WakeDock lets go of it.'

export class ServiceRuntime implements Gate {
  readonly #parts: Parts
  readonly #holds: HoldQueue
  readonly #history: RunHistory
  readonly #calls: TargetCalls
  readonly #orders = new Orders()
  readonly #alarm: Alarm
  #service: Service
  #state: State
  #inFlight = 0
  #lastActive = -Infinity
  #lastProbe: string | null = null
  #probing: ProbeLoop | null = null
  #verifying: { upstream: Upstream; done: Promise<void> } | null = null
  #closed: (() => WakeDockError) | null = null
  #drained: (() => void) | null = null

  /** Its first start waits for `after`. */
  constructor(service: Service, parts: Parts, after: Promise<unknown> = Promise.resolve()) {
    this.#service = service
    this.#parts = parts
    this.#calls = new TargetCalls(parts.provider, this, after)
    this.#state = initialState(service, parts.clock.now())
    this.#history = new RunHistory(parts.clock)
    this.#alarm = new Alarm(parts.clock, () => this.dispatch({ type: 'tick' }))
    this.#holds = new HoldQueue(parts.clock, parts.budget, (outcome, heldMs) => {
      this.#lastActive = parts.clock.now()
      this.#tell({ type: 'hold_ended', service: this.#service.name, outcome, heldMs })
    })
  }

  get service(): Service {
    return this.#service
  }

  get state(): State {
    return this.#state
  }

  /** Settles when no verb is under way; of a closed runtime, the last one. Never rejects. */
  get verb(): Promise<void> {
    return this.#calls.verb
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
    if (this.#verifying?.upstream === upstream) return this.#verifying.done
    const done = verifyRun(this.#parts, {
      upstream,
      check: this.#service.ready,
      inspect: () => this.#calls.inspect(),
      current: () => this.#state.upstream === upstream && this.#closed === null,
    }).finally(() => {
      if (this.#verifying?.done === done) this.#verifying = null
    })
    this.#verifying = { upstream, done }
    return done
  }

  /** Feeds one event to the lifecycle and carries out what it answers. After close() nothing is started or stopped any more. */
  dispatch(event: Event): void {
    if (this.#closed !== null) return
    if (event.type === 'status') this.#calls.reported()
    const from = this.#state
    const [to, effects] = this.#parts.step(from, event, this.#facts())
    this.#state = to
    if (from.name !== to.name) {
      this.#tell({ type: 'state', service: this.#service.name, from: from.name, to: to.name })
    }
    for (const effect of effects) this.#run(effect)
    this.#hand(servingOf(from), servingOf(to))
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
    if (this.#closed !== null) {
      return Promise.resolve({ done: false, why: LETS_GO, snapshot: this.snapshot() })
    }
    const outcome = this.#orders.add(goal)
    this.dispatch(goal === 'wake' ? { type: 'wake' } : { type: 'sleep', force })
    return outcome
  }

  /** Lets nobody in any more and ends every hold with `error`; leases go on. Stops nothing. */
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

  /** Says which connections may be made and kept. */
  #hand(from: Upstream | null, to: Upstream | null): void {
    if (from === to) return
    const service = this.#service.name
    if (from !== null) this.#tell({ type: 'upstream_retired', service, upstream: from })
    if (to !== null) this.#tell({ type: 'upstream_serving', service, upstream: to })
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
    // One that is set rings early at worst, and then looks again.
    else if (!this.#alarm.isSet) this.#setAlarm()
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
    this.#setAlarm()
    this.#orders.settle(state, () => this.snapshot())
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
    // One that is not wanted any more has to go: `isSet` is what spares busy services a look for each request.
    if (at === null) this.#alarm.clear()
    else this.#alarm.by(at)
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
