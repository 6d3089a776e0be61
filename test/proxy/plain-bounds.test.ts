/** Connections outside undici's pools at their bounds: answers that come early, and answers with many fields. */
import t from 'tap'
import { rig } from './rig.ts'
import { ESTABLISHED, kernelView, noKernelView } from './tcp-table.ts'
import { OK, answering, eventually, message, rawUpstream } from './wire.ts'

const TRAILING = message('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Trailer: X-T')

t.test(
  'an answer before the body was read ends the connection, read or not',
  { skip: noKernelView },
  async (t) => {
    const app = await rawUpstream(t, (wire) => wire.socket.pause())
    const { ask } = await rig(t, app.upstream)
    const size = 16 * 1024 * 1024
    const client = await ask(`${TRAILING}${size.toString(16)}\r\n`)
    client.socket.write(Buffer.alloc(size, 'x'))
    const wire = await app.connection()
    // It is the upstream who holds it all up from here on.
    let left = -1
    while (left !== client.socket.writableLength) {
      left = client.socket.writableLength
      for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    const { remotePort, localPort } = wire.socket
    t.equal(kernelView(remotePort, localPort)?.state, ESTABLISHED)
    wire.send(OK)
    await client.until('ok')
    await eventually(() => kernelView(remotePort, localPort)?.state !== ESTABLISHED)
  },
)

t.test('above 2000 headers of an answer the framing header is still seen', async (t) => {
  const many = Array.from({ length: 2500 }, (_, i) => `X-${i}: y`)
  const app = await rawUpstream(t, answering(message('HTTP/1.1 200 OK', ...many, 'Content-Length: 2') + 'ok'))
  const { ask } = await rig(t, app.upstream)
  const client = await ask(message('OPTIONS * HTTP/1.1', 'Host: a'))
  t.match(await client.until(/\r\n\r\nok$/), /\r\nX-2499: y\r\nContent-Length: 2\r\n/)
})
