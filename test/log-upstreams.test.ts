/** What the log says of upstreams that fail requests: whom, why and what to do; at once, and then once a minute with a count. */
import t from 'tap'
import { createUpstreamLog, describeFailure, type UpstreamFailure } from '../src/log-upstreams.ts'
import { FakeClock } from './helpers/fake-clock.ts'

const REFUSED: UpstreamFailure = {
  service: 'blog',
  reason: 'refused',
  address: 'http://172.17.0.3:8080',
  code: 'ECONNREFUSED',
  message: 'connect ECONNREFUSED 172.17.0.3:8080',
}

t.test('a line says which service and address, what happened, and what to do about it', async (t) => {
  const head = 'blog: a request failed: http://172.17.0.3:8080'
  const cases: [Partial<UpstreamFailure>, text: RegExp | string][] = [
    [{}, `${head} refused the connection (connect ECONNREFUSED 172.17.0.3:8080). Check in its log that`],
    [
      { reason: 'timeout', message: '' },
      `${head} did not accept the connection in time (ECONNREFUSED). Check`,
    ],
    [
      { reason: 'unreachable', code: '', message: '' },
      `${head} cannot be reached from here. Check the route`,
    ],
    [{ reason: 'dns' }, /cannot be resolved here .*`url`/],
    [{ reason: 'reset' }, /closed the connection without an answer .*See the log of the app/],
    [{ reason: 'retired' }, /was stopped or replaced meanwhile/],
    [
      { reason: 'protocol', message: 'Parse Error: Expected HTTP/' },
      /not valid HTTP \(Parse.*`port`, `scheme`/,
    ],
    [{ reason: 'descriptors' }, /no file descriptor left .*`ulimit -n`, `LimitNOFILE=`/],
    [{ reason: 'something new' }, `${head} failed it (connect`],
    [{ reason: 'dns', address: null }, 'blog: a request failed: its address has a name'],
    [
      { reason: 'tls', code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: 'self-signed certificate' },
      /has no certificate that is accepted here \(self-signed certificate\)\. .*`tls: \{ ca_file: /,
    ],
    [{ reason: 'tls', code: 'CERT_HAS_EXPIRED' }, /has a certificate that has expired .*Renew it/],
    [{ reason: 'tls', code: 'CERT_NOT_YET_VALID' }, /not valid yet .*clocks/],
    [{ reason: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, /another name .*`tls: \{ server_name: /],
    [{ reason: 'tls', code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, /does not speak TLS.*`scheme: http`/],
    [{ reason: 'tls', code: 'EPROTO' }, /does not speak TLS/],
  ]
  for (const [changes, wanted] of cases) {
    const { text, hint } = describeFailure({ ...REFUSED, ...changes }, null)
    t.match(text, wanted)
    t.ok(text.endsWith(`. ${hint}`) && hint.endsWith('.'), text)
  }
  t.match(describeFailure(REFUSED, 1).text, 'blog: 1 more request failed within a minute: http://172')
  t.match(
    describeFailure(REFUSED, 41).text,
    'blog: 41 more requests failed within a minute: the last one: http://172',
  )
  const long = describeFailure({ ...REFUSED, message: 'x'.repeat(10_000) }, null)
  t.ok(long.text.length < 700, 'a certificate may be for hundreds of names')
})

t.test('a service has a line at once and then at most one a minute, which counts', async (t) => {
  const clock = new FakeClock()
  const said: [fields: object, text: string][] = []
  const failed = createUpstreamLog(
    { warn: (fields: object, text = '') => void said.push([fields, text]) },
    clock,
  )
  const taken = () => said.splice(0).map(([fields]) => fields)

  failed(REFUSED)
  t.match(taken(), [
    { event: 'upstream_failed', service: 'blog', reason: 'refused', address: REFUSED.address, requests: 1 },
  ])
  for (let i = 0; i < 40; i++) failed(REFUSED)
  failed({ ...REFUSED, reason: 'reset' })
  await clock.advance(59_999)
  t.same(taken(), [], 'not yet')
  failed({ ...REFUSED, service: 'wiki' })
  t.match(taken(), [{ service: 'wiki' }], 'another service has lines of its own')
  await clock.advance(1)
  t.match(taken(), [{ service: 'blog', reason: 'reset', requests: 41 }])
  failed(REFUSED)
  t.same(taken(), [], 'the minute begins anew')
  await clock.advance(60_000)
  t.match(taken(), [{ service: 'blog', requests: 1 }])
  await clock.advance(60_000)
  t.same(taken(), [], 'nothing is said of nothing')
  t.equal(clock.pending, 0)
  failed(REFUSED)
  t.match(taken(), [{ service: 'blog', requests: 1 }], 'after a quiet minute it is at once again')
})

t.test('what a client does wrong is no line', async (t) => {
  const said: object[] = []
  createUpstreamLog(
    { warn: (fields: object) => void said.push(fields) },
    new FakeClock(),
  )({
    ...REFUSED,
    reason: 'request',
  })
  t.same(said, [])
})
