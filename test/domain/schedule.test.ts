/** When windows are open: by local clocks, over midnight, the week's end, and both changes of summer time. */
import fc from 'fast-check'
import t from 'tap'
import { isOpen, nextChange } from '../../src/domain/schedule.ts'
import type { Schedule, Window } from '../../src/domain/service.ts'

const DAILY = [0, 1, 2, 3, 4, 5, 6]
const WORK = [1, 2, 3, 4, 5]

function minutes(text: string): number {
  const [hours, rest] = text.split(':').map(Number)
  return (hours ?? 0) * 60 + (rest ?? 0)
}

function window(days: readonly number[], from: string, to: string): Window {
  return { days, from: minutes(from), to: minutes(to) }
}

function schedule(timeZone: string, first: Window, ...rest: Window[]): Schedule {
  return { windows: [first, ...rest], timeZone }
}

function iso(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString().replace(':00.000Z', 'Z')
}

/** The changes from `start` on, as UTC, "+" where it opens. */
function changes(of: Schedule, start: string, count: number): string[] {
  const found: string[] = []
  let at = Date.parse(start)
  for (let index = 0; index < count; index++) {
    const next = nextChange(of, at)
    if (next === null) return [...found, 'never']
    found.push(`${isOpen(of, next) ? '+' : '-'} ${iso(next)}`)
    at = next
  }
  return found
}

const CASES: readonly [title: string, schedule: Schedule, start: string, changes: readonly string[]][] = [
  [
    'working hours, over a weekend',
    schedule('UTC', window(WORK, '08:00', '18:00')),
    '2026-11-20T12:00Z',
    ['- 2026-11-20T18:00Z', '+ 2026-11-23T08:00Z', '- 2026-11-23T18:00Z', '+ 2026-11-24T08:00Z'],
  ],
  [
    'over midnight, and over the end of the week',
    schedule('UTC', window([6], '22:00', '06:00')),
    '2026-11-21T00:00Z',
    ['+ 2026-11-21T22:00Z', '- 2026-11-22T06:00Z', '+ 2026-11-28T22:00Z'],
  ],
  [
    'the other side of the date line of days: a zone ahead of UTC',
    schedule('Asia/Kathmandu', window([1], '00:00', '05:00')),
    '2026-11-21T00:00Z',
    ['+ 2026-11-22T18:15Z', '- 2026-11-22T23:15Z', '+ 2026-11-29T18:15Z'],
  ],
  [
    'windows that touch and overlap are one',
    schedule(
      'UTC',
      window([1], '08:00', '12:00'),
      window([1], '12:00', '14:00'),
      window([1], '13:00', '15:00'),
    ),
    '2026-11-23T00:00Z',
    ['+ 2026-11-23T08:00Z', '- 2026-11-23T15:00Z', '+ 2026-11-30T08:00Z'],
  ],
  ['all week', schedule('Europe/Berlin', window(DAILY, '00:00', '24:00')), '2026-10-20T00:00Z', ['never']],
  [
    'all week, in pieces',
    schedule('UTC', window(DAILY, '06:00', '18:00'), window(DAILY, '18:00', '06:00')),
    '2026-11-21T00:00Z',
    ['never'],
  ],
  [
    'summer time ends at 03:00: working hours move against UTC',
    schedule('Europe/Berlin', window(DAILY, '08:00', '18:00')),
    '2026-10-24T12:00Z',
    ['- 2026-10-24T16:00Z', '+ 2026-10-25T07:00Z', '- 2026-10-25T17:00Z'],
  ],
  [
    'a window that begins in the hour that spring leaves out opens when the clocks have jumped',
    schedule('Europe/Berlin', window([0], '02:30', '04:00')),
    '2026-03-28T12:00Z',
    ['+ 2026-03-29T01:00Z', '- 2026-03-29T02:00Z', '+ 2026-04-05T00:30Z'],
  ],
  [
    'one that ends in it closes then',
    schedule('Europe/Berlin', window([0], '01:00', '02:30')),
    '2026-03-28T12:00Z',
    ['+ 2026-03-29T00:00Z', '- 2026-03-29T01:00Z'],
  ],
  [
    'one that lies in it does not open on that day',
    schedule('Europe/Berlin', window([0], '02:15', '02:45')),
    '2026-03-28T12:00Z',
    ['+ 2026-04-05T00:15Z', '- 2026-04-05T00:45Z'],
  ],
  [
    'one that begins in the hour that autumn repeats opens the first time, and is not closed by the second',
    schedule('Europe/Berlin', window([0], '02:30', '04:00')),
    '2026-10-24T12:00Z',
    ['+ 2026-10-25T00:30Z', '- 2026-10-25T03:00Z', '+ 2026-11-01T01:30Z'],
  ],
  [
    'one that ends in it closes the second time, once',
    schedule('Europe/Berlin', window([0], '01:00', '02:30')),
    '2026-10-24T12:00Z',
    ['+ 2026-10-24T23:00Z', '- 2026-10-25T01:30Z', '+ 2026-11-01T00:00Z'],
  ],
  [
    'New York, spring',
    schedule('America/New_York', window([6], '22:00', '02:30')),
    '2026-03-07T12:00Z',
    ['+ 2026-03-08T03:00Z', '- 2026-03-08T07:00Z', '+ 2026-03-15T02:00Z'],
  ],
  [
    'New York, autumn',
    schedule('America/New_York', window([0], '01:30', '01:45')),
    '2026-10-31T12:00Z',
    ['+ 2026-11-01T05:30Z', '- 2026-11-01T06:45Z', '+ 2026-11-08T06:30Z'],
  ],
  [
    'Lord Howe Island sets its clocks by half an hour, spring',
    schedule('Australia/Lord_Howe', window([0], '02:15', '03:00')),
    '2026-10-03T00:00Z',
    ['+ 2026-10-03T15:30Z', '- 2026-10-03T16:00Z', '+ 2026-10-10T15:15Z'],
  ],
  [
    'and autumn',
    schedule('Australia/Lord_Howe', window([0], '01:45', '02:15')),
    '2026-04-04T00:00Z',
    ['+ 2026-04-04T14:45Z', '- 2026-04-04T15:45Z', '+ 2026-04-11T15:15Z'],
  ],
  [
    'a day that begins at 01:00',
    schedule('America/Santiago', window([0], '00:00', '24:00')),
    '2026-09-05T12:00Z',
    ['+ 2026-09-06T04:00Z', '- 2026-09-07T03:00Z'],
  ],
  [
    'a day whose last hour comes twice',
    schedule('America/Santiago', window([6], '08:00', '24:00'), window([0], '00:00', '08:00')),
    '2026-04-04T00:00Z',
    ['+ 2026-04-04T11:00Z', '- 2026-04-05T12:00Z'],
  ],
]

t.test('the changes of a schedule', async (t) => {
  for (const [title, of, start, expected] of CASES)
    t.strictSame(changes(of, start, expected.length), expected, title)
})

t.test('the start of a window is part of it, its end is not', async (t) => {
  const of = schedule('UTC', window(WORK, '08:00', '18:00'))
  const cases: readonly [string, boolean][] = [
    ['2026-11-20T07:59:59.999Z', false],
    ['2026-11-20T08:00:00.000Z', true],
    ['2026-11-20T17:59:59.999Z', true],
    ['2026-11-20T18:00:00.000Z', false],
    ['2026-11-21T12:00:00.000Z', false],
  ]
  for (const [at, open] of cases) t.equal(isOpen(of, Date.parse(at)), open, at)
})

const time = fc.integer({ min: 0, max: 1439 })
const anyWindow = fc
  .record({ days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), from: time, to: time })
  .filter(({ from, to }) => from !== to)
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Santiago',
]
const anySchedule = fc
  .record({
    windows: fc.tuple(anyWindow, anyWindow),
    timeZone: fc.constantFrom(...ZONES),
  })
  .map(({ windows, timeZone }): Schedule => ({ windows, timeZone }))
const anyTime = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) })

t.test('between now and the next change nothing changes, and then it does', async () => {
  const pieces = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(anySchedule, anyTime, pieces, (of, now, parts) => {
      const next = nextChange(of, now)
      const open = isOpen(of, now)
      const until = next ?? now + 10 * 86_400_000
      const between = [0, ...parts, 1].map((part) => now + Math.floor((until - 1 - now) * part))
      return (
        until > now &&
        between.every((at) => isOpen(of, at) === open) &&
        (next === null || isOpen(of, next) !== open)
      )
    }),
    { numRuns: 300 },
  )
})

t.test('whenever the clock shows a time within a window, it is open', async () => {
  fc.assert(
    fc.property(anySchedule, anyTime, (of, now) => {
      // en-GB: "Sun, 25/10/2026, 02:30"; a second way to read a clock than the code's own.
      const shown = new Intl.DateTimeFormat('en-GB', {
        timeZone: of.timeZone,
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      }).format(now)
      const day = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(shown.slice(0, 3))
      const clock = minutes(shown.slice(-5))
      const shows = of.windows.some(({ days, from, to }) =>
        to > from
          ? days.includes(day) && clock >= from && clock < to
          : (days.includes(day) && clock >= from) || (days.includes((day + 6) % 7) && clock < to),
      )
      return !shows || isOpen(of, now)
    }),
    { numRuns: 2000 },
  )
})
