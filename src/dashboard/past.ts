/**
 * What a service has been through, as the dashboard keeps it: what /api/v1/history told, and the states that the
 * stream of events adds. And where that is in a picture of the last hours.
 */
import type { HistoryView } from '../admin/history-routes.ts'

export type Past = Pick<HistoryView, 'since' | 'states' | 'wakes' | 'estimate_ms'>
export type StateWord = HistoryView['states'][number]['state']

/** As many as the server keeps; more would make a page that is open for weeks slow. */
const STATES_KEPT = 200

/** With one more state. The stream tells again what the history already has: that changes nothing. */
export function withState(past: Past, at: string, state: StateWord): Past {
  const last = past.states.at(-1)
  if (last !== undefined && (Date.parse(at) <= Date.parse(last.at) || last.state === state)) return past
  return { ...past, states: [...past.states, { at, state }].slice(-STATES_KEPT) }
}

/** What a stretch of time looked like: asleep is the ground that the others are drawn on. */
export type Kind = 'unknown' | 'asleep' | 'moving' | 'awake' | 'failed'

const KIND: Readonly<Record<StateWord, Kind>> = {
  asleep: 'asleep',
  waking: 'moving',
  awake: 'awake',
  draining: 'awake',
  stopping: 'moving',
  failed: 'failed',
}

/** Of a window of time, from 0 at its beginning to 1 at its end. */
export interface Stretch {
  readonly kind: Kind
  readonly from: number
  readonly to: number
}

/** Milliseconds since the epoch. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The window without a gap, in order; neighbours of one kind are one stretch. */
export function stretches(past: Past, { from, to }: Span): Stretch[] {
  const known: { at: number; kind: Kind }[] = [
    { at: -Infinity, kind: 'unknown' },
    ...past.states.map(({ at, state }, index) => ({
      // What came before the first of them is not known; a bounded list forgets its first ones.
      at: index === 0 ? Math.min(Date.parse(past.since), Date.parse(at)) : Date.parse(at),
      kind: KIND[state],
    })),
  ]
  const found: Stretch[] = []
  for (const [index, { at, kind }] of known.entries()) {
    const [begin, end] = [Math.max(at, from), Math.min(known[index + 1]?.at ?? to, to)]
    if (end <= begin) continue
    const stretch = { kind, from: (begin - from) / (to - from), to: (end - from) / (to - from) }
    const last = found.at(-1)
    if (last?.kind === kind) found[found.length - 1] = { ...last, to: stretch.to }
    else found.push(stretch)
  }
  return found
}

/** How the known part of a window was spent, from 0 to 1 each. */
export function shares(found: readonly Stretch[]): Readonly<Record<Kind, number>> {
  const sum = { unknown: 0, asleep: 0, moving: 0, awake: 0, failed: 0 }
  for (const { kind, from, to } of found) sum[kind] += to - from
  return sum
}

/**
 * Where a window gets its marks: whole hours, or quarters of them, of the time zone of whoever looks. Milliseconds since the
 * epoch; four to nine of them.
 */
export function marks({ from, to }: Span): number[] {
  const steps = [10, 60, 240].map((minutes) => minutes * 60_000)
  const step = steps.find((each) => (to - from) / each <= 7) ?? 14_400_000
  // The first one is counted from local midnight, so that a zone of half hours has whole hours as well.
  const midnight = new Date(from).setHours(0, 0, 0, 0)
  const found: number[] = []
  for (let at = midnight + Math.ceil((from - midnight) / step) * step; at <= to; at += step) found.push(at)
  return found
}

/** The end of an axis that holds `most`, and round: 1, 2 or 5 times a power of ten. Milliseconds; at least 100. */
export function axisEnd(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(100, most)))
  return [1, 2, 5, 10].map((times) => times * power).find((end) => end >= most) ?? 10 * power
}
