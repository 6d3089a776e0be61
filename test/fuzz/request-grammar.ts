/**
 * Requests as a client might send them: mostly right, with one or two things wrong in the places where two parsers have
 * disagreed before. Bodies carry whole requests inside, so that a wrong idea of where a body ends shows as a request.
 */
import type { Random } from '../soak/random.ts'

/** `id`: unique in the run; in the path of every request. `wild`: 0 is a right request, 1 wrong wherever it can be. */
export function request(random: Random, id: string, wild: number): string {
  const odd = (): boolean => random.chance(wild)
  const method = odd() ? random.pick(METHODS) : random.pick(['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE'])
  const version = odd() ? random.pick(VERSIONS) : random.chance(0.9) ? 'HTTP/1.1' : 'HTTP/1.0'
  const host = odd() ? random.pick(HOSTS) : 'Host: a'
  const target = odd() ? random.pick(TARGETS)(id) : `/${id}?q=1`
  const body = content(random, id)
  const fields = [host, `X-Id: ${id}`]
  const extra = random.int(0, 3)
  for (let i = 0; i < extra; i++) fields.push(random.pick(RIGHT))
  if (odd()) fields.push(random.pick(WRONG))
  let payload = ''
  const bodied = method === 'POST' || method === 'PUT' || random.chance(0.2)
  if (odd() && random.chance(0.5)) {
    fields.push(...random.pick(CONTRADICTIONS).map((each) => each.replace('$', String(body.length))))
    payload = random.chance(0.5) ? chunked(random, body, wild) : body
  } else if (bodied && version !== 'HTTP/1.0' && random.chance(0.5)) {
    fields.push('Transfer-Encoding: chunked')
    payload = chunked(random, body, wild)
  } else if (bodied) {
    fields.push(`Content-Length: ${body.length}`)
    payload = body
  }
  if (random.chance(0.06)) fields.push(...random.pick(UPGRADES))
  if (odd() && random.chance(0.1)) fields.push(...random.pick(LARGE)())
  if (odd()) shuffle(random, fields)
  const eol = odd() && random.chance(0.3) ? random.pick(['\n', '\r', '\r\r\n', '\r\n ', '\n\r']) : '\r\n'
  const space = odd() && random.chance(0.2) ? random.pick(['  ', '\t', '', '\v']) : ' '
  const first = [method, target, version].join(space)
  const lines = [first, ...fields]
  const at = random.int(0, lines.length - 1)
  return `${lines.map((each, i) => each + (i === at ? eol : '\r\n')).join('')}\r\n${payload}`
}

function content(random: Random, id: string): string {
  const inner = `GET /smuggled-${id} HTTP/1.1\r\nHost: a\r\n\r\n`
  return random.pick([
    '',
    'body',
    inner,
    `0\r\n\r\n${inner}`,
    `5\r\nhello\r\n0\r\n\r\n${inner}`,
    '\r\n\r\n',
    `x=${'y'.repeat(random.int(1, 3000))}`,
    '\u0000\u00ff\u0080\n',
  ])
}

function chunked(random: Random, body: string, wild: number): string {
  const out: string[] = []
  const odd = (): boolean => random.chance(wild / 3)
  for (let at = 0; at < body.length;) {
    const piece = body.slice(at, at + random.int(1, Math.max(1, body.length)))
    at += piece.length
    const digits = piece.length.toString(16)
    const size = odd() ? random.pick(SIZES)(digits) : digits + random.pick(['', '', '', ';ext=1', ';a="b"'])
    out.push(`${size}${odd() ? random.pick(ENDS) : '\r\n'}${piece}${odd() ? random.pick(ENDS) : '\r\n'}`)
  }
  const trailers = random.chance(0.2) ? (wild > 0 ? random.pick(TRAILERS) : 'X-T: 1\r\n') : ''
  return `${out.join('')}${odd() ? random.pick(LASTS) : '0\r\n'}${trailers}\r\n`
}

function shuffle(random: Random, list: string[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    const kept = list[i] ?? ''
    list[i] = list[j] ?? ''
    list[j] = kept
  }
}

const METHODS = [
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'QUERY',
  'get',
  'G\u00e9T',
  'PRI',
  'GET\t',
  '',
  'LOCK',
  'BREW',
]
const VERSIONS = [
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.1 ',
  'http/1.1',
  'HTTP/11',
  'HTTP/1.',
  'RTSP/1.0',
  '',
  'ICE/1.0',
]
const HOSTS = [
  'Host: A',
  'Host: a:80',
  'Host: a.',
  'Host:a',
  'Host: a\t',
  'Host: a b',
  'Host: a/x',
  'Host: a@b',
  'Host: a,a',
  'Host: ',
  'Host: a\r\nHost: a',
  'Host: a\r\nhost: b',
  'Host : a',
  ' Host: a',
  'Host: nowhere',
  'Host: [::1]',
  'X-Host: a',
  'Host: a\u0000',
]
const TARGETS: readonly ((id: string) => string)[] = [
  (id) => `http://a/${id}`,
  (id) => `http://b/${id}`,
  (id) => `HTTP://A/${id}?x`,
  (id) => `http://u@a/${id}`,
  (id) => `//a/${id}`,
  (id) => `/${id}#f`,
  (id) => `/${id} x`,
  (id) => `/${id}\u00e9`,
  (id) => `/${id}\u0001`,
  (id) => `/${id}%0d%0a`,
  (id) => `/${id}/../x`,
  (id) => `/${id}\\x`,
  (id) => `/${id}"<>|^\`{}`,
  (id) => `http://a?${id}`,
  (id) => id,
  () => '*',
  () => 'a:80',
  () => '',
  (id) => `https://a/${id}`,
  (id) => `/${id}?${'q'.repeat(5000)}`,
  (id) => `/${id}\t`,
  (id) => `ftp://a/${id}`,
  (id) => `/${id}\u007f`,
]
const RIGHT = [
  'Accept: */*',
  'accept: text/html;q=0.5',
  'Cookie: a=1; b=2',
  'Cookie: c=3',
  'X-Empty:',
  'X-Latin: \u00e9\u00ff',
  'X-Dot.Name: 1',
  'X_Under: 1',
  'Connection: keep-alive',
  'Connection: x-gone',
  'X-Gone: 1',
  'TE: trailers',
  'X-Forwarded-For: 192.0.2.1',
  'Forwarded: for=192.0.2.1',
  'Via: 1.1 other',
  'Expect: 100-continue',
  'Connection: close',
  'Keep-Alive: timeout=5',
  'Content-Type: text/plain',
  'X-Tab:\ta\tb\t',
  'Range: bytes=0-1',
]
const WRONG = [
  'Connection: content-length, transfer-encoding, host',
  'Connection: close, x-id',
  'X-Fold: a\r\n b',
  'X-Fold: a\r\n\tTransfer-Encoding: chunked',
  'X-Nul: a\u0000b',
  'X-Cr: a\rb',
  'X-Lf: a\nX-Next: b',
  'NoColon',
  ': no name',
  'X Space: 1',
  'X-Space : 1',
  'X-\u00e9: 1',
  'X-Ctl: \u0001',
  'X-Del: \u007f',
  'Expect: 200-ok',
  'Trailer: X-T',
  'X_Forwarded_For: 1.2.3.4',
  'Transfer_Encoding: chunked',
  'Content_Length: 5',
  'Proxy-Connection: close',
  'Transfer-Encoding\u0000: chunked',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'X-Forwarded-Host: evil\r\nX-Forwarded-Host: evil2',
  'X\r\n\r\nGET /smuggled HTTP/1.1',
]
/** `$`: the length of the body. */
const CONTRADICTIONS: readonly (readonly string[])[] = [
  ['Content-Length: $', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: $'],
  ['Content-Length: $', 'Content-Length: $'],
  ['Content-Length: 0', 'Content-Length: $'],
  ['Content-Length: $, $'],
  ['Content-Length: +$'],
  ['Content-Length: -1'],
  ['Content-Length: $ 0'],
  ['Content-Length: 0x$'],
  ['Content-Length:'],
  ['Content-Length: 00$'],
  ['Content-Length: 99999999999999999999'],
  ['Content-Length: 9007199254740993'],
  ['Content-Length : $'],
  ['Content-Length: $\u000b'],
  ['Content-Length: 3'],
  ['Content-Length: 1$'],
  ['Transfer-Encoding: gzip, chunked'],
  ['Transfer-Encoding: chunked, chunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: identity'],
  ['Transfer-Encoding: chunked, identity'],
  ['Transfer-Encoding: xchunked'],
  ['Transfer-Encoding: "chunked"'],
  ['Transfer-Encoding: chunked;q=1'],
  ['Transfer-Encoding: Chunked'],
  ['Transfer-Encoding:\u000bchunked'],
  ['Transfer-Encoding : chunked'],
  [' Transfer-Encoding: chunked'],
  ['Transfer-Encoding:\r\n chunked'],
  ['Transfer-Encoding: chunked\u0000'],
  ['Transfer-Encoding: \tchunked\t'],
  ['Transfer-Encoding: chunk', 'Transfer-Encoding: ed'],
  ['Transfer-Encoding:', 'Content-Length: $'],
  ['Transfer-Encoding: ,chunked'],
  ['X: y\nTransfer-Encoding: chunked', 'Content-Length: $'],
  ['Transfer-Encoding: identity', 'Content-Length: $'],
]
const UPGRADES: readonly (readonly string[])[] = [
  ['Connection: Upgrade', 'Upgrade: websocket'],
  ['Connection: keep-alive, Upgrade', 'Upgrade: websocket'],
  ['Connection: Upgrade', 'Upgrade: h2c'],
  ['Connection: Upgrade', 'Upgrade: websocket, other'],
  ['Upgrade: websocket'],
  ['Connection: Upgrade'],
  ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: other'],
  ['Connection: Upgrade', 'Upgrade: '],
  ['Connection: Upgrade', 'Upgrade: raw'],
]
const LARGE: readonly (() => string[])[] = [
  () => [`X-Large: ${'v'.repeat(70_000)}`],
  () => Array.from({ length: 2100 }, (_, i) => `x${i}: 1`),
  () => [`${'N'.repeat(30_000)}: 1`],
  () => [...Array.from({ length: 2005 }, () => 'x: 1'), 'Content-Length: 4'],
  () => [...Array.from({ length: 2005 }, () => 'x: 1'), 'Transfer-Encoding: chunked'],
]
const SIZES: readonly ((digits: string) => string)[] = [
  (d) => `0x${d}`,
  (d) => `-${d}`,
  (d) => `+${d}`,
  (d) => ` ${d}`,
  (d) => `${d} `,
  (d) => `0000000${d}`,
  (d) => `ffffffffffffffff${d}`,
  (d) => `1000000000000000${d}`,
  () => '',
  () => 'g',
  (d) => `${d};`,
  (d) => `${d};a="\r\n"`,
  (d) => `${d};a\n`,
  (d) => `${d},5`,
  (d) => `${d}\t`,
  (d) => `${d};${'e'.repeat(20_000)}`,
  (d) => `${d}\u0000`,
  (d) => `${d}_0`,
  (d) => `${d};\rb`,
]
const ENDS = ['\n', '\r', '', '\r\n\r\n', '\r\r\n', ' \r\n', 'x\r\n']
const LASTS = ['00\r\n', '0\n', '0', '0 \r\n', '0;a\r\n', '-0\r\n', '', '0\r\n\r\n0\r\n', '0x0\r\n', 'f\r\n']
const TRAILERS = [
  'X-T: 1\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: b\r\n',
  'X-T:\r\nX-U: 2\r\n',
  'bad trailer\r\n',
  'X-T: 1\n',
  ' X: 1\r\n',
]
