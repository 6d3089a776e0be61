import t from 'tap'
import { isEventStream, reasonPhrase, requestHeaders, responseHeaders } from '../../src/proxy/headers.ts'

const stranger = { address: '9.9.9.9', trusted: false }
const caddy = { address: '10.0.0.1', trusted: true }
const socket = { address: null, trusted: true }
const from = (peer: typeof stranger | typeof socket, httpVersion = '1.1') => ({
  peer,
  httpVersion,
  authority: 'a',
})
const GET = { method: 'GET', httpVersionMinor: 1 }
const FIXED = ['Host', 'a']
/** Not ours to write, but to believe or not. */
const OTHERS = ['X-Real-IP', '1.1.1.1', 'X-Forwarded-Port', '443', 'X-Forwarded-Prefix', '/a'].concat(
  ['Ssl', 'Scheme', 'Server', 'User'].flatMap((name) => [`X-Forwarded-${name}`, 'x']),
)
const tail = (forwarded: string, proto = 'http', host = 'a'): string[] =>
  [
    ['X-Forwarded-For', forwarded],
    ['X-Forwarded-Proto', proto],
    ['X-Forwarded-Host', host],
    ['Via', '1.1 wakedock'],
  ].flat()

t.test('request headers', async (t) => {
  const cases: [name: string, sent: string[], peer: typeof stranger | typeof socket, seen: string[]][] = [
    [
      'case, order and duplicates stay',
      ['B', '1', 'a', '2', 'b', '\xe9'],
      stranger,
      ['B', '1', 'a', '2', 'b', '\xe9', ...tail('9.9.9.9')],
    ],
    [
      'hop-by-hop headers go',
      [
        'Connection',
        'close',
        'Keep-Alive',
        'x',
        'Proxy-Connection',
        'x',
        'Proxy-Authorization',
        'x',
        'Upgrade',
        'x',
        'Transfer-Encoding',
        'chunked',
        'TE',
        'gzip',
        'Trailer',
        'x',
        'Expect',
        'x',
      ],
      stranger,
      tail('9.9.9.9'),
    ],
    [
      'so do the ones Connection names, in any case and over several lines',
      ['Connection', 'X-One , keep-alive', 'connection', 'x-TWO', 'X-One', '1', 'x-two', '2', 'X-Three', '3'],
      stranger,
      ['X-Three', '3', ...tail('9.9.9.9')],
    ],
    [
      'TE: trailers stays',
      ['TE', 'gzip, trailers;q=0.5', 'Connection', 'TE'],
      stranger,
      ['TE', 'trailers', ...tail('9.9.9.9')],
    ],
    [
      'a stranger is not believed',
      [
        'X-Forwarded-For',
        '1.1.1.1',
        'x-forwarded-proto',
        'https',
        'X-Forwarded-Host',
        'evil',
        'Forwarded',
        'for=1.1.1.1',
        ...OTHERS,
      ],
      stranger,
      tail('9.9.9.9'),
    ],
    [
      'not with underscores either',
      ['X_Forwarded_For', '1.1.1.1', 'x_real-ip', '1.1.1.1', 'X_Other', 'y'],
      stranger,
      ['X_Other', 'y', ...tail('9.9.9.9')],
    ],
    [
      'a trusted proxy is, and extended',
      [
        'X-Forwarded-For',
        '1.1.1.1',
        'X-Forwarded-For',
        '2.2.2.2',
        'X-Forwarded-Proto',
        'https',
        'X-Forwarded-Host',
        'b',
        'Forwarded',
        'for=1.1.1.1',
        ...OTHERS,
      ],
      caddy,
      ['Forwarded', 'for=1.1.1.1', ...OTHERS, ...tail('1.1.1.1, 2.2.2.2, 10.0.0.1', 'https', 'b')],
    ],
    ['a unix socket has no address to add', ['X-Forwarded-For', '1.1.1.1'], socket, tail('1.1.1.1')],
    ['Via is appended', ['Via', '1.1 caddy'], caddy, ['Via', '1.1 caddy', ...tail('10.0.0.1')]],
    [
      'forwarding headers cannot be nominated away',
      ['Connection', 'x-forwarded-for, via, host', 'Host', 'a'],
      stranger,
      tail('9.9.9.9'),
    ],
  ]
  for (const [name, sent, peer, seen] of cases)
    t.same(requestHeaders(sent, from(peer)), [...FIXED, ...seen], name)
  t.same(requestHeaders([], from(socket, '1.0')).slice(-2), ['Via', '1.0 wakedock'])
  t.same(requestHeaders([], { peer: socket, httpVersion: '1.0', authority: '' }), [
    'X-Forwarded-Proto',
    'http',
    'Via',
    '1.0 wakedock',
  ])
})

t.test('response headers', async (t) => {
  const bytes = (...fields: string[]): Buffer[] => fields.map((field) => Buffer.from(field, 'latin1'))
  const cases: [name: string, raw: Buffer[], status: number, seen: string[]][] = [
    [
      'case, duplicates and bytes stay',
      bytes('Set-Cookie', 'a', 'set-cookie', '\xff'),
      200,
      ['Set-Cookie', 'a', 'set-cookie', '\xff'],
    ],
    [
      'hop-by-hop and nominated go',
      bytes('Connection', 'x-a', 'X-A', '1', 'Transfer-Encoding', 'chunked', 'Upgrade', 'h2'),
      200,
      [],
    ],
    [
      'Content-Length cannot be nominated away',
      bytes('Connection', 'content-length', 'Content-Length', '2'),
      200,
      ['Content-Length', '2'],
    ],
    ['204 has no length', bytes('Content-Length', '0'), 204, []],
    ['304 has', bytes('Content-Length', '9'), 304, ['Content-Length', '9']],
    ['Via is appended', bytes('Via', '1.0 app'), 200, ['Via', '1.0 app']],
  ]
  for (const [name, raw, status, seen] of cases) {
    t.same(responseHeaders(raw, status, GET), [...seen, 'Via', '1.1 wakedock'], name)
    const text = raw.map((field) => field.toString('latin1'))
    t.same(responseHeaders(text, status, GET), [...seen, 'Via', '1.1 wakedock'], `${name}, as text`)
  }
})

t.test('Trailer goes where the answer cannot be chunked', async (t) => {
  const raw = ['Trailer', 'X-A', 'X-B', '1', 'trailer', 'X-C']
  for (const [name, status, asked, head, stays] of [
    ['an answer without a length', 200, GET, raw, true],
    ['one with a length', 200, GET, [...raw, 'Content-Length', '3'], false],
    ['to HEAD', 200, { ...GET, method: 'HEAD' }, raw, false],
    ['to HTTP/1.0', 200, { ...GET, httpVersionMinor: 0 }, raw, false],
    ['204', 204, GET, raw, false],
    ['304', 304, GET, raw, false],
  ] as const)
    t.equal(
      responseHeaders(head, status, asked).filter((field) => /^trailer$/i.test(field)).length,
      stays ? 2 : 0,
      name,
    )
})

t.test('reason phrases', async (t) => {
  t.equal(reasonPhrase('OK'), 'OK')
  t.equal(reasonPhrase('\u00e9'), '\xc3\xa9')
  t.equal(reasonPhrase('\ufffd'), undefined)
})

t.test('event streams', async (t) => {
  for (const [value, is] of [
    ['text/event-stream', true],
    ['Text/Event-Stream; charset=utf-8', true],
    ['text/event-streams', false],
    ['text/html', false],
  ] as const)
    t.equal(isEventStream(['X', 'y', 'content-TYPE', value]), is, value)
  t.notOk(isEventStream(['X', 'text/event-stream']))
})
