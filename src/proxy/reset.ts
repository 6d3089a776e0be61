/** Ends a client's connection in a way that cannot be taken for the end of an answer, which for HTTP/1.0 may be a clean close. */
import type { Socket } from 'node:net'

/**
 * With a reset where there is one: not on a unix socket, nor behind our own end of the connection. libuv refuses that (EINVAL: src/unix/tcp.c,
 * uv_tcp_close_reset), and Node would then never close the socket (24.21, lib/net.js, _destroy): its requests would be in flight
 * for ever. What stands behind that end has not been sent, so nothing of it can be taken for whole.
 */
export function resetConnection(socket: Socket): void {
  if (socket.remoteAddress === undefined || socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
