/** Requests that Node's parser refuses, or waits for in vain: they never become one that fastify could answer, but get our form. */
import type { Duplex } from 'node:stream'
import { STATUS_CODES } from '../node-http.ts'
import { AdminError, PROBLEM_TYPE, toProblem } from './problems.ts'

/** Listener of node:http's event "clientError". It ends the connection: where the next request begins is not known. */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Duplex): void {
  // In the middle of an answer anything more would be taken for a part of it.
  // Node has no public word for that (lib/_http_server.js, socketOnError).
  const answering = Boolean(Reflect.get(socket, '_httpMessage'))
  if (socket.writable && !answering && error.code !== 'ECONNRESET') {
    const refusal = explain(error.code)
    const body = JSON.stringify(toProblem(refusal))
    socket.write(
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    )
  }
  socket.destroy()
}

/** https://nodejs.org/api/errors.html and llhttp's codes. */
function explain(code: string | undefined): AdminError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AdminError('WAKEDOCK_REQUEST_TIMEOUT', 'The request did not arrive whole. Send it at once.')
    case 'HPE_HEADER_OVERFLOW':
      return new AdminError('WAKEDOCK_HEAD_TOO_LARGE', 'Send fewer or shorter headers: 16 KiB are taken.')
    default:
      return new AdminError('WAKEDOCK_INVALID_INPUT', 'This is not valid HTTP/1.1. Is it https, perhaps?')
  }
}
