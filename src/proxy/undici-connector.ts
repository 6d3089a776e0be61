/**
 * undici's connector, with two things put right. Of an answer that goes on until the close, undici takes a reset for the end, as
 * macOS can send one after a whole answer (8.12, lib/dispatcher/client-h1.js, onHttpSocketError): an upstream that dies is a
 * reset too, and the client would take what came so far for all of it. And it would ask an https upstream for a
 * certificate of whatever name the request says.
 */
import type { buildConnector as Build } from 'undici'
import buildConnector from 'undici/lib/core/connect.js'
import type { Upstream } from '../domain/ports.ts'
import { tlsOptions } from './tls.ts'

/** Connects to `upstream` and to nothing else. `timeout`: milliseconds, a TLS handshake included. */
export function createConnector(upstream: Upstream, timeout: number): Build.connector {
  const tls = upstream.protocol === 'https' ? tlsOptions(upstream) : null
  const connect = buildConnector({ ...tls, timeout, allowH2: false })
  return (to, done) =>
    connect(tls === null ? to : { ...to, servername: tls.servername }, (...result) => {
      // In front of undici's own listener, which it adds when it has the socket.
      result[1]?.prependListener('error', asAbort)
      done(...result)
    })
}

/** By another name the same error means to undici what it says. */
function asAbort(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED'
}
