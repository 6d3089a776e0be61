/**
 * Whether something accepts connections at an upstream. It is a check of its own, and the first half of the HTTP check:
 * while an app boots, connections are refused for most attempts, and a bare socket finds that out for a tenth of what a
 * request through the pool costs, without touching the pool.
 */
import { createConnection } from 'node:net'
import type { Upstream } from '../domain/ports.ts'
import type { ReadyCheck } from '../domain/service.ts'

/**
 * Milliseconds for the connection alone. A SYN that is sent before the target's interface is up is lost, and the kernel
 * sends the next one only after a second: it is faster to give up and dial again.
 */
const CONNECT_TIMEOUT = 200

/** docker-proxy closes what it cannot hand on within a millisecond; this is how long a TCP check listens for that. */
const RELAY_SETTLES = 100

/**
 * Resolves to null when a connection is accepted, and otherwise to a clause that says why not. Behind a relay,
 * acceptance alone proves nothing: a TCP check then waits for a byte, or for the connection to stay open.
 */
export function probeTcp(upstream: Upstream, check: ReadyCheck, signal: AbortSignal): Promise<string | null> {
  const { host, port, relayed } = upstream
  const { promise, resolve } = Promise.withResolvers<string | null>()
  if (signal.aborted) return Promise.resolve('the probe was called off')
  const socket = createConnection({ host, port, noDelay: true })
  const silent = setTimeout(() => resolve(`port ${port} does not answer`), CONNECT_TIMEOUT)
  const onAbort = (): void => resolve(`port ${port} did not answer in time`)
  let settling: NodeJS.Timeout | undefined
  signal.addEventListener('abort', onAbort, { once: true })

  socket.on('connect', () => {
    clearTimeout(silent)
    if (!relayed || check.kind !== 'tcp') resolve(null)
    else settling = setTimeout(() => resolve(null), RELAY_SETTLES)
  })
  socket.on('data', () => resolve(null))
  // Nothing but a relay can bring us here: the others have been told by then.
  socket.on('end', () => resolve(`nothing listens behind published port ${port}`))
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(describe(error, upstream)))

  return promise.finally(() => {
    clearTimeout(silent)
    clearTimeout(settling)
    signal.removeEventListener('abort', onAbort)
    socket.destroy()
  })
}

/** A clause for people, from a socket's error. */
export function describe(error: NodeJS.ErrnoException, upstream: Upstream): string {
  const { port, relayed } = upstream
  const secure = upstream.protocol === 'https' ? describeTls(error.code ?? '', upstream) : null
  if (secure !== null) return secure
  switch (error.code) {
    case 'ECONNREFUSED':
      return `port ${port} refuses connections`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `its address cannot be reached (${error.code})`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its host name cannot be resolved'
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return relayed
        ? `nothing listens behind published port ${port}`
        : `port ${port} closes the connection at once`
    default:
      return `port ${port}: ${error.message}`
  }
}

/** The names of OpenSSL (X509_verify_cert_error_string) and of Node for what a handshake can fail of; null: none of them. */
function describeTls(code: string, { host, port, tls }: Upstream): string | null {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `the certificate on port ${port} has expired`
    case 'CERT_NOT_YET_VALID':
      return `the certificate on port ${port} is not valid yet`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate on port ${port} is not for ${tls?.serverName ?? host} (tls.server_name says for what it has to be)`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `the certificate on port ${port} is from an authority that is not trusted (tls.ca_file names those that are)`
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `port ${port} does not speak TLS as it should (is it plain HTTP? then scheme is http)`
    default:
      return null
  }
}
