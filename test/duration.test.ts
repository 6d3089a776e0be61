/** Durations as people read them. */
import t from 'tap'
import { formatDuration, formatSeconds } from '../src/duration.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const CASES: readonly (readonly [ms: number, text: string])[] = [
  [-5, '0 ms'],
  [0, '0 ms'],
  [412.4, '412 ms'],
  [999.4, '999 ms'],
  [999.6, '1 s'],
  [1240, '1.24 s'],
  [9994, '9.99 s'],
  [9996, '10 s'],
  [12_540, '12.5 s'],
  [59_940, '59.9 s'],
  [59_960, '1 m'],
  [MINUTE + 30 * SECOND, '1 m 30 s'],
  [MINUTE + 5 * SECOND, '1 m 05 s'],
  [10 * MINUTE + 20 * SECOND, '10 m'],
  [15 * MINUTE, '15 m'],
  [59.7 * MINUTE, '1 h'],
  [2 * HOUR + 5 * MINUTE, '2 h 05 m'],
  [47 * HOUR, '47 h'],
  [76 * HOUR, '3 d 04 h'],
]

for (const [ms, text] of CASES) {
  t.equal(formatDuration(ms), text, `${ms} ms is ${text}`)
}

t.equal(formatSeconds(210), '0.21 s', 'phases are in seconds with two decimals')
