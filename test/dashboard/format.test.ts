/** Times, durations and sizes as the dashboard writes them. */
import t from 'tap'
import {
  ago,
  bytes,
  clockTime,
  count,
  countdown,
  duration,
  lineTime,
  list,
  percent,
  took,
} from '../../src/dashboard/format.ts'

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000]

const CASES: readonly (readonly [said: string, expected: string])[] = [
  [duration(-5), '0 s'],
  [duration(59_999), '59 s'],
  [duration(MINUTE), '1 min'],
  [duration(HOUR - 1), '59 min'],
  [duration(HOUR), '1 h'],
  [duration(2 * HOUR + 5 * MINUTE), '2 h 5 min'],
  [duration(DAY), '1 d'],
  [duration(3 * DAY + 4 * HOUR + MINUTE), '3 d 4 h'],
  [countdown(-1), '0:00'],
  [countdown(1), '0:01'],
  [countdown(4 * MINUTE + 4 * SECOND + 1), '4:05'],
  [countdown(HOUR + 4 * MINUTE + 5 * SECOND), '1:04:05'],
  [took(412.4), '412 ms'],
  [took(999.4), '999 ms'],
  [took(3_140), '3.1 s'],
  [took(9_960), '10 s'],
  [took(42_300), '42 s'],
  [took(2 * MINUTE), '2 min'],
  [bytes(0), '0 B'],
  [bytes(1023), '1023 B'],
  [bytes(1024), '1.0 KiB'],
  [bytes(1024 * 1024 - 1), '1.0 MiB'],
  [bytes(353 * 1024 * 1024), '353 MiB'],
  [bytes(1.5 * 1024 ** 3), '1.5 GiB'],
  [bytes(5_000 * 1024 ** 4), '5000 TiB'],
  [percent(1, 3), '33 %'],
  [percent(0, 0), '0 %'],
  [count(1, 'request'), '1 request'],
  [count(0, 'request'), '0 requests'],
  [list([]), ''],
  [list(['a']), 'a'],
  [list(['a', 'b', 'c']), 'a, b and c'],
]

t.test('each is short, and no more exact than is of use', async (t) => {
  for (const [said, expected] of CASES) t.equal(said, expected)
})

t.test('what is long past is told in one unit; the last seconds are just now', async (t) => {
  const now = Date.UTC(2026, 10, 21, 10)
  const at = (ms: number): string => new Date(now - ms).toISOString()
  t.equal(ago(at(-2_000), now), 'just now', 'a clock that is ahead')
  t.equal(ago(at(4_999), now), 'just now')
  t.equal(ago(at(5_000), now), '5 s ago')
  t.equal(ago(at(59 * MINUTE), now), '59 min ago')
  t.equal(ago(at(13 * HOUR + 58 * MINUTE), now), '13 h ago')
  t.equal(ago(at(50 * HOUR), now), '2 d ago')
})

t.test('a time of another day comes with its date', async (t) => {
  const local = (day: number, hour: number): string => new Date(2026, 10, day, hour, 5, 9, 7).toISOString()
  const now = new Date(2026, 10, 21, 12).getTime()
  t.equal(clockTime(local(21, 9), now), '09:05')
  t.equal(clockTime(local(20, 9), now), '2026-11-20 09:05')
  t.equal(lineTime(local(20, 9)), '09:05:09.007')
})
