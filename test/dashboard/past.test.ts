/** What a service has been through, and where that is in a picture of it. */
import t from 'tap'
import { axisEnd, marks, shares, stretches, withState, type Past } from '../../src/dashboard/past.ts'

const T = Date.UTC(2026, 10, 21, 10)
const at = (minutes: number): string => new Date(T + minutes * 60_000).toISOString()
const past = (...states: (readonly [minutes: number, state: Past['states'][number]['state']])[]): Past => ({
  since: at(states[0]?.[0] ?? 0),
  states: states.map(([minutes, state]) => ({ at: at(minutes), state })),
  wakes: [],
  estimate_ms: null,
})
const HOUR = { from: T, to: T + 3_600_000 }
const drawn = (...args: Parameters<typeof stretches>): string =>
  stretches(...args)
    .map(({ kind, from, to }) => `${kind} ${(from * 60).toFixed(1)}-${(to * 60).toFixed(1)}`)
    .join(', ')

t.test('a window is filled without a gap', async (t) => {
  const whole = past(
    [-30, 'asleep'],
    [10, 'waking'],
    [11, 'awake'],
    [30, 'draining'],
    [31, 'stopping'],
    [32, 'asleep'],
  )
  t.equal(
    drawn(whole, HOUR),
    'asleep 0.0-10.0, moving 10.0-11.0, awake 11.0-31.0, moving 31.0-32.0, asleep 32.0-60.0',
  )
})

t.test('what is not known is not drawn as asleep', async (t) => {
  t.equal(drawn(past([20, 'awake']), HOUR), 'unknown 0.0-20.0, awake 20.0-60.0')
  t.equal(drawn(past(), HOUR), 'unknown 0.0-60.0')
})

t.test('what is outside of the window is cut off', async (t) => {
  t.equal(drawn(past([-90, 'awake'], [-60, 'failed'], [70, 'asleep']), HOUR), 'failed 0.0-60.0')
  t.equal(drawn(past([70, 'awake']), HOUR), 'unknown 0.0-60.0')
})

t.test('shares are of the whole window', async (t) => {
  const found = stretches(past([15, 'asleep'], [30, 'awake'], [45, 'failed']), HOUR)
  t.same(shares(found), { unknown: 0.25, asleep: 0.25, moving: 0, awake: 0.25, failed: 0.25 })
})

t.test('the stream adds what the history does not have, and repeats nothing', async (t) => {
  const known = past([0, 'asleep'])
  const next = withState(known, at(1), 'waking')
  t.same(next.states, [...known.states, { at: at(1), state: 'waking' }])
  t.equal(withState(next, at(1), 'waking'), next, 'the same again')
  t.equal(withState(next, at(0.5), 'awake'), next, 'an older one')
  t.equal(withState(next, at(2), 'waking'), next, 'no change')
  t.same(known.states.length, 1, 'the one before is as it was')
})

t.test('a page that is open for weeks keeps no more than the server', async (t) => {
  let known = past([0, 'asleep'])
  for (let minute = 1; minute <= 300; minute++)
    known = withState(known, at(minute), minute % 2 ? 'awake' : 'asleep')
  t.equal(known.states.length, 200)
  t.equal(known.states.at(-1)?.at, at(300))
})

t.test('marks are at whole hours, or quarters of a day', async (t) => {
  const local = new Date(2026, 10, 21, 10, 25).getTime()
  const hours = (span: number): string[] =>
    marks({ from: local - span * 3_600_000, to: local }).map((mark) =>
      new Date(mark).toTimeString().slice(0, 5),
    )
  t.same(hours(1), ['09:30', '09:40', '09:50', '10:00', '10:10', '10:20'])
  t.same(hours(6), ['05:00', '06:00', '07:00', '08:00', '09:00', '10:00'])
  t.same(hours(24), ['12:00', '16:00', '20:00', '00:00', '04:00', '08:00'])
})

t.test('an axis ends at a round figure that holds the most', async (t) => {
  const cases = [
    [0, 100],
    [99, 100],
    [101, 200],
    [480, 500],
    [501, 1_000],
    [2_740, 5_000],
    [10_000, 10_000],
    [61_000, 100_000],
  ] as const
  for (const [most, end] of cases) t.equal(axisEnd(most), end, String(most))
})
