/**
 * When a service is kept awake by its schedule. A window opens the first time that the clocks of its time zone show `from`
 * or later on a day, and closes the last time that they show less than `to`. So what the clock shows decides on every day
 * of the year: in the hour that autumn repeats a window does not close and open again, and a window that begins in the
 * hour that spring leaves out opens when the clocks have jumped. Pure: the time is a parameter.
 *
 * By hand and not with croner: that finds the times at which a pattern matches, and moves a match in a gap to after it,
 * while a window needs both of its edges, in a gap and in an overlap alike.
 */
import type { Schedule, Window } from './service.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** Days looked ahead. A weekly window can be lost in a gap once, never two weeks in a row. */
const AHEAD = 15

/** Milliseconds since the epoch; the end is not part of it. */
type Span = readonly [start: number, end: number]

/** Whether a window is open at `wallMs` (milliseconds since the epoch). Costs some ten microseconds. */
export function isOpen(schedule: Schedule, wallMs: number): boolean {
  // A window may last into the next day; in an overlap at midnight a day can begin before the one before it has ended.
  return spans(schedule, wallMs, 1).some(([start, end]) => start <= wallMs && wallMs < end)
}

/**
 * The next time after `wallMs` at which isOpen changes (both in milliseconds since the epoch); null where it never does,
 * because the windows fill the week. Costs about a millisecond.
 */
export function nextChange(schedule: Schedule, wallMs: number): number | null {
  let end: number | undefined
  for (const span of spans(schedule, wallMs, AHEAD)) {
    if (span[1] <= wallMs) continue
    if (span[0] > (end ?? wallMs)) return end ?? span[0]
    end = Math.max(end ?? 0, span[1])
  }
  // Nothing but touching windows until the horizon.
  return end !== undefined && end < wallMs + (AHEAD - 2) * DAY ? end : null
}

/** The openings from the day before to `ahead` days after, in order of their start. */
function spans({ windows, timeZone }: Schedule, wallMs: number, ahead: number): readonly Span[] {
  const today = Math.floor((wallMs + offsetAt(timeZone, wallMs)) / DAY) * DAY
  const found: Span[] = []
  for (let day = today - DAY; day <= today + ahead * DAY; day += DAY)
    for (const window of windows) {
      if (!window.days.includes(new Date(day).getUTCDay())) continue
      const [start] = instants(timeZone, day + window.from * MINUTE)
      const [, end] = instants(timeZone, day + endOf(window) * MINUTE)
      if (start < end) found.push([start, end])
    }
  return found.toSorted((a, b) => a[0] - b[0])
}

function endOf({ from, to }: Window): number {
  return to > from ? to : to + 24 * 60
}

/**
 * The first instant at which the clocks show `local` or later, and the last until which they show less. They differ where
 * clocks are set back over it. `local` is in milliseconds, as if the clocks were UTC's.
 */
function instants(timeZone: string, local: number): Span {
  // No clock is more than a day from UTC, and none is changed twice within two days.
  const before = offsetAt(timeZone, local - DAY)
  const after = offsetAt(timeZone, local + DAY)
  const [early, late] = [local - before, local - after]
  if (before === after) return [early, early]
  const earlyHolds = offsetAt(timeZone, early) === before
  const lateHolds = offsetAt(timeZone, late) === after
  if (earlyHolds || lateHolds) return [earlyHolds ? early : late, lateHolds ? late : early]
  // The clocks never show it: they jump over it, at some instant between the two.
  let [low, high] = [late, early]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(timeZone, middle) === before) low = middle
    else high = middle
  }
  return [high, high]
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** What the zone's clocks show minus UTC, in milliseconds. */
function offsetAt(timeZone: string, wallMs: number): number {
  let format = formats.get(timeZone)
  if (!format) {
    // Making one costs fifty times as much as using it.
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timeZone, format)
  }
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of format.formatToParts(wallMs)) shown[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(wallMs / 1000) * 1000
}
