/** The strict reader: what it takes for a whole message, for a part of one, and for none. */
import t from 'tap'
import { asked } from './readings.ts'
import { read, type BodyRule } from './strict-http.ts'

const H = 'POST / HTTP/1.1\r\nHost: a\r\n'
const A = 'HTTP/1.1 200 OK\r\n'

const READINGS: readonly [text: string, rule: BodyRule, expected: string][] = [
  [`${H}\r\n`, 'request', 'none:'],
  [`${H}Content-Length: 2\r\n\r\nokGET`, 'request', 'length:ok'],
  [`${H}Content-Length: 3\r\n\r\nok`, 'request', 'partial'],
  [
    `${H}Transfer-Encoding: chunked\r\n\r\n1;x="y"\r\no\r\n1\r\nk\r\n0\r\nT: 1\r\n\r\n`,
    'request',
    'chunked:ok',
  ],
  [`${H}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n`, 'request', 'partial'],
  [`${H}Transfer-Encoding: chunked\r\n\r\n1\r\nok\r\n`, 'request', 'broken'],
  [`${H}Transfer-Encoding: chunked\r\n\r\n0x1\r\n`, 'request', 'broken'],
  [`${H}Transfer-Encoding: chunked\r\n\r\n2 \r\nok`, 'request', 'broken'],
  [`${H}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'request', 'broken'],
  ['POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'request', 'broken'],
  [`${H}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 'request', 'broken'],
  [`${H}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 'request', 'broken'],
  [`${H}Content-Length: +1\r\n\r\n`, 'request', 'broken'],
  [`${H}X: a\r\n b\r\n\r\n`, 'request', 'broken'],
  [`${H}X : a\r\n\r\n`, 'request', 'broken'],
  [`${H}X: a\nY: b\r\n\r\n`, 'request', 'broken'],
  [`${H}X: a\u0000\r\n\r\n`, 'request', 'broken'],
  [`${A}\r\nrest`, 'response', 'partial'],
  [`${A}Content-Length: 9\r\n\r\n`, 'no body', 'none:'],
  ['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 'response', 'none:'],
  [`${A}Transfer-Encoding: gzip\r\n\r\n`, 'response', 'broken'],
]

for (const [text, rule, expected] of READINGS)
  t.test(`${JSON.stringify(text)} as a ${rule} is ${expected}`, async (t) => {
    const reading = read(text, 0, rule)
    t.equal(
      reading.type === 'whole' ? `${reading.message.framing}:${reading.message.body}` : reading.type,
      expected,
    )
  })

t.test('an answer that ends with its connection is whole when that has ended', async (t) => {
  t.match(read(`${A}\r\nrest`, 0, 'response', true), { type: 'whole', message: { body: 'rest' } })
})

t.test('nothing counts behind a request that nobody may act on', async (t) => {
  const good = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
  for (const bad of ['Host: a\r\nHost: a', 'Host: a b', 'X: 1', 'Host: b@a'])
    t.match(asked(`${good}GET / HTTP/1.1\r\n${bad}\r\n\r\n${good}`), {
      requests: { length: 1 },
      rest: 'broken',
    })
  t.match(asked(`${good}GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n`), {
    requests: { length: 1 },
    rest: 'broken',
  })
})
