/** The log: what a line holds, for people and for programs, and what never reaches it. */
import t from 'tap'
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

t.test('an event is one line, with the event and what it is about as fields', async (t) => {
  const { log, lines } = await capture()
  const observe = logObserver(log)
  observe({ type: 'wake_started', service: 'blog', trigger: 'request' })
  observe({ type: 'provider_lost', provider: 'docker', error: missing })
  const wake = { event: 'wake_started', service: 'blog', trigger: 'request' }
  const lost = { event: 'provider_lost', provider: 'docker', reason: 'missing' }
  t.match(lines(), [
    { ...wake, level: 'info', msg: 'blog is waking: a request came' },
    { ...lost, level: 'error', msg: /^docker does not answer/u },
  ])
  t.equal(lines().length, 2)
  t.match(String(lines()[0]?.['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u)
})

t.test('what happens at every request is no line', async (t) => {
  const { log, text } = await capture()
  logObserver(log)({ type: 'hold_ended', service: 'blog', outcome: 'admitted', heldMs: 5 })
  t.equal(text(), '')
})

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
