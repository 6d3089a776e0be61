/** What one service has been through since WakeDock started, gathered from its own events, and the view made of it. */
import type { ServiceSnapshot } from './gate.ts'
import type { Clock, DomainEvent, StateName } from './ports.ts'
import type { Service } from './service.ts'
import type { State } from './state.ts'

export class RunHistory {
  readonly #clock: Clock
  #wakes = 0
  #failedWakes = 0
  #sleeps = 0
  #holds = 0
  #awakeMs = 0
  /** On the monotonic clock; null while it does not pass requests. */
  #awakeSince: number | null = null
  #lastWake: ServiceSnapshot['lastWake'] = null
  #lastSleep: ServiceSnapshot['lastSleep'] = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(event: DomainEvent): void {
    switch (event.type) {
      case 'state':
        this.#account(event.to)
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
    service: Service,
    state: State,
    counts: { inFlight: number; held: number; lastActive: number },
    dueAt: number | null,
  ): ServiceSnapshot {
    const { inFlight, held, lastActive } = counts
    const now = this.#clock.now()
    const wall = (at: number): number => this.#clock.wallTime() - (now - at)
    const busy = inFlight > 0 || held > 0
    return {
      name: service.name,
      state: state.name,
      since: wall(state.since),
      inFlight,
      held,
      lastActive: busy ? this.#clock.wallTime() : lastActive === -Infinity ? null : wall(lastActive),
      sleepsAt: state.name === 'awake' && dueAt !== null ? wall(dueAt) : null,
      lastWake: this.#lastWake,
      lastSleep: this.#lastSleep,
      failure: failureOf(state, wall, now),
      totals: {
        wakes: this.#wakes,
        failedWakes: this.#failedWakes,
        sleeps: this.#sleeps,
        holds: this.#holds,
        awakeMs: this.#awakeMs + (passes(state.name) ? now - (this.#awakeSince ?? state.since) : 0),
      },
      service,
    }
  }

  #account(to: StateName): void {
    const now = this.#clock.now()
    if (this.#awakeSince !== null) this.#awakeMs += now - this.#awakeSince
    this.#awakeSince = passes(to) ? now : null
  }
}

function passes(state: StateName): boolean {
  return state === 'awake' || state === 'draining'
}

function failureOf(state: State, wall: (at: number) => number, now: number): ServiceSnapshot['failure'] {
  if (state.error === null) return null
  const { reason, message, hint } = state.error
  const retryAt = state.name === 'failed' && state.retryAt > now ? wall(state.retryAt) : null
  return { reason, message, hint, at: wall(state.since), retryAt }
}
