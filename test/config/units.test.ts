/** Durations and sizes: what is accepted, what it is worth, and what is advised where it is not. */
import fc from 'fast-check'
import t from 'tap'
import { Problem } from '../../src/config/problem.ts'
import {
  DURATION_PATTERN,
  MAX_DURATION,
  parseDuration,
  parsePositiveDuration,
  parsePositiveSize,
  parseSize,
  SIZE_PATTERN,
} from '../../src/config/units.ts'

/** "has no unit; write 15s …" */
function said(result: number | Problem): string {
  return result instanceof Problem ? `${result.message}; ${result.hint}` : String(result)
}

const DURATIONS: readonly [string | number, number][] = [
  [0, 0],
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['1h30m', 5_400_000],
  ['1m500ms', 60_500],
  ['576h', MAX_DURATION],
]

const NO_DURATIONS: readonly [string | number, string][] = [
  [15, 'has no unit; write 15s for seconds or 15m for minutes'],
  ['15', 'has no unit; write 15s for seconds or 15m for minutes'],
  ['15 min', 'is not a duration; write 15m'],
  ['30 Seconds', 'is not a duration; write 30s'],
  ['2 hours', 'is not a duration; write 2h'],
  ['1H', 'is not a duration; write 1h'],
  ['2d', 'is not a duration; write 48h'],
  ['30d', 'is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m'],
  ['', 'is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m'],
  ['m', 'is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m'],
  ['30m1h', 'is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m'],
  ['1.5h', 'is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m'],
  [-5, 'is not a duration; write it like 500ms, 30s, 15m, 2h or 1h30m'],
  ['576h1ms', 'is longer than 24 days; write 576h at most'],
]

t.test('durations are milliseconds', (t) => {
  for (const [text, milliseconds] of DURATIONS) t.equal(parseDuration(text), milliseconds, `${text}`)
  t.end()
})

t.test('what is no duration is refused with the right spelling', (t) => {
  for (const [text, message] of NO_DURATIONS) t.equal(said(parseDuration(text)), message, `"${text}"`)
  t.end()
})

t.test('a duration is the sum of its parts', (t) => {
  const amount = fc.option(fc.nat({ max: 99 }), { nil: undefined })
  fc.assert(
    fc.property(amount, amount, amount, amount, (h, m, s, ms) => {
      fc.pre([h, m, s, ms].some((part) => part !== undefined))
      const part = (value: number | undefined, unit: string): string =>
        value === undefined ? '' : `${value}${unit}`
      const text = part(h, 'h') + part(m, 'm') + part(s, 's') + part(ms, 'ms')
      return parseDuration(text) === (h ?? 0) * 3_600_000 + (m ?? 0) * 60_000 + (s ?? 0) * 1000 + (ms ?? 0)
    }),
  )
  t.end()
})

const SIZES: readonly [string | number, number][] = [
  [0, 0],
  ['512B', 512],
  ['64KiB', 65_536],
  ['10MB', 10_000_000],
  ['1GiB', 1_073_741_824],
  ['2GB', 2_000_000_000],
  ['3KB', 3000],
  ['1MiB', 1_048_576],
]

const NO_SIZES: readonly [string | number, string][] = [
  [65_536, 'has no unit; write it like 64KiB or 10MB'],
  ['64M', 'is not a size; write 64MiB'],
  ['64 kib', 'is not a size; write 64KiB'],
  ['10mb', 'is not a size; write 10MB'],
  ['12b', 'is not a size; write 12B'],
  ['1.5GiB', 'is not a size; write it like 64KiB or 10MB'],
  ['much', 'is not a size; write it like 64KiB or 10MB'],
  ['99999999999GiB', 'is larger than any memory; write it like 64MiB'],
]

t.test('sizes are bytes', (t) => {
  for (const [text, bytes] of SIZES) t.equal(parseSize(text), bytes, `${text}`)
  t.end()
})

t.test('what is no size is refused with the right spelling', (t) => {
  for (const [text, message] of NO_SIZES) t.equal(said(parseSize(text)), message, `"${text}"`)
  t.end()
})

t.test('where 0 makes no sense it is refused in every spelling', (t) => {
  for (const zero of [0, '0', '0s', '0h0m'])
    t.match(said(parsePositiveDuration(zero)), /^must be longer than 0/)
  for (const zero of [0, '0', '0MiB']) t.match(said(parsePositiveSize(zero)), /^must be more than 0/)
  t.equal(parsePositiveDuration('1ms'), 1)
  t.equal(parsePositiveSize('1B'), 1)
  t.end()
})

t.test('any text gives a number or a problem, and only what editors accept gives a number', (t) => {
  const near = fc.stringMatching(/^[0-9hmsKMGiB ]{0,8}$/)
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => {
      const [duration, size] = [parseDuration(text), parseSize(text)]
      const consistent = (result: number | Problem, pattern: string): boolean =>
        result instanceof Problem ? result.message.length > 0 : result >= 0 && new RegExp(pattern).test(text)
      return consistent(duration, DURATION_PATTERN) && consistent(size, SIZE_PATTERN)
    }),
  )
  t.end()
})
