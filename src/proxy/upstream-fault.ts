/**
 * What a failed exchange with an upstream means: what to tell the client, what to count, and whether another attempt is
 * allowed. Decided by error codes, never by messages.
 */
import type { ErrorCode } from '../errors.ts'

/** A label of metrics: few, fixed values. */
export type FaultReason =
  | 'refused'
  | 'timeout'
  | 'unreachable'
  | 'dns'
  | 'reset'
  | 'retired'
  | 'tls'
  | 'descriptors'
  | 'protocol'
  | 'request'
  | 'other'

export interface Fault {
  readonly reason: FaultReason
  readonly code: ErrorCode
  /** The connection, not the answer, was at fault: the provider may know that the target has stopped, moved or restarted. */
  readonly lost: boolean
}

/** How far an attempt came. */
export interface Progress {
  /** A byte of the request may have been written. */
  readonly sent: boolean
  /** A byte of the answer has arrived. */
  readonly answered: boolean
}

const REASONS: Readonly<Record<string, FaultReason>> = {
  ECONNREFUSED: 'refused',
  // A unix or relayed socket whose listener is gone.
  ENOENT: 'refused',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  // The connection ended in the middle of a message: the parser's word for it, where it is told of the end.
  HPE_INVALID_EOF_STATE: 'reset',
  // The pool was retired between the lease and the dispatch, or cut at the end of its bound.
  UND_ERR_CLOSED: 'retired',
  UND_ERR_DESTROYED: 'retired',
  // Ours, not the upstream's: nobody has to be asked about it, and another attempt would need one more.
  EMFILE: 'descriptors',
  ENFILE: 'descriptors',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  // undici refuses to send it: a head that Node's parser accepts and undici's checks do not.
  UND_ERR_INVALID_ARG: 'request',
  UND_ERR_NOT_SUPPORTED: 'request',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'request',
}

const CONNECTION_LOST: ReadonlySet<FaultReason> = new Set([
  'refused',
  'timeout',
  'unreachable',
  'dns',
  'reset',
  'retired',
])
/** RFC 9110 section 9.2.2. TRACE is refused earlier. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

export function faultOf(error: unknown, progress: Progress): Fault {
  const code = codeOf(error)
  const reason = REASONS[code] ?? (code.startsWith('HPE_') ? 'protocol' : isTls(code) ? 'tls' : 'other')
  const lost = CONNECTION_LOST.has(reason)
  if (reason === 'request') return { reason, lost, code: 'WAKEDOCK_BAD_REQUEST' }
  // A connection that dies after the first byte of the answer, and before its head was whole, gave no valid answer.
  if (progress.answered || reason === 'protocol')
    return { reason: 'protocol', lost, code: 'WAKEDOCK_UPSTREAM_PROTOCOL' }
  return { reason, lost, code: 'WAKEDOCK_UPSTREAM_UNREACHABLE' }
}

/**
 * Whether the same request may be sent again: when none of its bytes reached the upstream and all of its body is still
 * ours; or when the connection died unanswered and doing it twice is the same as once (RFC 9110 section 9.2.2).
 */
export function mayRetry(
  fault: Fault,
  progress: Progress,
  request: { method: string; replayable: boolean },
): boolean {
  if (!request.replayable || progress.answered || !fault.lost) return false
  return !progress.sent || IDEMPOTENT.has(request.method)
}

export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' ? code : ''
}

/** OpenSSL's and Node's names for a handshake or a certificate that failed. */
const isTls = (code: string): boolean => /^ERR_(?:TLS|SSL)_|CERT|^UNABLE_TO_|EPROTO/.test(code)
