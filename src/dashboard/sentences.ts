/** What the dashboard says of services and events, in whole sentences. Pure; the words are those of the log and the command line. */
import type { ServiceView } from '../admin/service-view.ts'
import { clockTime, count, list, took } from './format.ts'

/** An event of /api/v1/events, as it came. */
export interface LiveEvent extends Readonly<Record<string, unknown>> {
  readonly id: string
  readonly at: string
  readonly type: string
}

const TRIGGER: Readonly<Record<string, string>> = {
  request: 'a request came',
  operator: 'somebody ordered it',
  external: 'it was started by somebody else',
  dependent: 'another service needs it',
  pin: 'it is pinned',
  schedule: 'its schedule says so',
}

const CAUSE: Readonly<Record<string, string>> = {
  idle: 'nobody used it',
  operator: 'somebody ordered it',
  unneeded: 'nothing needs it any more',
}

const because = (words: Readonly<Record<string, string>>, key: unknown): string =>
  words[text(key)] ?? 'for a reason that this page does not know'

/** Why it woke, as a clause. */
export const wakeReason = (trigger: string): string => because(TRIGGER, trigger)
export const sleepReason = (cause: string): string => because(CAUSE, cause)

/** What the rest of the row does not say: why it is awake although nobody uses it, and until when. null: nothing. */
export function keptSentence(service: ServiceView, now: number): string | null {
  const { kept, pinned, pinned_until: until, needed_by: neededBy } = service
  if (pinned) return until === null ? 'pinned until it is unpinned' : `pinned until ${clockTime(until, now)}`
  if (kept === 'schedule') return 'kept awake by its schedule'
  if (kept === 'dependent' || neededBy.length > 0)
    return neededBy.length === 0 ? 'needed by another service' : `needed by ${list(neededBy)}`
  return null
}

/** What a wake under way waits for. */
export function wakingSentence({ waking, waiting_for: waitingFor }: ServiceView): string | null {
  if (waking === null) return null
  if (waking.phase === 'needs')
    return waitingFor.length === 0 ? 'Waits for what it needs.' : `Waits for ${list(waitingFor)}.`
  return waking.phase === 'start' ? 'Is being started.' : 'Has started; its ready check has not passed yet.'
}

/** Why somebody has to be asked before it is put to sleep; null: nobody uses it. */
export function inTheWay({ in_flight: inFlight, held, needed_by: neededBy }: ServiceView): string | null {
  const reasons = [
    ...(inFlight > 0 ? [`${count(inFlight, 'request')} ${inFlight === 1 ? 'is' : 'are'} under way`] : []),
    ...(held > 0 ? [`${count(held, 'request')} ${held === 1 ? 'waits' : 'wait'} for it`] : []),
    ...(neededBy.length > 0 ? [`${list(neededBy)} ${neededBy.length === 1 ? 'needs' : 'need'} it`] : []),
  ]
  return reasons.length === 0 ? null : `${list(reasons)}.`
}

/** What happened, without whom it happened to. null: it is told by another event as well. */
export function eventSentence(event: LiveEvent): string | null {
  const say = EVENTS[event.type]
  return say === undefined ? null : say(event)
}

const why = ({ message, hint }: LiveEvent): string => `${text(message)}. ${text(hint)}`

const EVENTS: Readonly<Record<string, (event: LiveEvent) => string | null>> = {
  // What matters of it has an event of its own.
  state: () => null,
  wake_started: ({ trigger }) => `Waking: ${because(TRIGGER, trigger)}.`,
  woke: (event) => `Awake after ${took(number(event['start_ms']) + number(event['ready_ms']))}.`,
  wake_failed: (event) => `Could not be woken: ${why(event)}`,
  sleep_started: ({ cause }) => `Going to sleep: ${because(CAUSE, cause)}.`,
  slept: (event) => `Asleep after ${took(number(event['took_ms']))}.`,
  sleep_failed: (event) => `Could not be put to sleep: ${why(event)}`,
  target_changed: ({ what }) => `Its target ${text(what)}.`,
  service_added: () => 'Added to the config.',
  service_removed: () => 'Removed from the config.',
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
