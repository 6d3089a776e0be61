/** What one service has been through since WakeDock started, gathered from its own events, and the view made of it. */
import type { TargetError } from '../errors.ts'
import type { PartSnapshot, ServiceSnapshot } from './gate.ts'
import type { Clock, DomainEvent, StateName } from './ports.ts'
import type { Service } from './service.ts'
import { isPending, type Facts, type State, type Waking } from './state.ts'

export class RunHistory {
  readonly #clock: Clock
  #wakes = 0
  #failedWakes = 0
  #sleeps = 0
  #holds = 0
  #awakeMs = 0
  #asleepMs = 0
  /** On the monotonic clock; means something while it is asleep. A service begins as that, or as a url. */
  #asleepSince: number
  /** On the monotonic clock; null while it does not pass requests. */
  #awakeSince: number | null = null
  #lastWake: ServiceSnapshot['lastWake'] = null
  #lastSleep: ServiceSnapshot['lastSleep'] = null

  #stopError: TargetError | null = null

  constructor(clock: Clock) {
    this.#clock = clock
    this.#asleepSince = clock.now()
  }

  /** Why its last stop failed, until it is woken or stopped again. */
  get stopError(): TargetError | null {
    return this.#stopError
  }

  note(event: DomainEvent): void {
    switch (event.type) {
      case 'state':
        this.#account(event.from, event.to)
        break
      case 'wake_started':
      case 'sleep_started':
        this.#stopError = null
        break
      case 'wake_finished': {
        const { trigger, outcome, startMs, readyMs } = event
        if (outcome === 'ready') this.#wakes++
        else this.#failedWakes++
        const totalMs = startMs + readyMs
        this.#lastWake = { at: this.#clock.wallTime(), trigger, outcome, startMs, readyMs, totalMs }
        break
      }
      case 'sleep_finished':
        this.#stopError = event.error
        if (event.outcome === 'failed') break
        this.#sleeps++
        this.#lastSleep = { at: this.#clock.wallTime(), reason: event.reason, tookMs: event.tookMs }
        break
      case 'hold_ended':
        this.#holds++
        break
      default:
    }
  }

  snapshot(
    state: State,
    { inFlight, held, lastActive, keep, service }: Facts,
    /** What a history does not know. Times on now(), but for those of the pin. */
    more: Pick<ServiceSnapshot, 'sleepsAt' | 'pinned' | 'waitingFor' | 'neededBy' | 'parts'>,
  ): ServiceSnapshot {
    const now = this.#clock.now()
    const wall = this.#wall
    const busy = inFlight > 0 || held > 0
    return {
      ...more,
      name: service.name,
      state: state.name,
      since: wall(state.since),
      inFlight,
      held,
      lastActive: busy ? this.#clock.wallTime() : lastActive === -Infinity ? null : wall(lastActive),
      sleepsAt: more.sleepsAt === null ? null : wall(more.sleepsAt),
      kept: keep,
      health: state.health,
      waking: state.name === 'waking' ? { since: wall(state.since), phase: phaseOf(state) } : null,
      lastWake: this.#lastWake,
      lastSleep: this.#lastSleep,
      failure: this.#failureOf(state),
      totals: {
        wakes: this.#wakes,
        failedWakes: this.#failedWakes,
        sleeps: this.#sleeps,
        holds: this.#holds,
        awakeMs: this.#awakeMs + (passes(state.name) ? now - (this.#awakeSince ?? state.since) : 0),
        asleepMs: this.#asleepMs + (state.name === 'asleep' ? now - this.#asleepSince : 0),
      },
      service,
    }
  }

  part(state: State, { name, target }: Service): PartSnapshot {
    const failure = this.#failureOf(state)
    return { name, target, state: state.name, since: this.#wall(state.since), health: state.health, failure }
  }

  readonly #wall = (at: number): number => this.#clock.wallTime() - (this.#clock.now() - at)

  #failureOf(state: State): ServiceSnapshot['failure'] {
    if (state.error === null) return null
    const { reason, message, hint } = state.error
    const waits = state.name === 'failed' && state.retryAt > this.#clock.now()
    const retryAt = waits ? this.#wall(state.retryAt) : null
    return { reason, message, hint, at: this.#wall(state.since), retryAt }
  }

  #account(from: StateName, to: StateName): void {
    const now = this.#clock.now()
    if (from === 'asleep') this.#asleepMs += now - this.#asleepSince
    if (to === 'asleep') this.#asleepSince = now
    if (this.#awakeSince !== null) this.#awakeMs += now - this.#awakeSince
    this.#awakeSince = passes(to) ? now : null
  }
}

function phaseOf(state: Waking): 'needs' | 'start' | 'ready' {
  if (state.startedAt !== null && state.verb === null) return 'ready'
  return isPending(state) ? 'needs' : 'start'
}

function passes(state: StateName): boolean {
  return state === 'awake' || state === 'draining'
}
