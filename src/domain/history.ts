/**
 * What services have been through lately, as the dashboard draws it and the waiting page's estimate is made from it: when each
 * of them was in which state, and how long its wakes took. In memory and bounded; a restart of WakeDock begins anew.
 */
import type { ServiceSnapshot } from './gate.ts'
import type { Observer, StateName, WakeTrigger } from './ports.ts'

/** A state that a service entered. Milliseconds since the epoch. */
export interface StateChange {
  readonly at: number
  readonly state: StateName
}

export interface PastWake {
  /** When it ended: milliseconds since the epoch. */
  readonly at: number
  readonly trigger: WakeTrigger
  readonly outcome: 'ready' | 'failed' | 'timeout'
  /** Milliseconds; see DomainEvent wake_finished. */
  readonly startMs: number
  readonly readyMs: number
}

export interface ServiceHistory {
  /** Nothing is known of the time before: milliseconds since the epoch. */
  readonly since: number
  /** Oldest first; the first is the state that it was in at `since`. */
  readonly states: readonly StateChange[]
  /** Oldest first. */
  readonly wakes: readonly PastWake[]
}

export interface History {
  readonly observer: Observer
  /**
   * To be told of all services whenever a config is taken over: in which state new ones begin, and which have another target
   * now and so begin anew (as asleep, say), no event tells.
   */
  resync(services: readonly Current[]): void
  /** undefined: no such service. */
  of(service: string): ServiceHistory | undefined
  /** How long a wake of it will probably take, in milliseconds; null: none has been seen yet. */
  estimate(service: string): number | null
}

/** What is needed of a snapshot. */
type Current = Pick<ServiceSnapshot, 'name' | 'state' | 'since' | 'service'>

/** State changes kept of a service: some fifty wakes and sleeps. With 1,000 services they are about 10 MB at worst. */
const STATES_KEPT = 200
const WAKES_KEPT = 50
/** Wakes an estimate is made from: the last, as apps grow and machines change. */
const RECENT = 10

interface Entry {
  since: number
  states: StateChange[]
  wakes: PastWake[]
  /** Key of its target; null: not known yet. */
  target: string | null
}

function enter(entry: Entry, at: number, state: StateName): void {
  entry.states.push({ at, state })
  if (entry.states.length <= STATES_KEPT) return
  entry.states.shift()
  entry.since = entry.states[0]?.at ?? at
}

export function createHistory(clock: { wallTime(): number }): History {
  const entries = new Map<string, Entry>()

  const observer: Observer = (event) => {
    const at = clock.wallTime()
    switch (event.type) {
      case 'service_added':
        entries.set(event.service, { since: at, states: [], wakes: [], target: null })
        break
      case 'service_removed':
        entries.delete(event.service)
        break
      case 'state': {
        // A part of a stack has no entry: what becomes of it shows in its stack.
        const entry = entries.get(event.service)
        if (entry === undefined) break
        // What it was in until now is known only from its first change.
        if (entry.states.length === 0) entry.states.push({ at: entry.since, state: event.from })
        enter(entry, at, event.to)
        break
      }
      case 'wake_finished': {
        const { trigger, outcome, startMs, readyMs } = event
        const wakes = entries.get(event.service)?.wakes
        wakes?.push({ at, trigger, outcome, startMs, readyMs })
        if (wakes !== undefined && wakes.length > WAKES_KEPT) wakes.shift()
        break
      }
      default:
        break
    }
  }

  const resync = ({ name, state, since, service }: Current): void => {
    const entry = entries.get(name)
    if (entry === undefined) return
    // How long the wakes of another target took says nothing of this one's.
    if (entry.target !== null && entry.target !== service.target.key) entry.wakes = []
    entry.target = service.target.key
    const last = entry.states.at(-1)
    if (last === undefined) entry.states.push({ at: entry.since, state })
    else if (last.state !== state) enter(entry, Math.max(last.at, since), state)
  }

  return {
    observer,
    resync: (services) => services.forEach(resync),
    of: (service) => entries.get(service),
    estimate(service) {
      const wakes = entries.get(service)?.wakes ?? []
      // What somebody else has started says nothing of how long our start takes; a failure, nothing of a success.
      const taken = wakes.flatMap(({ trigger, outcome, startMs, readyMs }) =>
        outcome === 'ready' && trigger !== 'external' ? [startMs + readyMs] : [],
      )
      const recent = taken.slice(-RECENT).toSorted((a, b) => a - b)
      // The upper of two middle ones: to be early pleases, to be late does not.
      return recent[Math.floor(recent.length / 2)] ?? null
    },
  }
}
