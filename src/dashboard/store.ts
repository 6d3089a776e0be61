/**
 * What the dashboard knows, in one place. Values are replaced, never changed: a row whose service is still the same object is not
 * drawn again. Changes that come in a burst (500 services at the start) are told once a frame.
 */
import type { OverviewView } from '../admin/overview-route.ts'
import type { ServiceView } from '../admin/service-view.ts'
import type { Past } from './past.ts'
import { withState } from './past.ts'
import type { LiveEvent } from './sentences.ts'

/** What became of an order, for the person who gave it. */
export interface Outcome {
  readonly id: number
  readonly ok: boolean
  readonly text: string
  readonly details: readonly string[]
}

/** The stream of events. lost: it was there, and is tried again. */
export type Link = 'connecting' | 'live' | 'lost'

export interface Known {
  /** By name, as they came. null: none have come yet. */
  readonly services: ReadonlyMap<string, ServiceView> | null
  readonly pasts: ReadonlyMap<string, Past>
  readonly overview: OverviewView | null
  /** Newest first. */
  readonly events: readonly LiveEvent[]
  readonly link: Link
  /** Where it is lost: what was answered instead, as sentences; empty: nothing. */
  readonly lostWhy: string
  /** When the link was last live, on the browser's clock; milliseconds since the epoch. */
  readonly liveAt: number
  /** null: no login is asked for. why: what was wrong with the last attempt; empty: nothing, a token is simply needed. */
  readonly login: { readonly why: string } | null
  /** Orders under way, by service: "wake", "sleep", "force", "pin". */
  readonly orders: ReadonlyMap<string, string>
  readonly outcomes: readonly Outcome[]
}

export const NOTHING_KNOWN: Known = {
  services: null,
  pasts: new Map(),
  overview: null,
  events: [],
  link: 'connecting',
  lostWhy: '',
  liveAt: 0,
  login: null,
  orders: new Map(),
  outcomes: [],
}

/** Events in the page: enough for the last of every service that somebody looks at. */
const EVENTS_KEPT = 500
/** Outcomes on the screen at a time. */
const OUTCOMES_SHOWN = 4

export interface Store {
  readonly known: Known
  change(make: (known: Known) => Partial<Known>): void
  /** Calls back once a frame after changes, until the returned function is called. */
  follow(listener: () => void): () => void
}

/** `later`: calls back once, soon. */
export function createStore(later: (callback: () => void) => void): Store {
  let known = NOTHING_KNOWN
  let planned = false
  const listeners = new Set<() => void>()
  return {
    get known() {
      return known
    },
    change(make) {
      known = { ...known, ...make(known) }
      if (planned) return
      planned = true
      later(() => {
        planned = false
        for (const listener of listeners) listener()
      })
    },
    follow(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** What one message of the stream changes. `data` is as the contract has it; what is not known changes nothing. */
export function takeIn(known: Known, type: string, data: unknown): Partial<Known> {
  if (type === 'service' && isService(data)) return { services: withEntry(known.services, data.name, data) }
  if (type === 'service_gone' && isNamed(data)) return forget(known, data.name)
  // Some events are lost: those before would look as if nothing had happened in between.
  if (type === 'gap') return { events: [] }
  return isEvent(data) ? takeEvent(known, data) : {}
}

function takeEvent(known: Known, event: LiveEvent): Partial<Known> {
  const events = [event, ...known.events].slice(0, EVENTS_KEPT)
  const { at, type, service, to } = event
  const past = typeof service === 'string' ? known.pasts.get(service) : undefined
  const state = STATES.find((each) => each === to)
  if (typeof service !== 'string' || past === undefined || type !== 'state' || state === undefined)
    return { events }
  return { events, pasts: withEntry(known.pasts, service, withState(past, at, state)) }
}

const STATES = ['asleep', 'waking', 'awake', 'draining', 'stopping', 'failed'] as const

/** The whole past of one service: after a wake, of which the stream does not tell all. */
export function takePast(known: Known, service: string, past: Past): Partial<Known> {
  // It may be gone by now.
  return known.pasts.has(service) ? { pasts: withEntry(known.pasts, service, past) } : {}
}

/** After a lost connection nobody has told of services that went meanwhile: the history lists those that are. */
export function takePasts(known: Known, pasts: Readonly<Record<string, Past>>): Partial<Known> {
  const all = new Map(Object.entries(pasts))
  const services = known.services === null ? null : [...known.services].filter(([name]) => all.has(name))
  // Where there is none no event ever says so.
  return { pasts: all, services: services === null && all.size > 0 ? null : new Map(services ?? []) }
}

function forget({ services, pasts }: Known, name: string): Partial<Known> {
  return { services: without(services ?? new Map(), name), pasts: without(pasts, name) }
}

/** Adds what became of an order. What is said again (a sleep, and the same one by force) replaces what was said before. */
export function withOutcome(known: Known, outcome: Outcome): Partial<Known> {
  const others = known.outcomes.filter(({ text }) => text !== outcome.text)
  return { outcomes: [...others, outcome].slice(-OUTCOMES_SHOWN) }
}

/** What is under way for a service; null: nothing any more. */
export function withOrder(known: Known, service: string, order: string | null): Partial<Known> {
  return {
    orders: order === null ? without(known.orders, service) : withEntry(known.orders, service, order),
  }
}

function withEntry<T>(map: ReadonlyMap<string, T> | null, key: string, value: T): ReadonlyMap<string, T> {
  return new Map(map ?? []).set(key, value)
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  const next = new Map(map)
  next.delete(key)
  return next
}

function isNamed(data: unknown): data is { name: string } {
  return typeof data === 'object' && data !== null && 'name' in data && typeof data.name === 'string'
}

function isService(data: unknown): data is ServiceView {
  return isNamed(data) && 'state' in data && 'since' in data
}

function isEvent(data: unknown): data is LiveEvent {
  return typeof data === 'object' && data !== null && 'id' in data && 'at' in data && 'type' in data
}
