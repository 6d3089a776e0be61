/**
 * How much memory services use while they are awake, and so how much is free while they sleep: what WakeDock is for, as a
 * figure. Looked at seldom and never in the way: one look at a time, none while everything sleeps, and a look that fails
 * changes nothing.
 */
import type { ServiceSnapshot } from './gate.ts'
import type { Clock, Observer, StateName, Timer } from './ports.ts'
import type { Target } from './service.ts'

export interface Footprint {
  readonly observer: Observer
  /** To be told of all services whenever a config is taken over: what runs for them, which no event tells. */
  resync(services: readonly Current[]): void
  /** Bytes that it used when last looked at while awake, its parts together; null: not known yet. */
  of(service: string): number | null
  saved(): Saved
  /** No look begins after it. */
  close(): void
}

export interface Saved {
  /** Bytes that the services asleep now would use if they were awake, as far as it is known. */
  readonly bytesNow: number
  /** The same over the time since WakeDock started: bytes times milliseconds. */
  readonly byteMs: number
}

export interface FootprintOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimer'>
  /** Insight.memory: bytes, or null where they cannot be told. May reject. */
  readonly memory: (target: Target) => Promise<number | null>
}

/** What is needed of a snapshot. */
type Current = Pick<ServiceSnapshot, 'name' | 'state' | 'service' | 'parts'>

/** Milliseconds from the end of a wake to the first look: most apps have taken by then what they start with. */
const SETTLES = 10_000
/** Milliseconds between two looks at one service. */
const INTERVAL = 300_000
/** Milliseconds. Whatever does not answer a look by then keeps the others waiting no longer. */
const PATIENCE = 30_000

interface Entry {
  /** What runs for it. Empty for a url, of which nothing is known. */
  targets: readonly Target[]
  /** A paused target keeps its memory. */
  pauses: boolean
  state: StateName
  bytes: number | null
  /** On now(); null: it is not awake, or nothing can be looked at. */
  lookAt: number | null
  /** What its sleep saves, since `asleepAt` on now(); 0 while it does not sleep. */
  saves: number
  asleepAt: number
}

export function createFootprint({ clock, memory }: FootprintOptions): Footprint {
  const entries = new Map<string, Entry>()
  /** Of the sleeps that are over. */
  let byteMs = 0
  let timer: Timer | null = null
  let looking = false
  let closed = false

  /** A sleep is over, or begins anew with another figure. */
  const settle = (entry: Entry, saves: number): void => {
    const now = clock.now()
    byteMs += entry.saves * (now - entry.asleepAt)
    entry.saves = saves
    entry.asleepAt = now
  }

  const observer: Observer = (event) => {
    if (event.type === 'service_removed') forget(event.service)
    if (event.type !== 'state') return
    const entry = entries.get(event.service)
    if (entry !== undefined) enter(entry, event.to)
  }

  const enter = (entry: Entry, to: StateName): void => {
    entry.state = to
    // What it was put to sleep by is what counts, whatever a reload makes of it meanwhile.
    settle(entry, to === 'asleep' && !entry.pauses ? (entry.bytes ?? 0) : 0)
    if (to !== 'awake' && to !== 'draining') entry.lookAt = null
    else if (entry.targets.length > 0) entry.lookAt ??= clock.now() + SETTLES
    plan()
  }

  const forget = (name: string): void => {
    const entry = entries.get(name)
    if (entry !== undefined) settle(entry, 0)
    entries.delete(name)
  }

  /** Sets the timer for the next look that is due. */
  const plan = (): void => {
    timer?.cancel()
    timer = null
    if (looking || closed) return
    const next = Math.min(...[...entries.values()].map(({ lookAt }) => lookAt ?? Infinity))
    if (next < Infinity) timer = clock.setTimer(Math.max(0, next - clock.now()), () => void look())
  }

  /** At every service that is due, one after the other. Never rejects. */
  const look = async (): Promise<void> => {
    looking = true
    for (const entry of entries.values()) {
      const due = entry.lookAt
      if (due === null || due > clock.now()) continue
      const bytes = await measure(entry.targets)
      if (closed) return
      // It has been put to sleep, or woken anew, or replaced: the figure may be of half a run.
      if (entry.lookAt !== due) continue
      entry.bytes = bytes ?? entry.bytes
      entry.lookAt = clock.now() + INTERVAL
    }
    looking = false
    plan()
  }

  /** All of them together. null: one of them cannot be told, and a sum without it would say too little. */
  const measure = async (targets: readonly Target[]): Promise<number | null> => {
    let sum = 0
    for (const target of targets) {
      const bytes = await patiently(memory(target))
      if (bytes === null) return null
      sum += bytes
    }
    return sum
  }

  const patiently = async (work: Promise<number | null>): Promise<number | null> => {
    const late = Promise.withResolvers<null>()
    const timer = clock.setTimer(PATIENCE, () => late.resolve(null))
    try {
      return await Promise.race([work, late.promise])
    } catch {
      return null
    } finally {
      timer.cancel()
    }
  }

  return {
    observer,
    resync(services) {
      // Two stacks may share a part, and its memory is freed once.
      const taken = new Set<string>()
      const mine = ({ service, parts }: Current): Target[] => {
        const all = service.target.kind === 'group' ? parts.map(({ target }) => target) : [service.target]
        const targets = all.filter(({ kind, key }) => kind !== 'url' && !taken.has(key))
        for (const { key } of targets) taken.add(key)
        return targets.toSorted((a, b) => (a.key < b.key ? -1 : 1))
      }
      for (const current of services) {
        const { name, state } = current
        const next = { targets: mine(current), pauses: current.service.sleepMode === 'pause' }
        let entry = entries.get(name)
        if (entry === undefined || keysOf(entry.targets) !== keysOf(next.targets)) {
          forget(name)
          entry = { ...next, state: 'asleep', bytes: null, lookAt: null, saves: 0, asleepAt: clock.now() }
          entries.set(name, entry)
        }
        Object.assign(entry, next)
        if (entry.state !== state) enter(entry, state)
      }
    },
    of: (service) => entries.get(service)?.bytes ?? null,
    saved() {
      const now = clock.now()
      const all = [...entries.values()]
      return {
        bytesNow: all.reduce((sum, { saves }) => sum + saves, 0),
        byteMs: all.reduce((sum, { saves, asleepAt }) => sum + saves * (now - asleepAt), byteMs),
      }
    },
    close() {
      closed = true
      timer?.cancel()
    },
  }
}

function keysOf(targets: readonly Target[]): string {
  return JSON.stringify(targets.map(({ key }) => key))
}
