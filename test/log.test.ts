/** The log: the sentence for every event, its fields, and what never reaches it. */
import t from 'tap'
import type { DomainEvent } from '../src/domain/ports.ts'
import { TargetError } from '../src/errors.ts'
import { createAccessLog, createLogger, logObserver, logReload, type LoggerOptions } from '../src/log.ts'

const ESCAPE = '\u001b'

interface Line {
  level: string
  msg: string
  [field: string]: unknown
}

async function capture(options: Partial<LoggerOptions> = {}) {
  const written: string[] = []
  const log = await createLogger({
    level: 'debug',
    format: 'json',
    tty: false,
    color: false,
    destination: { write: (text) => void written.push(text) },
    ...options,
  })
  return { log, text: () => written.join(''), lines: (): Line[] => written.map((line) => JSON.parse(line)) }
}

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

for (const [event, level, sentence] of SENTENCES) {
  t.test(`${event.type}: ${sentence}`, async (t) => {
    const { log, lines } = await capture()
    logObserver(log)(event)
    t.match(lines(), [{ level, msg: sentence, event: event.type }])
    t.equal(lines().length, 1)
    const subject = 'service' in event ? { service: event.service } : { provider: 'docker' }
    t.match(lines()[0], subject)
  })
}

t.test('that a provider answers is news only after it did not', async (t) => {
  const { log, lines } = await capture()
  const observe = logObserver(log)
  observe({ type: 'provider_back', provider: 'docker' })
  t.strictSame(lines(), [])
  for (const type of ['provider_lost', 'provider_back', 'provider_back'] as const) {
    observe(
      type === 'provider_lost' ? { type, provider: 'docker', error: missing } : { type, provider: 'docker' },
    )
  }
  t.match(lines().slice(1), [{ level: 'info', msg: 'docker answers again', provider: 'docker' }])
  t.equal(lines().length, 2)
})

t.test('holds and connection pools are not worth a line', async (t) => {
  const { log, text } = await capture()
  const observe = logObserver(log)
  observe({ type: 'hold_ended', service: 'blog', outcome: 'admitted', heldMs: 5 })
  observe({
    type: 'upstream_retired',
    service: 'blog',
    upstream: { protocol: 'http', host: '127.0.0.1', port: 1, generation: 'a', relayed: false },
  })
  t.equal(text(), '')
})

t.test('a failed wake carries what a program needs as fields', async (t) => {
  const { log, lines } = await capture()
  logObserver(log)(
    finished({ outcome: 'failed', startMs: 1.23456, readyMs: 2, error: missing, retryIn: 5000 }),
  )
  t.match(lines()[0], {
    outcome: 'failed',
    start_ms: 1.235,
    total_ms: 3.235,
    reason: 'missing',
    error: 'container "ghost" does not exist',
    hint: 'Create it.',
    retry_in_ms: 5000,
  })
  t.match(String(lines()[0]?.['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u)
})

t.test('a line for people is the time, the level and the sentence', async (t) => {
  const { log, text } = await capture({ format: 'auto', tty: true })
  log.info({ service: 'blog' }, 'blog is ready')
  log.error('it failed')
  t.match(text(), /^\d\d:\d\d:\d\d\.\d{3} INFO {2}blog is ready\n\d\d:\d\d:\d\d\.\d{3} ERROR it failed\n$/u)
})

t.test('a line for people shows the stack of an error', async (t) => {
  const { log, text } = await capture({ format: 'pretty' })
  log.error({ err: new Error('boom') }, 'it failed')
  t.match(text(), /ERROR it failed\n {4}Error: boom\n {8}at /u)
})

t.test('escape sequences in a message do not reach the terminal', async (t) => {
  const { log, text } = await capture({ format: 'pretty' })
  log.info('GET /\u001b[2J\r\nINFO forged')
  t.notOk(text().includes(ESCAPE) || text().includes('\r'))
  t.equal(text().split('\n').length, 2)
})

t.test('colour is only used when asked for', async (t) => {
  const plain = await capture({ format: 'pretty', tty: true, color: false })
  plain.log.warn('x')
  t.notOk(plain.text().includes(ESCAPE))
  const colored = await capture({ format: 'pretty', tty: true, color: true })
  colored.log.warn('x')
  t.ok(colored.text().includes(`${ESCAPE}[33mWARN`))
})

t.test('without a terminal, auto means JSON', async (t) => {
  const { log, lines } = await capture({ format: 'auto', tty: false })
  log.info('x')
  t.match(lines(), [{ level: 'info', msg: 'x' }])
})

t.test('lines below the level are not made', async (t) => {
  const { log, text } = await capture({ level: 'warn' })
  log.info('x')
  t.equal(text(), '')
})

t.test('an access line has no query', async (t) => {
  const { log, lines } = await capture()
  const access = createAccessLog(log)
  const line = { service: 'blog', client: '192.0.2.1', method: 'GET', host: 'a.example', status: 200 }
  access({ ...line, path: '/a?token=secret', cold: true, seconds: 1.5, heldMs: 1200, bytes: 12 })
  access({ ...line, path: '/b', cold: true, seconds: 1.5 })
  access({ ...line, path: '/c', cold: false, seconds: 0.002, client: null })
  t.match(lines(), [
    {
      event: 'request',
      service: 'blog',
      path: '/a',
      duration_ms: 1500,
      held_ms: 1200,
      bytes: 12,
      msg: '192.0.2.1 GET a.example/a 200 12 B in 1.5 s, 1.2 s of it held',
    },
    { path: '/b', msg: '192.0.2.1 GET a.example/b 200 in 1.5 s, cold' },
    { path: '/c', client: null, msg: '- GET a.example/c 200 in 2 ms' },
  ])
  t.notMatch(JSON.stringify(lines()), /secret/u)
})

t.test('credentials that a library hangs on what is logged are not printed', async (t) => {
  const { log, text } = await capture()
  const headers = { Authorization: 'Bearer s3cret', cookie: 's3cret', 'set-cookie': 's3cret' }
  log.info({ ...headers }, 'top')
  log.info({ headers }, 'one down')
  log.info({ req: { headers } }, 'two down')
  log.error({ err: Object.assign(new Error('x'), { request: { headers } }) }, 'on an error')
  t.equal(text().split('\n').length, 5)
  t.notMatch(text(), /s3cret/u)
})

t.test('a reload says what changed, or why nothing did', async (t) => {
  const { log, lines } = await capture()
  logReload(log, 'SIGHUP', { ok: true, changed: ['blog changed', 'shop added'] })
  logReload(log, 'SIGHUP', { ok: true, changed: [] })
  logReload(log, 'the admin API', { ok: false, faults: ['a.yaml:1:2 x', 'a.yaml:3:4 y'] })
  t.match(lines(), [
    { level: 'info', msg: 'config reloaded (SIGHUP): blog changed, shop added' },
    { level: 'info', msg: 'config reloaded (SIGHUP): nothing changed' },
    {
      level: 'error',
      msg: 'config refused (the admin API); WakeDock goes on with the one it had. a.yaml:1:2 x; a.yaml:3:4 y',
    },
  ])
})
