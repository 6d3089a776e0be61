import t from 'tap'
import { faultOf, mayRetry } from '../../src/proxy/upstream-fault.ts'

const failed = (code: string): Error => Object.assign(new Error('x'), { code })
const UNSENT = { sent: false, answered: false }

t.test('error codes become few reasons', async (t) => {
  for (const [code, reason, answer] of [
    ['ECONNREFUSED', 'refused', 'UPSTREAM_UNREACHABLE'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout', 'UPSTREAM_UNREACHABLE'],
    ['EHOSTUNREACH', 'unreachable', 'UPSTREAM_UNREACHABLE'],
    ['ENOTFOUND', 'dns', 'UPSTREAM_UNREACHABLE'],
    ['UND_ERR_SOCKET', 'reset', 'UPSTREAM_UNREACHABLE'],
    ['HPE_INVALID_EOF_STATE', 'reset', 'UPSTREAM_UNREACHABLE'],
    ['UND_ERR_DESTROYED', 'retired', 'UPSTREAM_UNREACHABLE'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', 'UPSTREAM_UNREACHABLE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', 'UPSTREAM_UNREACHABLE'],
    ['HPE_INVALID_CONSTANT', 'protocol', 'UPSTREAM_PROTOCOL'],
    ['UND_ERR_HEADERS_OVERFLOW', 'protocol', 'UPSTREAM_PROTOCOL'],
    ['UND_ERR_INVALID_ARG', 'request', 'BAD_REQUEST'],
    ['SOMETHING_NEW', 'other', 'UPSTREAM_UNREACHABLE'],
  ] as const)
    t.match(faultOf(failed(code), UNSENT), { reason, code: `WAKEDOCK_${answer}` })
  t.match(faultOf('not an error', UNSENT), { reason: 'other' })
  t.match(faultOf(failed('ECONNRESET'), { sent: true, answered: true }), {
    code: 'WAKEDOCK_UPSTREAM_PROTOCOL',
  })
})

t.test('what may be sent again', async (t) => {
  const sent = { sent: true, answered: false }
  for (const [code, progress, method, replayable, again] of [
    ['ECONNREFUSED', UNSENT, 'POST', true, true],
    ['ECONNREFUSED', UNSENT, 'POST', false, false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', UNSENT, 'GET', true, false],
    ['UND_ERR_INVALID_ARG', UNSENT, 'GET', true, false],
    ['ECONNRESET', sent, 'GET', true, true],
    ['ECONNRESET', sent, 'PUT', true, true],
    ['ECONNRESET', sent, 'PUT', false, false],
    ['ECONNRESET', sent, 'POST', true, false],
    ['ECONNRESET', sent, 'PATCH', true, false],
    ['ECONNRESET', sent, 'PROPFIND', true, false],
    ['HPE_INVALID_CONSTANT', sent, 'GET', true, false],
    ['ECONNRESET', { sent: true, answered: true }, 'GET', true, false],
  ] as const) {
    const fault = faultOf(failed(code), progress)
    t.equal(mayRetry(fault, progress, { method, replayable }), again, `${code} ${method}`)
  }
})
