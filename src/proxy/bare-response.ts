/**
 * Answers on connections node:http has let go of: after an upgrade or a CONNECT there is a socket and no ServerResponse.
 */
import type * as Http from 'node:http'
import type { Socket } from 'node:net'
import { ServerResponse } from '../node-http.ts'

/** Puts node:http's writer back on the socket, for one answer that closes the connection. */
export function responseOn(req: Http.IncomingMessage, client: Socket): Http.ServerResponse {
  const res = new ServerResponse(req)
  res.shouldKeepAlive = false
  res.assignSocket(client)
  // Its server used to pass this on; without it a long answer would stop at the first full buffer.
  client.on('drain', () => res.emit('drain'))
  res.once('finish', () => client.destroySoon())
  // What the client still sends belongs to a protocol that nobody here will speak.
  client.resume()
  return res
}
