/**
 * Durations for people, as log lines and the command line print them. A leaf of its own, so that `wakedock status` does
 * not load the logger for it. (The config file's own notation, `15m`, is read in config/units.ts.)
 */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * Two figures that matter, and a unit: `412 ms`, `1.24 s`, `12.5 s`, `1 m 30 s`, `15 m`, `2 h 05 m`, `3 d 04 h`.
 * A negative duration (two clocks that disagree) is shown as 0 ms.
 */
export function formatDuration(milliseconds: number): string {
  // Rounded first, so that 999.6 becomes 1 s and never 1000 ms.
  const ms = Math.max(0, Math.round(milliseconds))
  if (ms < SECOND) return `${ms} ms`
  if (ms < 9.995 * SECOND) return `${Number((ms / SECOND).toFixed(2))} s`
  if (ms < 59.95 * SECOND) return `${Number((ms / SECOND).toFixed(1))} s`
  const seconds = Math.round(ms / SECOND) * SECOND
  if (seconds < 10 * MINUTE) return two(seconds, MINUTE, 'm', SECOND, 's')
  const minutes = Math.round(ms / MINUTE) * MINUTE
  if (minutes < HOUR) return `${minutes / MINUTE} m`
  if (minutes < 2 * DAY) return two(minutes, HOUR, 'h', MINUTE, 'm')
  return two(Math.round(ms / HOUR) * HOUR, DAY, 'd', HOUR, 'h')
}

/** Seconds with two decimals: for phases that are read next to each other, `start 0.21 s, ready 1.03 s`. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / SECOND).toFixed(2)} s`
}

/** The second figure is padded (a column of them lines up) and left out when it is zero. */
function two(ms: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % big) / small)
  const head = `${Math.floor(ms / big)} ${bigUnit}`
  return rest === 0 ? head : `${head} ${String(rest).padStart(2, '0')} ${smallUnit}`
}
