/**
 * Who needs whom at run time. A service that is awake, or on its way, has a claim on each service that it needs; a claim wakes
 * and keeps. Claims follow from the state (state.ts), so that none is forgotten, and none is left behind.
 */
import { TargetError } from '../errors.ts'
import { targetName } from './moves.ts'
import type { Clock } from './ports.ts'
import type { Need, Service } from './service.ts'
import { attemptOf, claims, isUp, type Event, type Needs, type State } from './state.ts'

/** A service as those see it that it is bound to. */
export interface Bonded {
  readonly service: Service
  readonly state: State
  readonly bonds: Bonds
  /** What is known of its target is from after the last outage of its provider. Of a stack, of its parts: it has none itself. */
  readonly heard: boolean
  dispatch(event: Event): void
}

export class Bonds {
  readonly #owner: Bonded
  readonly #clock: Clock
  readonly #find: (key: string) => Bonded | undefined
  readonly #claims = new Set<Bonded>()
  readonly #claimants = new Set<Bonded>()
  #lastClaim = -Infinity
  /** Which attempt of which wake the claims were last made for; null: none. */
  #attempt: string | null = null

  /** `find` knows services by their target's key. */
  constructor(owner: Bonded, clock: Clock, find: (key: string) => Bonded | undefined) {
    this.#owner = owner
    this.#clock = clock
    this.#find = find
  }

  /** Those that need it now. */
  get claimants(): ReadonlySet<Bonded> {
    return this.#claimants
  }

  /** When the last of them let go; -Infinity: none ever has. */
  get lastClaim(): number {
    return this.#lastClaim
  }

  /** Brings the claims in line with the owner's state and needs. */
  settle(): void {
    const { state, service } = this.#owner
    if (this.#claims.size === 0 && service.needs.length === 0) return
    const wanted = new Set(claims(state, service) ? service.needs.flatMap(({ key }) => this.#of(key)) : [])
    for (const other of this.#claims) if (!wanted.has(other)) this.#letGo(other)
    const attempt = attemptOf(state)
    const again = attempt !== null && attempt !== this.#attempt
    this.#attempt = attempt
    for (const other of wanted) {
      if (this.#claims.has(other)) {
        if (again) other.dispatch({ type: 'claimed' })
        continue
      }
      this.#claims.add(other)
      other.bonds.#claimants.add(this.#owner)
      other.dispatch({ type: 'claimed' })
    }
    // After the claims have been heard: what has failed all the same, as its backoff stands, will not call back.
    if (again) this.#owner.dispatch({ type: 'tick' })
  }

  /** The owner is no more. */
  release(): void {
    for (const other of this.#claims) this.#letGo(other)
  }

  /** The owner's state has changed: that may be what others wait for. */
  changed(): void {
    for (const claimant of this.#claimants) claimant.dispatch({ type: 'tick' })
  }

  /** There is news of the owner's target: that may be what others wait for, those included that need the stack it is a part of. */
  heard(): void {
    for (const claimant of this.#claimants) {
      claimant.dispatch({ type: 'tick' })
      if (claimant.service.target.kind === 'group') claimant.bonds.heard()
    }
  }

  needs(): Needs {
    const { service } = this.#owner
    if (service.needs.length === 0) return 'met'
    const waitingFor: string[] = []
    for (const need of service.needs) {
      for (const other of this.#of(need.key)) {
        const verdict = this.#meets(need, other)
        if (verdict instanceof TargetError) return this.#failure(need, other, verdict)
        // What its provider said before an outage may be over: whoever relied on it would start before it runs again.
        const met = verdict && (need.until === 'along' || other.heard)
        if (!met) waitingFor.push(other.service.name)
      }
    }
    return waitingFor.length === 0 ? 'met' : { waitingFor }
  }

  #of(key: string): Bonded[] {
    const other = this.#find(key)
    return other === undefined ? [] : [other]
  }

  #letGo(other: Bonded): void {
    this.#claims.delete(other)
    other.bonds.#claimants.delete(this.#owner)
    other.bonds.#lastClaim = this.#clock.now()
    other.dispatch({ type: 'tick' })
  }

  #meets({ until }: Need, other: Bonded): boolean | TargetError {
    if (until === 'along') return true
    const { state } = other
    switch (state.name) {
      case 'awake':
      case 'draining':
        return until !== 'completed'
      case 'waking':
        // In this wake: what its provider said before may be from before a stop, whose outcome nobody knows.
        return (
          until === 'running' && state.target === 'running' && state.verb === null && state.startedAt !== null
        )
      case 'stopping':
        return false
      case 'asleep':
        if (state.excused === 'completed') return true
        return state.excused !== null && this.#waitsFor(other) ? wasStopped(other.service) : false
      case 'failed':
        if (until === 'running' && isUp(state.target)) return true
        // One whose backoff is over is tried again, for us.
        return this.#waitsFor(other) || this.#clock.now() < state.retryAt ? state.error : false
    }
  }

  /** It was claimed for a wake that is under way, and not only kept until the stop before it. */
  #waitsFor(other: Bonded): boolean {
    const attempt = attemptOf(this.#owner.state)
    return this.#claims.has(other) && attempt !== null && attempt === this.#attempt
  }

  /** Of a stack the failure of its main part is its own; whose fault anything else is has to be said once. */
  #failure({ key }: Need, { service }: Bonded, error: TargetError): TargetError {
    const { target } = this.#owner.service
    if (error.reason === 'dependency' || (target.kind === 'group' && target.main === key)) return error
    const message = `${service.name}, which it needs, failed: ${error.message}`
    return new TargetError('dependency', message, error.hint, error)
  }
}

function wasStopped(service: Service): TargetError {
  return new TargetError('refused', `${targetName(service)} was stopped meanwhile`, 'Wake it again.')
}
