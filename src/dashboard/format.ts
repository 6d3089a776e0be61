/**
 * Times, durations and sizes as the dashboard writes them: short enough for a column, the same width from one second to the
 * next, and never more exact than somebody can use. Pure: what time it is, is a parameter.
 */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What is not there. */
export const NOTHING = '–'

/** "45 s", "3 min", "2 h 5 min", "3 d 4 h": for what has lasted so long. Milliseconds; what is below 0 is 0. */
export function duration(ms: number): string {
  const rest = Math.max(0, ms)
  if (rest < MINUTE) return `${Math.floor(rest / SECOND)} s`
  if (rest < HOUR) return `${Math.floor(rest / MINUTE)} min`
  const [unit, below] = rest < DAY ? ([HOUR, MINUTE] as const) : ([DAY, HOUR] as const)
  const [first, second] = [Math.floor(rest / unit), Math.floor((rest % unit) / below)]
  const words = rest < DAY ? (['h', 'min'] as const) : (['d', 'h'] as const)
  return second === 0 ? `${first} ${words[0]}` : `${first} ${words[0]} ${second} ${words[1]}`
}

/** "4:05", "1:04:05": for what is to come, and counts down. Rounded up, so that 0:00 is the moment itself. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(Math.max(0, ms) / SECOND)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`
}

/** "412 ms", "3.1 s", "42 s", "2 min": how long something took. */
export function took(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`
  // Two digits are as much as anybody compares; 9.96 would be "10.0".
  if (ms < 9_950) return `${(ms / SECOND).toFixed(1)} s`
  if (ms < 2 * MINUTE) return `${Math.round(ms / SECOND)} s`
  return duration(ms)
}

/** "just now", "3 min ago", "13 h ago": one unit is enough for what is long past. */
export function ago(at: string, now: number): string {
  const ms = now - Date.parse(at)
  // The first seconds: two clocks are never quite the same, and "0 s ago" says nothing.
  if (ms < 5 * SECOND) return 'just now'
  if (ms < HOUR) return `${duration(ms)} ago`
  return ms < DAY ? `${Math.floor(ms / HOUR)} h ago` : `${Math.floor(ms / DAY)} d ago`
}

/** In powers of 1024, as the config has them: "512 B", "24.0 MiB", "1.5 GiB". */
export function bytes(count: number): string {
  let [value, unit] = [count, 0]
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`
}
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** "1 request", "2 requests". A plural that is no plain s is given. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

/** "14:05", and the date with it where it is another day than now's. In the time zone of whoever looks. */
export function clockTime(at: string, now: number): string {
  const [then, today] = [new Date(at), new Date(now)]
  const time = `${pad(then.getHours())}:${pad(then.getMinutes())}`
  if (then.toDateString() === today.toDateString()) return time
  const date = `${then.getFullYear()}-${pad(then.getMonth() + 1)}-${pad(then.getDate())}`
  return `${date} ${time}`
}

/** "14:05:09.120", for a line of a log. */
export function lineTime(at: string): string {
  const then = new Date(at)
  const parts = [then.getHours(), then.getMinutes(), then.getSeconds()].map((part) => pad(part))
  return `${parts.join(':')}.${String(then.getMilliseconds()).padStart(3, '0')}`
}

/** Whole percent; of nothing it is 0. */
export function percent(part: number, whole: number): string {
  return `${whole <= 0 ? 0 : Math.round((100 * part) / whole)} %`
}

/** "a", "a and b", "a, b and c". */
export function list(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}

function pad(number: number): string {
  return String(number).padStart(2, '0')
}
