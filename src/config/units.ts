/**
 * Durations and sizes as people write them in the config file (and on the command line), turned into milliseconds and
 * bytes. A bare number is refused: nobody remembers whether a file counts in seconds or in milliseconds.
 */
import { Problem } from './problem.ts'

/** What editors check; the parsers below accept exactly this. */
export const DURATION_PATTERN = '^(0|(?=\\d)(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?)$'
export const SIZE_PATTERN = '^(0|\\d+(B|KB|MB|GB|KiB|MiB|GiB))$'

/** Milliseconds. Timers of Node are 32-bit: one longer than 2^31-1 ms (24.8 days) would fire at once. */
export const MAX_DURATION = 24 * 24 * 3_600_000

const DURATION_UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}
const durationPattern = new RegExp(DURATION_PATTERN)
const sizePattern = new RegExp(SIZE_PATTERN)

/** Milliseconds of "500ms", "30s", "15m", "2h", "1h30m" or 0; at most MAX_DURATION. */
export function parseDuration(value: string | number): number | Problem {
  const text = String(value)
  if (!durationPattern.test(text)) return notADuration(text)
  let total = 0
  for (const [unit, length] of DURATION_UNITS) {
    // The lookahead keeps the m of "500ms" from counting as minutes.
    const amount = new RegExp(`(\\d+)${unit}(?![a-z])`).exec(text)?.[1]
    total += Number(amount ?? 0) * length
  }
  if (total <= MAX_DURATION) return total
  return new Problem('is longer than 24 days', 'write 576h at most')
}

/** The same, where 0 would make no sense. */
export function parsePositiveDuration(value: string | number): number | Problem {
  const duration = parseDuration(value)
  return duration === 0 ? new Problem('must be longer than 0', 'write it like 500ms, 30s or 15m') : duration
}

/** Bytes of "64KiB" (1024), "10MB" (1000 * 1000), "512B" or 0. */
export function parseSize(value: string | number): number | Problem {
  const text = String(value)
  if (!sizePattern.test(text)) return notASize(text)
  const bytes = Number.parseInt(text, 10) * (SIZE_UNITS[text.replace(/^\d+/, '')] ?? 1)
  return Number.isSafeInteger(bytes) ? bytes : new Problem('is larger than any memory', 'write it like 64MiB')
}

/** The same, where 0 would make no sense. */
export function parsePositiveSize(value: string | number): number | Problem {
  const size = parseSize(value)
  return size === 0 ? new Problem('must be more than 0', 'write it like 64KiB or 10MB') : size
}

/** Cores of "10%" (a tenth of one) or "150%" (one and a half). */
export function parseCpu(value: string | number): number | Problem {
  const text = String(value)
  const [, percent] = /^(\d{1,6}(?:\.\d+)?)\s*%$/.exec(text) ?? []
  if (percent === undefined) {
    const hint = /^\d{1,6}(\.\d+)?$/.test(text) ? `write ${text}%` : 'write it like 10%'
    return new Problem('is not a share of a core in percent', hint)
  }
  return Number(percent) > 0 ? Number(percent) / 100 : new Problem('must be more than 0', 'write it like 10%')
}

/** Bytes a second of "50KiB/s". */
export function parseRate(value: string | number): number | Problem {
  const [, amount = '', unit] = /^(.*?)\s*(\/s|ps)?$/i.exec(String(value)) ?? []
  const size = parsePositiveSize(amount)
  if (size instanceof Problem) return new Problem('is not a rate', 'write it like 50KiB/s')
  return unit === '/s' ? size : new Problem('is not a rate', `write ${amount}/s`)
}

function notADuration(text: string): Problem {
  if (/^\d+$/.test(text))
    return new Problem('has no unit', `write ${text}s for seconds or ${text}m for minutes`)
  const days = /^(\d{1,2})\s*d(ays?)?$/i.exec(text)?.[1]
  // What people write out of habit ("15 min", "2H") is recognised, to name the right spelling instead of all of them.
  const guess = text
    .toLowerCase()
    .replaceAll(/\s+/g, '')
    .replaceAll(/min(ute)?s?/g, 'm')
    .replaceAll(/sec(ond)?s?/g, 's')
    .replaceAll(/h(ou)?rs?/g, 'h')
  const fix = days === undefined ? guess : `${Number(days) * 24}h`
  const hint =
    durationPattern.test(fix) && !(parseDuration(fix) instanceof Problem)
      ? `write ${fix}`
      : 'write it like 500ms, 30s, 15m, 2h or 1h30m'
  return new Problem('is not a duration', hint)
}

function notASize(text: string): Problem {
  if (/^\d+$/.test(text)) return new Problem('has no unit', 'write it like 64KiB or 10MB')
  const match = /^(\d+)\s*([kmg]?)(i?)(b?)$/i.exec(text)
  if (!match) return new Problem('is not a size', 'write it like 64KiB or 10MB')
  const [, amount = '', prefix = '', binary, bytes] = match
  // A lone M means 1024 * 1024 nearly everywhere a size is configured (nginx, Docker, systemd).
  const infix = prefix !== '' && (binary || !bytes) ? 'i' : ''
  return new Problem('is not a size', `write ${amount}${prefix.toUpperCase()}${infix}B`)
}
