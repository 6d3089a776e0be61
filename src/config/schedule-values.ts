/**
 * The words of a schedule: days of the week, times of day, time zones.
 */
import { Problem } from './problem.ts'
import { nearest } from './spelling.ts'

/** In the order of Date.getUTCDay(). */
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const DAYS_USAGE = 'write it like mon-fri, "sat,sun" or daily'
const TIME_USAGE = 'write it like "08:00"'

/** Days of the week, 0 (Sunday) to 6, of "mon-fri", "fri-mon", "sat,sun", "wed" or "daily"; ascending. */
export function parseDays(text: string): readonly number[] | Problem {
  const found = new Set<number>()
  for (const part of text.toLowerCase().split(',')) {
    const days = parseSpan(part.trim())
    if (days instanceof Problem) return days
    for (const day of days) found.add(day)
  }
  return [...found].toSorted((a, b) => a - b)
}

function parseSpan(text: string): readonly number[] | Problem {
  if (text === 'daily') return DAYS.map((_, day) => day)
  const names = text.split('-').map((name) => name.trim())
  const days = names.map((name) => DAYS.findIndex((day) => day === name))
  const unknown = names[days.indexOf(-1)]
  if (unknown !== undefined) {
    const short = DAYS.find((day) => unknown.startsWith(day)) ?? nearest(unknown, [...DAYS, 'daily'])
    return new Problem('is not a day of the week', short ? `write ${short}` : DAYS_USAGE)
  }
  const [first = 0, last = first] = days
  if (days.length > 2) return new Problem('is not a range of days', DAYS_USAGE)
  // Over the end of the week as well: fri-mon is four days.
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7)
}

/** Minutes since midnight of "00:00" to "23:59". */
export function parseTime(text: string): number | Problem {
  const minutes = parseEndTime(text)
  return minutes === 1440 ? new Problem('is not a time at which a day begins', 'write "00:00"') : minutes
}

/** The same, and "24:00": the end of the day. */
export function parseEndTime(text: string): number | Problem {
  const [, hours = '', minutes = ''] = /^(\d\d):([0-5]\d)$/.exec(text) ?? []
  const total = Number(hours) * 60 + Number(minutes)
  if (hours !== '' && total <= 1440) return total
  return new Problem('is not a time of day', timeRemedy(text))
}

/** "8", "8:00" and "8pm" are recognised, to name the right spelling. */
function timeRemedy(text: string): string {
  const [, hour = '', minute = '00', half] =
    /^(\d{1,2})(?:[:.h]([0-5]\d))?\s*([ap])?m?$/i.exec(text.trim()) ?? []
  const hours = half ? (Number(hour) % 12) + (half.toLowerCase() === 'p' ? 12 : 0) : Number(hour)
  return hour === '' || hours > 23 ? TIME_USAGE : `write "${String(hours).padStart(2, '0')}:${minute}"`
}

/** An IANA name that this Node's ICU data has. Offsets are refused: they know no summer time. */
export function parseTimeZone(text: string): string | Problem {
  const offset = /^(?:utc|gmt)?[+-]/i.test(text)
  if (!offset && isTimeZone(text)) return text
  const near = offset ? undefined : nearest(text, Intl.supportedValuesOf('timeZone'))
  return new Problem('is not a time zone', near ? `did you mean ${near}?` : 'write it like Europe/Paris')
}

function isTimeZone(text: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: text }))
  } catch {
    return false
  }
}
