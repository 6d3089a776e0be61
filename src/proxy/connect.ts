/**
 * One connection to an upstream outside undici's pools: for what undici cannot carry, upgrades (tunnel.ts) and the requests of
 * plain-dispatch.ts. It is made for one exchange and closed after it, so it is never stale.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock, Timer, Upstream } from '../domain/ports.ts'
import { tlsOptions } from './tls.ts'

export interface ConnectOptions {
  readonly clock: Clock
  /** Milliseconds, a TLS handshake included. */
  readonly connectTimeout: number
}

/** Milliseconds of silence before a connection is probed, as undici has it: a host that is gone says nothing. */
const PROBE_AFTER = 60_000

/**
 * Connects. Calls back once, with null when the connection can be written to, else with what went wrong (a code of Node's).
 * Later errors of the socket are its user's to look at; one nobody looks at does not end the process.
 */
export function connectTo(
  upstream: Upstream,
  { clock, connectTimeout }: ConnectOptions,
  done: (error: unknown) => void,
): Socket {
  const socket = open(upstream)
  let timer: Timer | null = clock.setTimer(connectTimeout, () => {
    socket.destroy(Object.assign(new Error('the upstream did not accept in time'), { code: 'ETIMEDOUT' }))
  })
  const finish = (error: unknown): void => {
    if (timer === null) return
    timer.cancel()
    timer = null
    done(error)
  }
  socket
    .setNoDelay(true)
    .setKeepAlive(true, PROBE_AFTER)
    // A head with Expect is written by node:http at once, and in no encoding of its own; see relay.ts. Bodies are bytes.
    .setDefaultEncoding('latin1')
    .on('error', finish)
    // Destroyed by its user while it was connecting: there is nobody to call back, but a timer to stop.
    .once('close', () => timer?.cancel())
    .once(upstream.protocol === 'https' ? 'secureConnect' : 'connect', () => finish(null))
  return socket
}

function open(upstream: Upstream): Socket {
  const { host, port } = upstream
  return upstream.protocol === 'https'
    ? connectTls({ ...tlsOptions(upstream), host, port })
    : connectTcp({ host, port })
}
