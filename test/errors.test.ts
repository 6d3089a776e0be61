/** One list of errors: what the README says is what the code does. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { ERRORS, TargetError, toTargetError, WakeDockError, type ErrorCode } from '../src/errors.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const rows = [...readme.matchAll(/^\| `(WAKEDOCK_\w+)` +\| (\d{3})[^|]*\| ([^|]+?) +\|$/gm)].map(
  ([, ...row]) => row,
)

t.test('the README lists every error with its status and title', async (t) => {
  t.strictSame(
    rows,
    Object.entries(ERRORS).map(([code, { status, title }]) => [code, String(status), title]),
  )
})

t.test('an error carries its status, unless told another', async (t) => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    t.equal(new WakeDockError(code).status, ERRORS[code].status)
  }
  t.match(new WakeDockError('WAKEDOCK_WAKE_FAILED', { status: 503, retryAfter: 4 }), {
    status: 503,
    retryAfter: 4,
  })
})

t.test('titles tell a stranger nothing of the inside', async (t) => {
  for (const { title } of Object.values(ERRORS)) t.notMatch(title, /docker|container|upstream|\d/i)
})

t.test('whatever a provider throws becomes a TargetError with its message', async (t) => {
  const known = new TargetError('oom', 'x', 'y')
  t.equal(toTargetError(known), known)
  t.match(toTargetError(new Error('boom')), { reason: 'refused', message: 'boom' })
  t.match(toTargetError('text', 'stuck'), { reason: 'stuck', message: 'text' })
})
