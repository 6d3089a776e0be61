/** The sentence for every event of the core, and the fields that programs read instead. */
import t from 'tap'
import type { DomainEvent } from '../src/domain/ports.ts'
import { TargetError } from '../src/errors.ts'
import { describe } from '../src/log-sentences.ts'

const missing = new TargetError('missing', 'container "ghost" does not exist', 'Create it.')

const SENTENCES: readonly (readonly [event: DomainEvent, level: string, sentence: string])[] = [
  [{ type: 'wake_started', service: 'blog', trigger: 'request' }, 'info', 'blog is waking: a request came'],
  [
    { type: 'wake_started', service: 'blog', trigger: 'operator' },
    'info',
    'blog is waking: an operator ordered it',
  ],
  [
    { type: 'wake_started', service: 'blog', trigger: 'external' },
    'info',
    'blog is waking: it was started by hand',
  ],
  [
    { type: 'wake_started', service: 'blog/db', trigger: 'dependent' },
    'info',
    'blog/db is waking: another service needs it',
  ],
  [{ type: 'wake_started', service: 'blog', trigger: 'pin' }, 'info', 'blog is waking: it is pinned'],
  [
    { type: 'wake_started', service: 'blog', trigger: 'schedule' },
    'info',
    'blog is waking: its schedule wants it awake',
  ],
  [
    finished({ startMs: 210, readyMs: 1030, held: 3 }),
    'info',
    'blog is ready after 1.24 s (start 0.21 s, ready 1.03 s), 3 requests were waiting',
  ],
  [
    finished({ startMs: 12, readyMs: 400, held: 1 }),
    'info',
    'blog is ready after 412 ms (start 12 ms, ready 400 ms), 1 request was waiting',
  ],
  [
    finished({ startMs: 12, readyMs: 4, held: 0 }),
    'info',
    'blog is ready after 16 ms (start 12 ms, ready 4 ms)',
  ],
  [
    finished({ outcome: 'failed', startMs: 3, readyMs: 0, held: 2, error: missing, retryIn: 5000 }),
    'error',
    'blog failed to wake after 3 ms, 2 requests were waiting: container "ghost" does not exist. Create it. The first request after 5 s tries again.',
  ],
  [
    finished({ outcome: 'timeout', startMs: 200, readyMs: 60_000, held: 0, retryIn: 0 }),
    'error',
    'blog was not ready in time after 60.20 s. The next request tries again.',
  ],
  [
    finished({ service: 'blog/db', trigger: 'dependent', outcome: 'failed', error: missing, retryIn: 5000 }),
    'error',
    'blog/db failed to wake after 0 ms: container "ghost" does not exist. Create it. It is tried again after 5 s, if it is still needed.',
  ],
  [
    finished({ trigger: 'schedule', outcome: 'failed', error: missing }),
    'error',
    'blog failed to wake after 0 ms: container "ghost" does not exist. Create it. It is tried again if it is still needed.',
  ],
  [
    { type: 'sleep_started', service: 'blog/db', reason: 'unneeded', idleMs: 3 },
    'info',
    'blog/db goes to sleep: nothing needs it any more',
  ],
  [
    postponed({ cpu: 0.34, network: 120 * 1024 }),
    'info',
    'blog is not put to sleep yet: it works (CPU 34 %, network 120 KiB/s)',
  ],
  [postponed({ cpu: 1.5 }), 'info', 'blog is not put to sleep yet: it works (CPU 150 %)'],
  [postponed({ cpu: 0.0123 }), 'info', 'blog is not put to sleep yet: it works (CPU 1.2 %)'],
  [
    postponed({ cpu: 0, network: 812.4 }),
    'info',
    'blog is not put to sleep yet: it works (CPU 0 %, network 812 B/s)',
  ],
  [postponed({ network: 1000 }), 'info', 'blog is not put to sleep yet: it works (network 1 KiB/s)'],
  [
    postponed({ network: 1.52 * 1024 ** 2 }),
    'info',
    'blog is not put to sleep yet: it works (network 1.5 MiB/s)',
  ],
  [
    postponed({ error: missing }),
    'warn',
    'blog is not put to sleep yet, because nothing says whether it works: container "ghost" does not exist. Create it.',
  ],
  [
    { type: 'sleep_started', service: 'blog', reason: 'idle', idleMs: 900_000 },
    'info',
    'blog goes to sleep: idle for 15 m',
  ],
  [
    { type: 'sleep_started', service: 'blog', reason: 'operator', idleMs: 3 },
    'info',
    'blog goes to sleep: an operator ordered it',
  ],
  [
    { type: 'sleep_finished', service: 'blog', reason: 'idle', outcome: 'stopped', tookMs: 310, error: null },
    'info',
    'blog is asleep, after 310 ms',
  ],
  [
    {
      type: 'sleep_finished',
      service: 'blog',
      reason: 'idle',
      outcome: 'failed',
      tookMs: 310,
      error: missing,
    },
    'error',
    'blog could not be put to sleep: container "ghost" does not exist. Create it.',
  ],
  [
    { type: 'target_changed', service: 'blog', what: 'was paused', inFlight: 0 },
    'info',
    'blog: its target was paused',
  ],
  [
    { type: 'target_changed', service: 'blog', what: 'ended with exit code 1', inFlight: 2 },
    'warn',
    'blog: its target ended with exit code 1, while 2 requests used it',
  ],
  [
    { type: 'adopted', service: 'blog' },
    'info',
    'blog was running already: taken over with a full idle timeout',
  ],
  // It has no idle timeout of its own.
  [{ type: 'adopted', service: 'blog/db' }, 'info', 'blog/db was running already: taken over'],
  [
    { type: 'provider_lost', provider: 'docker', error: missing },
    'error',
    'docker does not answer: container "ghost" does not exist. Create it. WakeDock keeps trying.',
  ],
  [{ type: 'service_added', service: 'blog' }, 'debug', 'blog was added'],
  [{ type: 'service_removed', service: 'blog' }, 'debug', 'blog was removed'],
  [{ type: 'state', service: 'blog', from: 'asleep', to: 'waking' }, 'debug', 'blog: asleep -> waking'],
]

function finished(changes: Partial<Extract<DomainEvent, { type: 'wake_finished' }>>): DomainEvent {
  return {
    type: 'wake_finished',
    service: 'blog',
    trigger: 'request',
    outcome: 'ready',
    startMs: 0,
    readyMs: 0,
    held: 0,
    error: null,
    retryIn: 0,
    ...changes,
  }
}

function postponed(changes: Partial<Extract<DomainEvent, { type: 'sleep_postponed' }>>): DomainEvent {
  return { type: 'sleep_postponed', service: 'blog', cpu: null, network: null, error: null, ...changes }
}

for (const [event, level, text] of SENTENCES) {
  t.test(`${event.type}: ${text}`, async (t) => {
    const line = describe(event)
    t.strictSame([line?.level, line?.text], [level, text])
  })
}

t.test('a failed wake carries what a program needs as fields', async (t) => {
  const event = finished({ outcome: 'failed', startMs: 1.23456, readyMs: 2, error: missing, retryIn: 5000 })
  t.match(describe(event)?.fields, {
    outcome: 'failed',
    start_ms: 1.235,
    total_ms: 3.235,
    reason: 'missing',
    error: 'container "ghost" does not exist',
    hint: 'Create it.',
    retry_in_ms: 5000,
  })
})

t.test('a sleep put off carries the rates as numbers, or why nobody knows them', async (t) => {
  t.strictSame(describe(postponed({ cpu: 0.34, network: 4096 }))?.fields, { cpu: 0.34, network: 4096 })
  t.match(describe(postponed({ error: missing }))?.fields, {
    cpu: null,
    network: null,
    reason: 'missing',
    hint: 'Create it.',
  })
})

t.test('holds and connection pools are not worth a line', async (t) => {
  const run = { generation: 'a', relayed: false, healthcheck: false } as const
  const upstream = { protocol: 'http', host: '127.0.0.1', port: 1, ...run } as const
  t.equal(describe({ type: 'hold_ended', service: 'blog', outcome: 'admitted', heldMs: 5 }), null)
  t.equal(describe({ type: 'upstream_serving', service: 'blog', upstream }), null)
  t.equal(describe({ type: 'upstream_retired', service: 'blog', upstream }), null)
})
