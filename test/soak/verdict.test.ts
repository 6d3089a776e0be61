/** The judge of the soak: what it lets pass, and what it must not. */
import t from 'tap'
import type { Act, Deed } from './chaos.ts'
import { Evidence, type EngineEvent, type LogEntry } from './evidence.ts'
import type { ServicePlan } from './plans.ts'
import type { Outcome } from './request.ts'
import type { Sent } from './traffic.ts'
import { executedTwice, judge, sleptInUse } from './verdict.ts'

const services: ServicePlan[] = [
  plan('blog', ['blog'], ['db']),
  plan('db', ['db']),
  plan('stack', ['stack-db', 'stack-app']),
  { ...plan('crashes', []), containers: [{ name: 'crashes', image: 'node', crashes: true }] },
  plan('narrow', ['narrow']),
  plan('guest', ['guest']),
]

function plan(name: string, containers: readonly string[], needs: readonly string[] = []): ServicePlan {
  const made = containers.map((each) => ({ name: each, image: 'node' }) as const)
  return { name, kind: 'container', containers: made, idle: 1, needs }
}

interface Story {
  readonly acts?: readonly Act[]
  readonly engine?: readonly EngineEvent[]
  readonly log?: readonly LogEntry[]
}

function evidence({ acts = [], engine = [], log = [] }: Story): Evidence {
  return new Evidence({ services, acts, engine, log })
}

/** A request from second 100 to second 104. */
function sent(outcome: Outcome, changes: Partial<Sent> = {}): Sent {
  const times = { begin: 100_000, head: null, end: 104_000 }
  return { id: 'blog-1', service: 'blog', kind: 'get', ...times, outcome, ...changes }
}

/** Seconds. */
function act(deed: Deed, of: string | null, from: number, to = from): Act {
  return { deed, of, from: from * 1000, to: to * 1000, note: '' }
}

function died(container: string, at: number, exitCode: string): EngineEvent {
  return { container, at: at * 1000, action: 'die', exitCode }
}

function logged(event: string, service: string, at: number, fields: Record<string, unknown> = {}): LogEntry {
  return { at: at * 1000, service, line: { level: 'info', event, msg: '', ...fields } }
}

function state(service: string, at: number, to: string): LogEntry {
  return logged('state', service, at, { msg: `${service}: x -> ${to}` })
}

const cut: Outcome = { type: 'cut', why: 'ECONNRESET' }
const unreachable = refused(502, 'WAKEDOCK_UPSTREAM_UNREACHABLE')
const failed = refused(502, 'WAKEDOCK_WAKE_FAILED')
const missed = logged('wake_finished', 'blog', 103, { outcome: 'failed', reason: 'exited', total_ms: 2000 })

function refused(status: number, code: string): Outcome {
  return { type: 'refused', status, code }
}

const CASES: readonly (readonly [name: string, Sent, Story, verdict: string])[] = [
  ['a right answer', sent({ type: 'answered' }), {}, 'answered'],
  ['one that came after the hold was over', sent({ type: 'answered' }, { end: 130_000 }), {}, 'lost'],
  [
    'one that was held twice, because its container was killed',
    sent({ type: 'answered' }, { end: 130_000 }),
    { acts: [act('kill', 'blog', 110)] },
    'answered',
  ],
  ['a wrong body', sent({ type: 'wrong', why: 'bytes' }), { acts: [act('kill', 'blog', 101)] }, 'lost'],
  ['no end', sent({ type: 'silent' }), { acts: [act('outage', null, 90, 110)] }, 'lost'],
  ['a client that left', sent({ type: 'left' }), {}, 'left'],
  ['a cut without a reason', sent(cut), {}, 'lost'],
  [
    'a cut when its container was killed',
    sent(cut),
    { acts: [act('kill', 'blog', 103)] },
    'container killed by hand',
  ],
  ['a cut when another one was', sent(cut), { acts: [act('kill', 'db', 103)] }, 'lost'],
  ['a cut long after it was', sent(cut), { acts: [act('kill', 'blog', 90)] }, 'lost'],
  [
    'a cut when WakeDock was killed',
    sent(cut),
    { acts: [act('wakedock killed', null, 103)] },
    'wakedock killed',
  ],
  ['a cut when the engine was away', sent(cut), { acts: [act('outage', null, 101, 110)] }, 'lost'],
  ['a cut at an ordinary stop', sent(cut), { engine: [died('blog', 103, '0')] }, 'lost'],
  [
    'a cut by a stop that the engine was told before it went away',
    sent(cut),
    { engine: [died('blog', 103, '0')], log: [logged('sleep_finished', 'blog', 99, { outcome: 'failed' })] },
    'engine away in the middle of a stop',
  ],
  [
    'a crash of what is known to crash',
    sent(unreachable, { service: 'crashes' }),
    { engine: [died('crashes', 103, '1')] },
    'container crashed',
  ],
  ['a crash of what is not', sent(unreachable), { engine: [died('blog', 103, '1')] }, 'lost'],
  ['unreachable for no reason', sent(unreachable), {}, 'lost'],
  ['a failed wake that nobody logged', sent(failed), { acts: [act('kill', 'blog', 103)] }, 'lost'],
  ['a failed wake that nothing hindered', sent(failed), { log: [missed] }, 'lost'],
  [
    'a failed wake of what it needs',
    sent(failed),
    { log: [missed], acts: [act('recreate', 'db', 102)] },
    'wake failed (exited), container recreated by hand',
  ],
  [
    'the backoff after it',
    sent(refused(503, 'WAKEDOCK_WAKE_FAILED'), { begin: 110_000, end: 110_001 }),
    { log: [missed], acts: [act('recreate', 'db', 102)] },
    'wake failed (exited), container recreated by hand',
  ],
  [
    'a refusal long after it',
    sent(refused(503, 'WAKEDOCK_WAKE_FAILED'), { begin: 200_000, end: 200_001 }),
    { log: [missed], acts: [act('recreate', 'db', 102)] },
    'lost',
  ],
  ['a hold that timed out', sent(refused(504, 'WAKEDOCK_WAKE_TIMEOUT')), {}, 'lost'],
  [
    'a hold that timed out while the engine was away',
    sent(refused(504, 'WAKEDOCK_WAKE_TIMEOUT')),
    { acts: [act('outage', null, 101, 102)] },
    'engine outage',
  ],
  ['a full queue', sent(refused(503, 'WAKEDOCK_HOLD_QUEUE_FULL'), { service: 'narrow' }), {}, 'max_held'],
  ['a full queue of a service with room', sent(refused(503, 'WAKEDOCK_HOLD_QUEUE_FULL')), {}, 'lost'],
  ['no route to what is always there', sent(refused(404, 'WAKEDOCK_NO_ROUTE')), {}, 'lost'],
  ['no route to the guest', sent(refused(404, 'HEAD 404'), { service: 'guest' }), {}, 'removed by a reload'],
  ['a HEAD refused for no reason', sent(refused(503, 'HEAD 503')), {}, 'lost'],
]

for (const [name, request, story, verdict] of CASES) {
  t.test(`${name}: ${verdict}`, async (t) => {
    const given = judge(request, evidence(story))
    t.equal(given.class === 'failed' ? given.cause : given.class, verdict)
  })
}

const SLEEP = { reason: 'idle' }
const SLEEPS: readonly (readonly [name: string, Partial<Sent>, LogEntry[], boolean])[] = [
  ['its service', {}, [state('blog', 90, 'awake'), logged('sleep_started', 'blog', 102, SLEEP)], true],
  ['its service by order', {}, [logged('sleep_started', 'blog', 102, { reason: 'operator' })], false],
  ['its service, before it came', { begin: 101_900 }, [logged('sleep_started', 'blog', 102, SLEEP)], false],
  ['another service', {}, [state('blog', 90, 'awake'), logged('sleep_started', 'stack', 102, SLEEP)], false],
  [
    'what its service needs',
    {},
    [state('blog', 90, 'awake'), logged('sleep_started', 'db', 102, { reason: 'unneeded' })],
    true,
  ],
  [
    'what its service needs, when that sleeps itself',
    {},
    [state('blog', 90, 'awake'), state('blog', 99, 'stopping'), logged('sleep_started', 'db', 102, SLEEP)],
    false,
  ],
  [
    'a part of its stack',
    { service: 'stack' },
    [state('stack', 90, 'awake'), logged('sleep_started', 'stack/db', 102, { reason: 'unneeded' })],
    true,
  ],
]

for (const [name, changes, log, found] of SLEEPS) {
  t.test(
    `a request in flight while WakeDock puts to sleep ${name}: ${found ? 'lost' : 'fine'}`,
    async (t) => {
      const request = sent({ type: 'answered' }, changes)
      t.equal(sleptInUse([request], evidence({ log })).has(request), found)
    },
  )
}

t.test('only what must not be executed twice is counted', async (t) => {
  const requests = (['get', 'put', 'post', 'order', 'upload', 'socket'] as const).map((kind) =>
    sent({ type: 'answered' }, { kind, id: kind }),
  )
  const executed = new Map(requests.map(({ id }) => [id, 2]))
  t.strictSame(
    executedTwice(requests, executed).map(({ kind }) => kind),
    ['post', 'order', 'upload', 'socket'],
  )
  t.strictSame(executedTwice(requests, new Map([['post', 1]])), [])
})
