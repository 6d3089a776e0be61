/**
 * What every service looks like now, for those who follow it live: looked at once a second, however many they are, and not at
 * all while nobody does. The core tells of changes of state only; counts, deadlines and reasons change without an event.
 */
import type { Clock, Timer } from '../domain/ports.ts'
import type { ServiceView } from './service-view.ts'

export interface ServiceLooks {
  /** By name, in the order of the config. A view is the same object as at the last look while nothing in it has changed. */
  readonly current: ReadonlyMap<string, ServiceView>
  /** Calls back after each look, until the returned function is called. The first look is taken at once, before it returns. */
  follow(listener: () => void): () => void
}

/** Milliseconds between two looks. */
const INTERVAL = 1_000
/**
 * Milliseconds. Times of the core's own clock are shown on the wall clock, and differ by a little at every look, or by more
 * while that is being set right.
 */
const SAME_TIME = 500

export function createServiceLooks(
  clock: Pick<Clock, 'setTimer'>,
  list: () => readonly ServiceView[],
): ServiceLooks {
  const listeners = new Set<() => void>()
  let current: ReadonlyMap<string, ServiceView> = new Map()
  let timer: Timer | null = null

  const look = (): void => {
    const before = current
    current = new Map(
      list().map((view) => {
        const known = before.get(view.name)
        return [view.name, known !== undefined && isAlike(steady(known), steady(view)) ? known : view]
      }),
    )
  }

  const tick = (): void => {
    timer = clock.setTimer(INTERVAL, () => {
      look()
      tick()
      for (const listener of listeners) listener()
    })
  }

  return {
    get current() {
      return current
    },
    follow(listener) {
      const own = (): void => listener()
      if (listeners.size === 0) {
        look()
        tick()
      }
      listeners.add(own)
      return () => {
        listeners.delete(own)
        if (listeners.size > 0) return
        timer?.cancel()
        // Thousands of views for nobody.
        current = new Map()
      }
    },
  }
}

/** Without what changes by itself as time goes by: that would be news of every service at every look. */
function steady(view: ServiceView): ServiceView {
  const inUse = view.in_flight > 0 || view.held > 0
  return {
    ...view,
    last_active: inUse ? null : view.last_active,
    totals: { ...view.totals, awake_ms: 0, asleep_ms: 0 },
  }
}

function isAlike(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a === 'string' && typeof b === 'string') return isSameTime(a, b)
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))]
  return left.length === right.size && left.every(([key, value]) => isAlike(value, right.get(key)))
}

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

function isSameTime(a: string, b: string): boolean {
  return TIME.test(a) && TIME.test(b) && Math.abs(Date.parse(a) - Date.parse(b)) < SAME_TIME
}
