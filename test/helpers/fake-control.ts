/** A core that is told what to say: snapshots as a test wants them, and orders that end when the test says how. */
import type { ActionResult, Control, ServiceSnapshot } from '../../src/domain/gate.ts'
import { service } from './service.ts'

/** 2026-11-21 10:00 UTC, the "now" of every screen in the tests. */
export const NOW = Date.UTC(2026, 10, 21, 10, 0, 0)

/** Why a wake failed, as a snapshot tells it. */
export const FAILURE = {
  reason: 'exited',
  message: 'it ended',
  hint: 'See its log.',
  at: NOW,
  retryAt: null,
} as const

export function snapshot(name: string, changes: Partial<ServiceSnapshot> = {}): ServiceSnapshot {
  return {
    name,
    state: 'asleep',
    since: NOW - 60_000,
    inFlight: 0,
    held: 0,
    lastActive: null,
    sleepsAt: null,
    kept: null,
    pinned: null,
    health: null,
    waking: null,
    waitingFor: [],
    neededBy: [],
    parts: [],
    lastWake: null,
    lastSleep: null,
    failure: null,
    totals: { wakes: 0, failedWakes: 0, sleeps: 0, holds: 0, awakeMs: 0, asleepMs: 0 },
    service: service(name),
    ...changes,
  }
}

export class FakeControl implements Control {
  readonly snapshots: ServiceSnapshot[]
  /** What was ordered, in order: "wake blog", "sleep blog force", "pin blog 7200000", "pin blog null", "unpin blog". */
  readonly orders: string[] = []
  /** How the next orders end. Default: well. */
  result: ((current: ServiceSnapshot) => Promise<ActionResult>) | null = null

  constructor(...snapshots: ServiceSnapshot[]) {
    this.snapshots = snapshots
  }

  list(): ServiceSnapshot[] {
    return this.snapshots
  }

  get(name: string): ServiceSnapshot | undefined {
    return this.snapshots.find((candidate) => candidate.name === name)
  }

  wake(name: string): Promise<ActionResult> | undefined {
    return this.#order(name, `wake ${name}`, { state: 'awake' })
  }

  sleep(name: string, { force }: { force: boolean }): Promise<ActionResult> | undefined {
    return this.#order(name, `sleep ${name}${force ? ' force' : ''}`, { state: 'asleep' })
  }

  /** A pin that has an end gives it as from NOW. */
  pin(name: string, duration: number | null): ServiceSnapshot | undefined {
    const until = duration === null ? null : NOW + duration
    return this.#change(name, `pin ${name} ${duration}`, { pinned: { until }, kept: 'pin' })
  }

  unpin(name: string): ServiceSnapshot | undefined {
    return this.#change(name, `unpin ${name}`, { pinned: null, kept: null })
  }

  #change(name: string, order: string, changes: Partial<ServiceSnapshot>): ServiceSnapshot | undefined {
    const current = this.get(name)
    if (current === undefined) return undefined
    this.orders.push(order)
    return { ...current, ...changes }
  }

  #order(name: string, order: string, after: Partial<ServiceSnapshot>): Promise<ActionResult> | undefined {
    const current = this.get(name)
    if (current === undefined) return undefined
    this.orders.push(order)
    return this.result?.(current) ?? Promise.resolve({ done: true, snapshot: { ...current, ...after } })
  }
}
