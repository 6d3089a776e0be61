/** What the fuzz has found, as small as it got, with the fault it was. Each one is run again by a test. */
import type { Case } from './case.ts'

const request = (text: string, more: Partial<Case> = {}): Case => ({
  odd: 'request',
  pieces: [text],
  end: 'wait',
  style: 'length',
  method: 'GET',
  held: false,
  right: false,
  ...more,
})
const answer = (text: string, more: Partial<Case> = {}): Case => request(text, { odd: 'answer', ...more })

const GET = 'GET /first HTTP/1.1\r\nHost: a\r\n'
const NEXT = 'GET /behind HTTP/1.1\r\nHost: a\r\n\r\n'

/** Nothing is wrong with it. */
export const RIGHT = request(NEXT, { right: true })

export const FOUND: readonly (readonly [fault: string, each: Case])[] = [
  [
    'an upgrade with Expect ended the process',
    request(`${GET}Connection: Upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n\r\n`, {
      right: true,
    }),
  ],
  [
    'CONNECT behind an unanswered request ended the process',
    request(`${GET}\r\nCONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n`),
  ],
  [
    'CONNECT behind two unanswered requests, with nobody left to be told',
    request(`${GET}\r\n${NEXT}CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n`, { style: 'large' }),
  ],
  ['a request behind one without Host was served', request(`POST /first HTTP/1.1\r\n\r\n${NEXT}`)],
  [
    'a request behind one with an unknown coding was served',
    request(`POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${NEXT}`),
  ],
  ['a request behind a TRACE without Host was served', request(`TRACE / HTTP/1.1\r\n\r\n${NEXT}`)],
  [
    'an unknown expectation was answered twice',
    request('DELETE / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n\u0001'),
  ],
  [
    'a request that had its answer was answered again when its body broke off',
    request('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ny', { style: 'early' }),
  ],
  [
    'a refused HEAD got a body',
    request('HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', { end: 'close' }),
  ],
  [
    'what came behind an ignored Upgrade was dropped, and the connection went on as if it had not been there',
    request(
      `PUT /first HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nbody${NEXT}`,
    ),
  ],
  [
    'an interim answer of a pipelined request stood in the middle of it',
    request(`${GET}\r\n${NEXT}${NEXT}`, { style: 'interim', right: true }),
  ],
  [
    'a half-closed HTTP/1.0 connection got half an answer that looked whole',
    request('GET /first HTTP/1.0\r\nHost: a\r\n\r\n', { style: 'large', end: 'close' }),
  ],
  [
    'a field in Latin-1 was sent as UTF-8 where the body was to wait for 100',
    request(
      'PUT / HTTP/1.1\r\nHost: a\r\nX-Latin: \u00e9\u00ff\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
    ),
  ],
  [
    'a field in Latin-1 was sent as UTF-8 where the head of an answer came alone',
    answer('', { pieces: ['HTTP/1.1 200 OK\r\nX-Latin: \u00e9\u00ff\r\nContent-Length: 2\r\n\r\n', 'ok'] }),
  ],
  [
    'an answer without a length looked whole after a reset',
    answer('HTTP/1.1 200 OK\r\n\r\nhalf of i', { end: 'break' }),
  ],
  [
    'a connection that was reset behind its end stayed open, and its requests in flight',
    request(
      `${GET}Expect: 100-continue\r\n\r\nPUT /second HTTP/1.0\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\nHEAD /third HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n`,
      { style: 'large', end: 'close' },
    ),
  ],
  [
    'white space behind "chunked" made it a coding that is not known',
    answer('HTTP/1.1 200\r\nTransfer-Encoding:chunked  \r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  ],
  [
    'an answer in a coding nobody asked for lost its name',
    answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\nxyz', { end: 'close' }),
  ],
]
