/** The feed of events: what of the core's events it tells, its ids, and what it still knows of the past. */
import t from 'tap'
import { TargetError } from '../../src/errors.ts'
import { createFeed, type FeedEvent } from '../../src/domain/feed.ts'
import type { DomainEvent } from '../../src/domain/ports.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const upstream = {
  protocol: 'http',
  host: '10.0.0.2',
  port: 80,
  generation: 'a#1',
  relayed: false,
  healthcheck: false,
} as const
const error = new TargetError('exited', 'it ended', 'See its log.')
const woke = {
  type: 'wake_finished',
  service: 'blog',
  trigger: 'request',
  outcome: 'ready',
  startMs: 120,
  readyMs: 80,
  held: 3,
  error: null,
  retryIn: 0,
} as const
const slept = {
  type: 'sleep_finished',
  service: 'blog',
  reason: 'idle',
  outcome: 'stopped',
  tookMs: 40,
  error: null,
} as const

/** Whole events: nothing more than this gets out. */
const TOLD: readonly (readonly [DomainEvent, Record<string, unknown> | null])[] = [
  [
    { type: 'state', service: 'blog', from: 'asleep', to: 'waking' },
    { type: 'state', service: 'blog', from: 'asleep', to: 'waking' },
  ],
  [
    { type: 'wake_started', service: 'blog', trigger: 'pin' },
    { type: 'wake_started', service: 'blog', trigger: 'pin' },
  ],
  [woke, { type: 'woke', service: 'blog', trigger: 'request', startMs: 120, readyMs: 80 }],
  [
    { ...woke, outcome: 'timeout', error, retryIn: 5_000 },
    {
      type: 'wake_failed',
      service: 'blog',
      trigger: 'request',
      retryIn: 5_000,
      reason: 'exited',
      message: 'it ended',
      hint: 'See its log.',
    },
  ],
  [
    { type: 'sleep_started', service: 'blog', reason: 'unneeded', idleMs: 900_000 },
    { type: 'sleep_started', service: 'blog', cause: 'unneeded' },
  ],
  [slept, { type: 'slept', service: 'blog', cause: 'idle', tookMs: 40 }],
  [
    { ...slept, outcome: 'failed', error },
    {
      type: 'sleep_failed',
      service: 'blog',
      cause: 'idle',
      reason: 'exited',
      message: 'it ended',
      hint: 'See its log.',
    },
  ],
  [
    { type: 'target_changed', service: 'blog', what: 'was stopped', inFlight: 2 },
    { type: 'target_changed', service: 'blog', what: 'was stopped' },
  ],
  [
    { type: 'service_added', service: 'blog' },
    { type: 'service_added', service: 'blog' },
  ],
  [
    { type: 'service_removed', service: 'blog' },
    { type: 'service_removed', service: 'blog' },
  ],
  [
    { type: 'provider_lost', provider: 'docker', error },
    { type: 'provider_lost', provider: 'docker', message: 'it ended', hint: 'See its log.' },
  ],
  [
    { type: 'provider_back', provider: 'docker' },
    { type: 'provider_back', provider: 'docker' },
  ],
  [{ type: 'adopted', service: 'blog' }, null],
  [{ type: 'sleep_postponed', service: 'blog', cpu: 1, network: null, error: null }, null],
  [{ type: 'hold_ended', service: 'blog', outcome: 'admitted', heldMs: 1 }, null],
  [{ type: 'upstream_serving', service: 'blog', upstream }, null],
  [{ type: 'upstream_retired', service: 'blog', upstream }, null],
  [{ type: 'state', service: 'blog/db', from: 'asleep', to: 'waking' }, null],
  [{ ...woke, service: 'blog/db' }, null],
]

/** A feed with so many events, "p1", "p2" …, and the clock that it goes by. */
function filled(count: number, kept?: number) {
  const clock = new FakeClock()
  const feed = createFeed({ clock, ...(kept !== undefined && { kept }) })
  const add = (number: number): void => feed.add({ type: 'provider_back', provider: `p${number}` })
  for (let number = 1; number <= count; number++) add(number)
  return { clock, feed, add }
}

const names = (events: readonly FeedEvent[]): string[] =>
  events.map((event) => (event.type === 'provider_back' ? event.provider : event.type))

for (const [event, expected] of TOLD) {
  const of = 'service' in event ? ` of ${event.service}` : ''
  t.test(`${event.type}${of} is told as ${expected === null ? 'nothing' : JSON.stringify(expected)}`, (t) => {
    const { feed, clock } = filled(0)
    feed.observer(event)
    const all = feed.after(null).events
    t.ok(all.every(({ at }) => at === clock.wallTime()))
    t.strictSame(
      all.map(({ id: _id, at: _at, ...rest }) => rest),
      expected === null ? [] : [expected],
    )
    t.end()
  })
}

t.test('each id is followed by what came after it, the last one by nothing', (t) => {
  const { feed, add } = filled(3)
  const { events } = feed.after(null)
  t.strictSame(names(events), ['p1', 'p2', 'p3'])
  t.equal(new Set(events.map(({ id }) => id)).size, 3)
  t.strictSame(
    events.map(({ id }) => names(feed.after(id).events)),
    [['p2', 'p3'], ['p3'], []],
  )
  t.ok(events.every(({ id }) => feed.after(id).complete))
  t.equal(feed.last, events[2]?.id)
  const { last } = feed
  add(4)
  t.strictSame([feed.after(last).complete, names(feed.after(last).events)], [true, ['p4']])
  t.end()
})

t.test('before the first event there is an id for the beginning', (t) => {
  const { feed, add } = filled(0)
  const { last } = feed
  t.strictSame(feed.after(last), { complete: true, events: [] })
  add(1)
  t.strictSame([feed.after(last).complete, names(feed.after(last).events)], [true, ['p1']])
  t.end()
})

t.test('an id of another run, of the future, or of nobody is a gap, and all there is follows', (t) => {
  const { feed } = filled(2)
  const [run = ''] = feed.last.split('-')
  const clock = new FakeClock()
  clock.jump(60_000)
  const other = createFeed({ clock })
  other.add({ type: 'provider_back', provider: 'x' })
  for (const id of [
    other.last,
    `${run}-3`,
    `${run}-`,
    `${run}--1`,
    `${run}-1.5`,
    `${run}-1-1`,
    `${run}-1 `,
    `${run}-0x1`,
    `${run}-1e0`,
    `${run}-Infinity`,
    run,
    '1',
    '',
    '-',
    'constructor-1',
  ]) {
    t.match(feed.after(id), { complete: false, events: { length: 2 } }, JSON.stringify(id))
  }
  t.end()
})

t.test('only so many events are kept, and what is lost is told as a gap', (t) => {
  for (let count = 1; count <= 50; count++) {
    const { feed } = filled(count, 10)
    const [run = ''] = feed.last.split('-')
    const kept = Math.min(count, 10)
    const { complete, events } = feed.after(null)
    t.equal(events.length, kept, `${count} events`)
    t.equal(names(events).at(-1), `p${count}`)
    t.equal(complete, count <= 10)
    for (let seen = 0; seen <= count; seen++) {
      const replay = feed.after(`${run}-${seen}`)
      t.equal(replay.complete, seen >= count - kept, `${seen} of ${count}`)
      t.equal(replay.events.length, replay.complete ? count - seen : kept)
    }
  }
  t.end()
})

t.test('a reload with a thousand faults is told with fifty sentences', (t) => {
  const { feed } = filled(0)
  const lines = Array.from({ length: 1_000 }, (_, line) => `a.yaml:${line}:1 is wrong`)
  feed.add({ type: 'reload_refused', by: 'SIGHUP', faults: lines })
  feed.add({ type: 'reloaded', by: 'SIGHUP', changed: lines })
  feed.add({ type: 'reloaded', by: 'SIGHUP', changed: lines.slice(0, 50) })
  const all = feed
    .after(null)
    .events.map((event) =>
      event.type === 'reloaded' ? event.changed : event.type === 'reload_refused' ? event.faults : [],
    )
  t.strictSame(
    all.map(({ length }) => length),
    [50, 50, 50],
  )
  t.strictSame(
    all.map((sentences) => sentences.at(-1)),
    ['and 951 more', 'and 951 more', 'a.yaml:49:1 is wrong'],
  )
  t.end()
})

t.test('who follows is told of everything to come, in order, until it has enough', (t) => {
  const { feed, add } = filled(1)
  const [mine, theirs]: [string[], string[]] = [[], []]
  const listener = (event: FeedEvent): void => void mine.push(...names([event]))
  const stop = feed.follow(listener)
  const again = feed.follow(listener)
  add(2)
  stop()
  stop()
  const end = feed.follow((event) => {
    theirs.push(...names([event]))
    end()
    feed.follow((next) => void theirs.push(`late ${names([next]).join()}`))
  })
  add(3)
  again()
  add(4)
  t.strictSame(mine, ['p2', 'p2', 'p3'])
  t.strictSame(theirs, ['p3', 'late p4'])
  t.end()
})

t.test('one that stops following because of an event may stop another', (t) => {
  const { feed, add } = filled(0)
  const told: string[] = []
  feed.follow(() => second())
  const second = feed.follow(() => void told.push('second'))
  add(1)
  t.strictSame(told, [])
  t.end()
})
