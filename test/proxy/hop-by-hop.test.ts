/** The fields of one hop, byte for byte on both sides; headers.test.ts has the table of them. */
import t from 'tap'
import { rig } from './rig.ts'
import { message, rawUpstream } from './wire.ts'

t.test('what belongs to a hop stays on it, in both directions, and nothing else', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const hop = [
    'Connection: close, X-Hop, Content-Length, Host',
    'X-Hop: gone',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Upgrade: h2c',
  ]
  const asking = ['Proxy-Authorization: Basic x', 'TE: gzip, trailers', 'Via: 1.0 one']
  const client = await ask(
    message('POST / HTTP/1.1', 'Host: a', ...hop, ...asking, 'X-End: kept', 'Content-Length: 3') + 'abc',
  )
  const wire = await app.connection()
  t.equal(
    await wire.until('abc'),
    message(
      'POST / HTTP/1.1',
      'host: a',
      'connection: keep-alive',
      'TE: trailers',
      'Via: 1.0 one',
      'X-End: kept',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: a',
      'Via: 1.1 wakedock',
      'content-length: 3',
    ) + 'abc',
  )
  wire.send(
    message('HTTP/1.1 200 OK', ...hop, 'Proxy-Authenticate: Basic', 'Date: x', 'Content-Length: 2') + 'ok',
  )
  t.same((await client.untilClosed()).split('\r\n'), [
    'HTTP/1.1 200 OK',
    'Date: x',
    'Content-Length: 2',
    'Via: 1.1 wakedock',
    'Connection: close',
    '',
    'ok',
  ])
})
