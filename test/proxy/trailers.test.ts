import t from 'tap'
import { announcedTrailers, trailerPairs } from '../../src/proxy/trailers.ts'

const FORBIDDEN =
  'Content-Length Transfer-Encoding Host Connection TE Trailer Upgrade Keep-Alive Authorization Cookie Set-Cookie ' +
  'Proxy-Authorization WWW-Authenticate Expect Range If-Match If-None-Match If-Range Cache-Control Max-Forwards ' +
  'Content-Type Content-Encoding Content-Range Location Vary X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host ' +
  'Forwarded Via X_Forwarded_For content_length X-Nominated'
const names = FORBIDDEN.split(' ')
const HEAD = ['Connection', 'close, x-nominated']

t.test('trailers keep everything but what changes the meaning of the message', async (t) => {
  const fine = [
    'X-A',
    '1',
    'x-a',
    '\xe9',
    'Digest',
    '2',
    'ETag',
    '3',
    'Server-Timing',
    '4',
    'grpc-status',
    '0',
  ]
  const raw = [...fine, ...names.flatMap((name) => [name, 'evil'])]
  t.same(trailerPairs(raw, HEAD).flat(), fine)
  const bytes = raw.map((field) => Buffer.from(field, 'latin1'))
  t.same(trailerPairs(bytes, HEAD).flat(), fine, 'as bytes')
  for (const name of names) t.same(trailerPairs([name, 'evil'], HEAD), [], name)
})

t.test('only what may follow is announced', async (t) => {
  const announced = ['Trailer', `X-A, ${names.join(',')}`, 'X-B', '1', 'trailer', ' ,x-c,']
  t.equal(announcedTrailers([...announced, ...HEAD]), 'X-A, x-c')
  t.equal(announcedTrailers(['X', 'Trailer']), '')
})
