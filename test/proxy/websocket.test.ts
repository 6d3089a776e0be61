/** What is WebSocket's own in an upgrade (RFC 6455 section 4): WakeDock has no opinion about any of it. */
import t from 'tap'
import { rig } from './rig.ts'
import { HEAD, message, rawUpstream } from './wire.ts'

t.test('what the two ends of a WebSocket agree upon passes untouched', async (t) => {
  const app = await rawUpstream(t)
  const { ask } = await rig(t, app.upstream)
  const asked = [
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: a, b',
    'Sec-WebSocket-Protocol: c',
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  ]
  const client = await ask(
    message('GET /chat HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', ...asked),
  )
  const wire = await app.connection()
  const seen = await wire.until(HEAD)
  for (const line of asked) t.match(seen, `\r\n${line}\r\n`)
  const agreed = ['Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'Sec-WebSocket-Protocol: c']
  wire.send(
    message('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', ...agreed),
  )
  const got = await client.until(HEAD)
  for (const line of agreed) t.match(got, `\r\n${line}\r\n`)
  t.notMatch(got, 'Extensions', 'nothing is agreed upon that the upstream did not say')
})
