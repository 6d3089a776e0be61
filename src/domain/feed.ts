/**
 * What has happened, for those who follow it from outside: the admin API's event stream, webhooks, the waiting page. The
 * last events are kept, so that whoever lost the connection for a moment misses nothing.
 *
 * Its words are a contract (scripts hold them); the core's own events (DomainEvent) are not, and say more.
 */
import type { FailureReason } from '../errors.ts'
import type { DomainEvent, Observer, SleepReason, StateName, WakeTrigger } from './ports.ts'

/** Why a wake or a stop failed, in sentences for an admin. */
interface Why {
  readonly reason: FailureReason
  readonly message: string
  readonly hint: string
}

export type FeedEntry =
  | { readonly type: 'state'; readonly service: string; readonly from: StateName; readonly to: StateName }
  | { readonly type: 'wake_started'; readonly service: string; readonly trigger: WakeTrigger }
  | {
      readonly type: 'woke'
      readonly service: string
      readonly trigger: WakeTrigger
      /** Milliseconds. */
      readonly startMs: number
      readonly readyMs: number
    }
  | ({
      readonly type: 'wake_failed'
      readonly service: string
      readonly trigger: WakeTrigger
      /** Milliseconds until a request may try again; 0: at once. */
      readonly retryIn: number
    } & Why)
  | { readonly type: 'sleep_started'; readonly service: string; readonly cause: SleepReason }
  | {
      readonly type: 'slept'
      readonly service: string
      readonly cause: SleepReason
      /** Milliseconds. */
      readonly tookMs: number
    }
  | ({ readonly type: 'sleep_failed'; readonly service: string; readonly cause: SleepReason } & Why)
  /** `what` is a past participle clause: "stopped by somebody else". */
  | { readonly type: 'target_changed'; readonly service: string; readonly what: string }
  | { readonly type: 'service_added' | 'service_removed'; readonly service: string }
  | {
      readonly type: 'provider_lost'
      readonly provider: string
      readonly message: string
      readonly hint: string
    }
  | { readonly type: 'provider_back'; readonly provider: string }
  /** `by`: who asked for it. `changed`: sentences. */
  | { readonly type: 'reloaded'; readonly by: string; readonly changed: readonly string[] }
  | { readonly type: 'reload_refused'; readonly by: string; readonly faults: readonly string[] }

export type FeedEventType = FeedEntry['type']

export type FeedEvent = FeedEntry & {
  /** Unique, over restarts of WakeDock too. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** `complete` false: events between the id and the first of these are not in memory any more, or the id is not known. */
export interface Replay {
  readonly complete: boolean
  readonly events: readonly FeedEvent[]
}

export interface Feed {
  readonly observer: Observer
  /** For what is no event of the core: reloads. */
  add(entry: FeedEntry): void
  /** Id of the last event; before the first one an id that stands for the beginning. */
  readonly last: string
  /** What came after the event of this id; null: everything that is in memory. */
  after(id: string | null): Replay
  /** Calls back for each event to come, in order, until the returned function is called. A listener must not throw. */
  follow(listener: (event: FeedEvent) => void): () => void
}

/** Events in memory: a day of a homelab, or a few minutes of a very busy one. */
const KEPT = 1000
/** Sentences in one event. A file with a thousand faults that is saved again and again must not fill the memory. */
const SENTENCES = 50

export interface FeedOptions {
  readonly clock: { wallTime(): number }
  /** Events kept. Default 1000. */
  readonly kept?: number
}

export function createFeed({ clock, kept = KEPT }: FeedOptions): Feed {
  // Ids of an earlier run of WakeDock must not be taken for this one's.
  const run = Math.trunc(clock.wallTime()).toString(36)
  const events: FeedEvent[] = []
  const listeners = new Set<(event: FeedEvent) => void>()
  /** Events before the first of `events`. */
  let forgotten = 0

  const add = (entry: FeedEntry): void => {
    const id = `${run}-${forgotten + events.length + 1}`
    const event: FeedEvent = { ...bounded(entry), id, at: clock.wallTime() }
    events.push(event)
    // In strides: shifting a thousand for each event is work for nothing.
    if (events.length >= 2 * kept) forgotten += events.splice(0, events.length - kept).length
    // Those who begin to follow because of this event are told of the next one first.
    const told = new Set(listeners)
    for (const listener of told) if (listeners.has(listener)) listener(event)
  }

  return {
    add,
    get last() {
      return `${run}-${forgotten + events.length}`
    },
    observer(event) {
      const entry = publicOf(event)
      if (entry !== null) add(entry)
    },
    after(id) {
      // Also what is no id at all: scripts and browsers send back what they were given, and others send anything.
      const [, of, number] = /^([0-9a-z]+)-(\d{1,15})$/.exec(id ?? '') ?? []
      const seen = of === run ? Number(number) : NaN
      const first = Math.max(0, events.length - kept)
      // So written that NaN fails it.
      if (!(seen >= forgotten + first && seen <= forgotten + events.length))
        return { complete: id === null && forgotten + first === 0, events: events.slice(first) }
      return { complete: true, events: events.slice(seen - forgotten) }
    },
    follow(listener) {
      // Wrapped: one function may follow twice.
      const own = (event: FeedEvent): void => listener(event)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

function bounded(entry: FeedEntry): FeedEntry {
  if (entry.type === 'reloaded') return { ...entry, changed: shortened(entry.changed) }
  if (entry.type === 'reload_refused') return { ...entry, faults: shortened(entry.faults) }
  return entry
}

function shortened(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= SENTENCES) return sentences
  return [...sentences.slice(0, SENTENCES - 1), `and ${sentences.length - SENTENCES + 1} more`]
}

/** The parts of a stack ("blog/db") are their stack's business: what becomes of them shows in its own events. */
const isPart = (service: string): boolean => service.includes('/')

function publicOf(event: DomainEvent): FeedEntry | null {
  if ('service' in event && isPart(event.service)) return null
  switch (event.type) {
    case 'state': {
      const { type, service, from, to } = event
      return { type, service, from, to }
    }
    case 'wake_started':
      return { type: event.type, service: event.service, trigger: event.trigger }
    case 'wake_finished': {
      const { service, trigger, startMs, readyMs, error, retryIn } = event
      if (event.outcome === 'ready') return { type: 'woke', service, trigger, startMs, readyMs }
      return { type: 'wake_failed', service, trigger, retryIn, ...whyOf(error) }
    }
    case 'sleep_started':
      return { type: event.type, service: event.service, cause: event.reason }
    case 'sleep_finished': {
      const { service, reason: cause, tookMs, error } = event
      if (event.outcome === 'stopped') return { type: 'slept', service, cause, tookMs }
      return { type: 'sleep_failed', service, cause, ...whyOf(error) }
    }
    case 'target_changed':
      return { type: event.type, service: event.service, what: event.what }
    case 'service_added':
    case 'service_removed':
      return { type: event.type, service: event.service }
    case 'provider_lost': {
      const { message, hint } = event.error
      return { type: event.type, provider: event.provider, message, hint }
    }
    case 'provider_back':
      return { type: event.type, provider: event.provider }
    // adopted: the state says it. The others are for logs, metrics and the proxy.
    case 'adopted':
    case 'sleep_postponed':
    case 'hold_ended':
    case 'upstream_serving':
    case 'upstream_retired':
      return null
  }
}

type Finished = Extract<DomainEvent, { type: 'wake_finished' }>

function whyOf(error: Finished['error']): Why {
  const { reason = 'refused', message = 'it failed', hint = 'See the log.' } = error ?? {}
  return { reason, message, hint }
}
