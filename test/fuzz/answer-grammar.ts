/**
 * Answers as an upstream might send them: right ones, and all the ways in which a program that writes HTTP by hand, or dies
 * while it does, gets them wrong.
 */
import type { Random } from '../soak/random.ts'

/** `seen`: what the answer says it answers. `wild` as in request-grammar.ts. */
export function answer(random: Random, seen: string, wild: number): string {
  const odd = (): boolean => random.chance(wild)
  const interim = random.chance(0.12) ? random.pick(INTERIM) : ''
  const first = odd()
    ? random.pick(FIRST)
    : random.pick(['HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.0 200 OK', 'HTTP/1.1 200 '])
  const body = random.pick([
    '',
    'ok',
    'HTTP/1.1 200 OK\r\nX-Seen: evil\r\nContent-Length: 4\r\n\r\nevil',
    'z'.repeat(random.int(1, 5000)),
    '0\r\n\r\n',
  ])
  const fields = [`X-Seen: ${seen}`]
  for (let i = random.int(0, 2); i > 0; i--) fields.push(random.pick(RIGHT))
  if (odd()) fields.push(random.pick(WRONG))
  let payload: string
  const form = random.weighted({
    length: 4,
    chunked: 4,
    close: 1,
    nothing: 1,
    contradiction: wild > 0 ? 2 : 0.001,
  })
  if (form === 'length') {
    fields.push(`Content-Length: ${body.length}`)
    payload = body
  } else if (form === 'chunked') {
    fields.push('Transfer-Encoding: chunked')
    payload = chunked(random, body, wild)
  } else if (form === 'close') {
    fields.push('Connection: close')
    payload = body
  } else if (form === 'nothing') {
    fields.push('Content-Length: 0')
    payload = ''
  } else {
    fields.push(...random.pick(CONTRADICTIONS).map((each) => each.replace('$', String(body.length))))
    payload = random.chance(0.5) ? chunked(random, body, wild) : body
  }
  const eol = odd() && random.chance(0.3) ? random.pick(['\n', '\r', '\r\r\n', '\r\n ']) : '\r\n'
  const lines = [first, ...fields]
  const at = random.int(0, lines.length - 1)
  const head = `${lines.map((each, i) => each + (i === at ? eol : '\r\n')).join('')}\r\n`
  return interim + head + payload + (odd() ? random.pick(SURPLUS) : '')
}

function chunked(random: Random, body: string, wild: number): string {
  const odd = (): boolean => random.chance(wild / 3)
  const out: string[] = []
  for (let at = 0; at < body.length;) {
    const piece = body.slice(at, at + random.int(1, Math.max(1, body.length)))
    at += piece.length
    const digits = piece.length.toString(16)
    const size = odd() ? random.pick(SIZES)(digits) : digits
    out.push(`${size}\r\n${piece}${odd() ? random.pick(['', '\n', 'x\r\n', '\r\n\r\n']) : '\r\n'}`)
  }
  const last = odd() ? random.pick(['', '0', '0\r\n', '0\n\n', '-1\r\n\r\n', '0\r\nX-T\r\n\r\n']) : '0\r\n'
  return `${out.join('')}${last}${random.chance(0.15) ? 'X-T: 1\r\n' : ''}\r\n`
}

const INTERIM = [
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(50),
  'HTTP/1.1 199 X\r\nContent-Length: 4\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'HTTP/1.1 103 \r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20),
]
const FIRST = [
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 999 Odd',
  'HTTP/1.1 600 ',
  'HTTP/1.1 099 X',
  'HTTP/1.1 2000 X',
  'HTTP/1.1 20 X',
  'HTTP/1.1 200',
  'HTTP/1.1  200 OK',
  'HTTP/2.0 200 OK',
  'http/1.1 200 OK',
  'HTTP/1.1 200 \u00e9\u00ff',
  'HTTP/1.1 200 \ud83d'.slice(0, 13),
  'HTTP/1.1 200 a\tb',
  'HTTP/1.1 200 \u0000',
  'HTTP/1.1 -200 X',
  'HTTP/1.1 2OO OK',
  'HTP/1.1 200 OK',
  '',
  'ICY 200 OK',
  'HTTP/1.1 206 Partial',
  'HTTP/1.1 100 X',
  'HTTP/1.1 101 X',
  'HTTP/1.1 205 Reset',
  'HTTP/0.9 200 OK',
  'HTTP/1.1 000 X',
  'SSH-2.0-OpenSSH_9.2',
]
const RIGHT = [
  'Date: x',
  'Set-Cookie: a=1',
  'set-cookie: b=2',
  'X-Latin: \u00e9',
  'X-Empty:',
  'Via: 1.1 app',
  'Content-Type: text/event-stream',
  'Content-Type: text/plain',
  'Connection: x-gone',
  'X-Gone: 1',
  'Keep-Alive: timeout=5',
  'Connection: close',
  'Connection: keep-alive',
  'Trailer: X-T',
  'Content-Encoding: gzip',
  'Server-Timing: x',
]
const WRONG = [
  'X-Fold: a\r\n b',
  'X-Nul: a\u0000',
  'X-Cr: a\rb',
  'X-Lf: a\nb',
  'NoColon',
  'X Space: 1',
  'X-Space : 1',
  ': x',
  'X-\u00e9: 1',
  'X-Ctl: \u0001',
  'X-Del: \u007f',
  `X-Large: ${'v'.repeat(70_000)}`,
  'Upgrade: h2c',
  'Connection: content-length',
  'Connection: transfer-encoding, content-length',
  'Proxy-Authenticate: Basic',
  'Keep-Alive: timeout=-1',
  'Keep-Alive: timeout=99999999999',
  'X-Ok: 1\r\nHTTP/1.1 200 OK',
  'Connection: upgrade\r\nUpgrade: websocket',
  'Proxy-Status: x',
  'Trailer: Content-Length',
]
const CONTRADICTIONS: readonly (readonly string[])[] = [
  ['Content-Length: $', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: $'],
  ['Content-Length: $', 'Content-Length: $'],
  ['Content-Length: 0', 'Content-Length: $'],
  ['Content-Length: $, $'],
  ['Content-Length: +$'],
  ['Content-Length: -1'],
  ['Content-Length: 1$'],
  ['Content-Length: 1'],
  ['Content-Length: x'],
  ['Content-Length:'],
  ['Content-Length: 99999999999999999999'],
  ['Content-Length : $'],
  ['Content-Length: 9007199254740993'],
  ['Transfer-Encoding: gzip, chunked'],
  ['Transfer-Encoding: chunked, chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: identity'],
  ['Transfer-Encoding: chunked, gzip'],
  ['Transfer-Encoding: gzip'],
  ['Transfer-Encoding: xchunked'],
  ['Transfer-Encoding:\u000bchunked'],
  ['Transfer-Encoding : chunked'],
  ['Transfer-Encoding: Chunked'],
  ['Transfer-Encoding:\r\n chunked'],
  [],
]
const SIZES: readonly ((digits: string) => string)[] = [
  (d) => `0x${d}`,
  (d) => `-${d}`,
  (d) => ` ${d}`,
  (d) => `${d} `,
  (d) => `${d};ext`,
  (d) => `0000${d}`,
  (d) => `ffffffffffffffff${d}`,
  () => '',
  () => 'zz',
  (d) => `${d}1`,
  (d) => `${d}\n`,
]
const SURPLUS = [
  'surplus',
  '\r\n',
  '\r\n\r\n',
  'HTTP/1.1 200 OK\r\nX-Seen: evil\r\nContent-Length: 4\r\n\r\nevil',
  'HTTP/1.1 200 OK\r\nX-Seen: evil\r\n\r\n',
  'HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n',
  '\u0000',
  '0\r\n\r\n',
  'H',
]
