/**
 * One GET on a connection of its own, by a bare socket: the moment its first byte arrives is what a wake is measured by,
 * and an HTTP client would add its own parsing and pooling to it.
 */
import { createConnection } from 'node:net'

export interface FirstByte {
  /** On performance.now(): the dial began. */
  readonly askedAt: number
  /** On performance.now(): the first byte of the answer was read. */
  readonly firstByteAt: number
  readonly status: number
  /** The head's lines as they came, lower-cased. */
  readonly head: string
  readonly body: string
}

/**
 * Rejects when the connection is refused, cut, or gives nothing for `timeout` milliseconds. The whole answer is read: the
 * server ends it, because Connection: close is asked for.
 */
export function getOnce(
  to: { host: string; port: number },
  request: { path: string; host: string },
  timeout: number,
): Promise<FirstByte> {
  const { promise, resolve, reject } = Promise.withResolvers<FirstByte>()
  const chunks: Buffer[] = []
  let firstByteAt = 0
  const askedAt = performance.now()
  const socket = createConnection({ ...to, noDelay: true })
  socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer for ${timeout} ms`)))
  socket.on('connect', () => {
    socket.write(`GET ${request.path} HTTP/1.1\r\nHost: ${request.host}\r\nConnection: close\r\n\r\n`)
  })
  socket.on('data', (chunk) => {
    if (chunks.length === 0) firstByteAt = performance.now()
    chunks.push(chunk)
  })
  socket.on('error', reject)
  socket.on('end', () => {
    const [head = '', body = ''] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n', 2)
    const [, status] = head.match(/^HTTP\/1\.1 (\d{3})/) ?? []
    if (status === undefined) reject(new Error('the connection ended without an answer'))
    else resolve({ askedAt, firstByteAt, status: Number(status), head: head.toLowerCase(), body })
  })
  return promise
}
