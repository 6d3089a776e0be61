/** Who may use the admin API: tokens and scopes, guessing, and web pages that should not reach it. */
import t from 'tap'
import { createAccess, isPrivate, type Caller } from '../../src/admin/access.ts'
import { AdminError } from '../../src/admin/problems.ts'
import type { Listen } from '../../src/config/settings.ts'
import { token, TOKENS } from '../helpers/admin.ts'

const LOCAL: Listen = { kind: 'tcp', host: '127.0.0.1', port: 9090 }
const OPEN: Listen = { kind: 'tcp', host: '::', port: 9090 }

function caller(headers: Record<string, string> = {}, changes: Partial<Caller> = {}): Caller {
  return { method: 'GET', headers: { host: 'localhost:9090', ...headers }, address: '192.0.2.1', ...changes }
}

function bearer(value: string): Caller {
  return caller({ authorization: `Bearer ${value}` })
}

/** The code of the refusal; null when allowed. */
function refusal(work: () => unknown): string | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof AdminError) return error.code
    throw error
  }
}

t.test('a token is known by its whole value', (t) => {
  const access = createAccess(OPEN, TOKENS, () => 0)
  t.equal(access.authorize(bearer('operate-secret'), 'operate'), 'ops')
  t.equal(access.authorize(bearer('read-secret'), 'read'), 'prometheus')
  for (const wrong of ['', 'operate-secre', 'operate-secret2', 'OPERATE-SECRET', 'ops', '[redacted]']) {
    t.equal(
      refusal(() => access.authorize(bearer(wrong), 'read')),
      'WAKEDOCK_UNAUTHORIZED',
      wrong,
    )
  }
  const basic = caller({ authorization: 'Basic operate-secret' })
  t.equal(
    refusal(() => access.authorize(basic, 'read')),
    'WAKEDOCK_UNAUTHORIZED',
  )
  t.ok(access.allows(bearer('read-secret'), 'read'))
  t.notOk(access.allows(bearer('read-secret'), 'operate'))
  t.end()
})

t.test('new tokens count from the next request on, old ones no longer', (t) => {
  const access = createAccess(OPEN, TOKENS, () => 0)
  access.update([token('new', 'fresh', 'operate')])
  t.equal(access.authorize(bearer('fresh'), 'operate'), 'new')
  t.equal(
    refusal(() => access.authorize(bearer('operate-secret'), 'read')),
    'WAKEDOCK_UNAUTHORIZED',
  )
  t.end()
})

t.test('an address that guesses has to wait a minute; a valid token from it is not locked out', (t) => {
  let now = 1000
  const access = createAccess(OPEN, TOKENS, () => now)
  const guess = () => refusal(() => access.authorize(bearer('guess'), 'read'))
  for (let i = 0; i < 20; i++) t.equal(guess(), 'WAKEDOCK_UNAUTHORIZED')
  t.equal(guess(), 'WAKEDOCK_TOO_MANY_ATTEMPTS')
  t.equal(access.authorize(bearer('read-secret'), 'read'), 'prometheus')
  const other = caller({ authorization: 'Bearer guess' }, { address: '192.0.2.2' })
  t.equal(
    refusal(() => access.authorize(other, 'read')),
    'WAKEDOCK_UNAUTHORIZED',
    'others do not wait',
  )
  now = 61_001
  t.equal(guess(), 'WAKEDOCK_UNAUTHORIZED')
  t.end()
})

t.test('asking without a token is not guessing', (t) => {
  const access = createAccess(OPEN, TOKENS, () => 0)
  for (let request = 0; request < 50; request++) refusal(() => access.authorize(caller(), 'read'))
  t.equal(access.authorize(bearer('read-secret'), 'read'), 'prometheus')
  t.end()
})

t.test('without tokens, only an address of this machine is opened', (t) => {
  const cases: readonly (readonly [host: string, isPrivate: boolean])[] = [
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['0:0:0:0:0:0:0:1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.2', false],
    ['127.evil.example', false],
  ]
  for (const [host, expected] of cases) {
    const listen: Listen = { kind: 'tcp', host, port: 9090 }
    t.equal(isPrivate(listen), expected, host)
    if (!expected) t.throws(() => createAccess(listen, [], () => 0), /admin\.tokens is empty/u)
  }
  t.ok(isPrivate({ kind: 'unix', path: '/run/wakedock.sock' }))
  const access = createAccess(OPEN, TOKENS, () => 0)
  t.throws(() => access.update([]), /admin\.tokens is empty/u)
  t.equal(
    refusal(() => access.authorize(caller(), 'read')),
    'WAKEDOCK_UNAUTHORIZED',
    'and the old tokens stay',
  )
  t.end()
})

t.test('without tokens, a page on another host name that points here is refused', (t) => {
  const access = createAccess(LOCAL, [], () => 0)
  for (const host of [
    'localhost',
    'LOCALHOST:9090',
    '127.0.0.1:9090',
    '127.0.0.1:1',
    '[::1]:9090',
    '[::1]',
  ]) {
    t.equal(
      refusal(() => access.authorize(caller({ host }), 'read')),
      null,
      host,
    )
  }
  for (const host of [
    '',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:9090',
    '[::2]',
    '[::1',
    '::1',
  ]) {
    t.equal(
      refusal(() => access.authorize(caller({ host }), 'read')),
      'WAKEDOCK_HOST_REFUSED',
      host,
    )
  }
  const socket = createAccess({ kind: 'unix', path: '/run/wakedock.sock' }, [], () => 0)
  t.equal(socket.authorize(caller({ host: 'whatever' }), 'operate'), null, 'no page reaches a unix socket')
  t.end()
})

const SITES: readonly (readonly [headers: Record<string, string>, allowed: boolean])[] = [
  [{}, true],
  [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:9090' }, true],
  [{ 'sec-fetch-site': 'same-origin', origin: 'https://behind.caddy.example' }, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost:9090' }, false],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ origin: 'http://localhost:3000' }, false],
  [{ origin: 'https://evil.example' }, false],
  [{ origin: 'null' }, false],
]

for (const [headers, allowed] of SITES) {
  t.test(
    `without tokens, a request with ${JSON.stringify(headers)} is ${allowed ? 'taken' : 'refused'}`,
    (t) => {
      const access = createAccess(LOCAL, [], () => 0)
      const code = allowed ? null : 'WAKEDOCK_CROSS_SITE'
      t.equal(
        refusal(() => access.authorize(caller(headers, { method: 'POST' }), 'operate')),
        code,
      )
      t.equal(
        refusal(() => access.authorize(caller(headers), 'read')),
        code,
      )
      const link = { ...headers, 'sec-fetch-mode': 'navigate' }
      t.equal(
        refusal(() => access.authorize(caller(link), 'read')),
        null,
        'a link may be followed from anywhere',
      )
      t.equal(
        refusal(() => access.authorize(caller(link, { method: 'POST' }), 'operate')),
        code,
        'a form may not be sent from anywhere',
      )
      t.end()
    },
  )
}

t.test('whoever has been let in is let go with the token', (t) => {
  const access = createAccess(LOCAL, TOKENS, () => 0)
  const [reader, operator, nobody] = [bearer('read-secret'), bearer('operate-secret'), caller()]
  t.ok(access.holds(reader, 'read'))
  t.notOk(access.holds(reader, 'operate'))
  t.ok(access.holds(operator, 'operate'))
  t.notOk(access.holds(nobody, 'read'))
  access.update([token('ops', 'operate-secret', 'read')])
  t.notOk(access.holds(reader, 'read'))
  t.ok(access.holds(operator, 'read'))
  t.notOk(access.holds(operator, 'operate'), 'its scope has become less')
  for (let times = 0; times < 30; times++) access.holds(reader, 'read')
  t.equal(
    refusal(() => access.authorize(reader, 'read')),
    'WAKEDOCK_UNAUTHORIZED',
    'that is no guess',
  )
  access.update([])
  t.ok(access.holds(nobody, 'operate'), 'without tokens this machine is trusted again')
  t.notOk(access.holds(caller({ host: 'evil.example' }), 'read'))
  t.end()
})
