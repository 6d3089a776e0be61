/** What people and programs with other intentions send the admin API, byte by byte. */
import { connect } from 'node:net'
import t from 'tap'
import { startAdmin, TOKENS } from '../helpers/admin.ts'

const AUTH = 'Host: localhost\r\nAuthorization: Bearer operate-secret\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'

const post = (path: string, headers: string, body: string): string =>
  `POST /api/v1/services/blog/${path} HTTP/1.1\r\n${AUTH}${headers}Content-Length: ${body.length}\r\n\r\n${body}`

/** Everything that is answered until the connection ends, or an answer with this many bodies is there. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve())
    socket.on('close', () => resolve())
    socket.on('data', (chunk) => {
      answer += String(chunk)
      const [head = '', body] = answer.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Infinity)
      if (body !== undefined && Buffer.byteLength(body) >= length) resolve()
    })
    socket.write(text)
  })
  socket.destroy()
  return answer
}

const CASES: readonly (readonly [what: string, request: string, status: number, says: RegExp])[] = [
  [
    'a length without a body',
    `POST /api/v1/services/blog/sleep HTTP/1.1\r\n${AUTH}${JSON_TYPE}Content-Length: 999999999\r\n\r\n{`,
    413,
    /WAKEDOCK_BODY_TOO_LARGE/,
  ],
  [
    'a large body in chunks',
    `POST /api/v1/services/blog/sleep HTTP/1.1\r\n${AUTH}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n5000\r\n${' '.repeat(0x5000)}\r\n0\r\n\r\n`,
    413,
    /WAKEDOCK_BODY_TOO_LARGE/,
  ],
  [
    'two lengths of a body',
    `POST /api/v1/services/blog/sleep HTTP/1.1\r\n${AUTH}${JSON_TYPE}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    /WAKEDOCK_INVALID_INPUT/,
  ],
  [
    'headers that are too large',
    `GET /api/v1/services HTTP/1.1\r\n${AUTH}X: ${'9'.repeat(20_000)}\r\n\r\n`,
    431,
    /WAKEDOCK_HEAD_TOO_LARGE/,
  ],
  ['another protocol', '\u0016\u0003\u0001\u0000\r\n\r\n', 400, /not valid HTTP/],
  ['a prototype', post('sleep', JSON_TYPE, '{"__proto__":{"force":true}}'), 400, /not valid JSON/],
  ['a list', post('sleep', JSON_TYPE, '[]'), 400, /Send the body as a JSON object, or none/],
  ['a string', post('sleep', JSON_TYPE, '"force"'), 400, /Send the body as a JSON object, or none/],
  ['no type', post('sleep', '', '{"force":true}'), 400, /application\/json/],
  [
    'a service named like a prototype',
    `GET /api/v1/services/__proto__ HTTP/1.1\r\n${AUTH}\r\n`,
    404,
    /NO_SUCH_SERVICE/,
  ],
  [
    'a header in a name',
    `DELETE /api/v1/services/a%0d%0aX-Evil:%201 HTTP/1.1\r\n${AUTH}\r\n`,
    405,
    /allow: GET, HEAD\r\n(?![^]*\r\nX-Evil)/i,
  ],
  ['a page in a path', `GET /<script> HTTP/1.1\r\n${AUTH}\r\n`, 404, /nosniff[^]*problem\+json/],
  [
    'a parameter named like a prototype',
    `GET /api/v1/services?__proto__=1 HTTP/1.1\r\n${AUTH}\r\n`,
    400,
    /no parameter/,
  ],
]

for (const [what, request, status, says] of CASES) {
  t.test(`${what} is answered ${status}, in our form, and changes nothing`, async (t) => {
    const { url, control } = await startAdmin(t, { tokens: TOKENS })
    const answer = await raw(url, request)
    t.ok(answer.startsWith(`HTTP/1.1 ${status} `), answer.split('\r\n', 1).join())
    t.match(answer, says)
    t.match(answer, /"type":"about:blank"/)
    t.strictSame(control.orders, [])
  })
}

t.test('a program that names the type of a body it does not send is understood', async (t) => {
  const { url, control } = await startAdmin(t, { tokens: TOKENS })
  t.match(await raw(url, post('sleep', JSON_TYPE, '')), /^HTTP\/1\.1 202 /)
  t.match(await raw(url, post('wake', JSON_TYPE, 'null')), /^HTTP\/1\.1 202 /)
  t.strictSame(control.orders, ['sleep blog', 'wake blog'])
})

t.test(
  'rubbish behind a request for a stream ends the connection, and nothing is written into the stream',
  async (t) => {
    const { url } = await startAdmin(t, { tokens: TOKENS })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const ended = new Promise((resolve) => socket.on('close', resolve))
    let answer = ''
    socket.on('data', (chunk) => {
      if (answer === '') socket.write('\u0016\u0003\u0001\r\n\r\n')
      answer += String(chunk)
    })
    socket.on('error', () => undefined)
    socket.write(`GET /api/v1/events HTTP/1.1\r\n${AUTH}\r\n`)
    await ended
    t.match(answer, /^HTTP\/1\.1 200 /)
    t.notMatch(answer, /400 Bad Request/)
  },
)

/** Of every write there is, as a page of another site would send it to a WakeDock without tokens. */
const WRITES = [
  'POST …/wake',
  'POST …/sleep',
  'PUT …/pin',
  'DELETE …/pin',
  'POST /api/v1/config/reload',
  'POST /api/v1/config/validate',
]
const ATTACKS: readonly (readonly [who: string, headers: Record<string, string>])[] = [
  [
    'a form of another site',
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  ],
  ['an old browser on another site', { origin: 'https://evil.example' }],
  ['an app on another port', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
  ['a sandboxed frame', { origin: 'null' }],
  [
    'a name that points here',
    { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
  ],
]

for (const [who, headers] of ATTACKS) {
  t.test(`${who} gives no order`, async (t) => {
    const { ask, control } = await startAdmin(t, {
      config: {
        reload: () => Promise.reject(new Error('reloaded')),
        validate: () => Promise.reject(new Error('validated')),
      },
    })
    for (const call of WRITES)
      t.match(await ask(call.replace('…', '/api/v1/services/blog'), { headers }), { status: 403 }, call)
    t.strictSame(control.orders, [])
  })
}
