/**
 * Every error WakeDock can answer, log or exit with, as one table. It is the leaf of the import graph: everything may
 * import it and it imports nothing. Match on `error.code`, never on a message; a test holds the README and the API
 * description to this list.
 */

interface ErrorEntry {
  /** HTTP status of the answer a client gets. */
  readonly status: number
  /** One line for people who do not know WakeDock. Never names a container, an address or a file. */
  readonly title: string
  /** The RFC 9209 section 2.3 error type sent in Proxy-Status. */
  readonly proxyStatus: string
}

export const ERRORS = {
  WAKEDOCK_BAD_REQUEST: {
    status: 400,
    title: 'The request is not valid HTTP',
    proxyStatus: 'http_request_error',
  },
  WAKEDOCK_NO_ROUTE: {
    status: 404,
    title: 'No service is configured for this address',
    proxyStatus: 'destination_not_found',
  },
  WAKEDOCK_METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This proxy does not forward this method',
    proxyStatus: 'http_request_denied',
  },
  WAKEDOCK_NOT_IMPLEMENTED: {
    status: 501,
    title: 'This proxy does not forward requests of this form',
    proxyStatus: 'http_request_denied',
  },
  WAKEDOCK_LOOP: {
    status: 502,
    title: 'The request has come back to this proxy: its address leads in a circle',
    proxyStatus: 'proxy_loop_detected',
  },
  WAKEDOCK_HOLD_QUEUE_FULL: {
    status: 503,
    title: 'Too many requests are already waiting for this service',
    proxyStatus: 'connection_limit_reached',
  },
  WAKEDOCK_WAKE_TIMEOUT: {
    status: 504,
    title: 'The service did not become ready in time',
    proxyStatus: 'connection_timeout',
  },
  /** 502 for the requests that waited for the wake; 503 with Retry-After while the backoff runs. */
  WAKEDOCK_WAKE_FAILED: {
    status: 502,
    title: 'The service could not be started',
    proxyStatus: 'destination_unavailable',
  },
  /** A request that `ignore` matches met a sleeping service. */
  WAKEDOCK_NOT_WOKEN: {
    status: 503,
    title: 'The service sleeps, and requests of this kind do not wake it',
    proxyStatus: 'destination_unavailable',
  },
  WAKEDOCK_UPSTREAM_UNREACHABLE: {
    status: 502,
    title: 'The service cannot be reached',
    proxyStatus: 'connection_refused',
  },
  WAKEDOCK_UPSTREAM_PROTOCOL: {
    status: 502,
    title: 'The service gave an answer that is not valid HTTP',
    proxyStatus: 'http_protocol_error',
  },
  WAKEDOCK_SHUTTING_DOWN: {
    status: 503,
    title: 'The proxy is restarting',
    proxyStatus: 'destination_unavailable',
  },
  WAKEDOCK_SERVICE_REMOVED: {
    status: 503,
    title: 'The service was removed or changed while the request waited',
    proxyStatus: 'destination_unavailable',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

/** An outcome of a request that WakeDock itself answers. Not a bug: bugs are plain Errors. */
export class WakeDockError extends Error {
  readonly code: ErrorCode
  readonly status: number
  /** Seconds for Retry-After; undefined where waiting does not help. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, options: { retryAfter?: number; status?: number; cause?: unknown } = {}) {
    super(ERRORS[code].title, { cause: options.cause })
    this.name = 'WakeDockError'
    this.code = code
    this.status = options.status ?? ERRORS[code].status
    this.retryAfter = options.retryAfter
  }
}

/**
 * Why a target could not be started, stopped or kept. Shown to admins (log, API, CLI), never to a proxy's client.
 * - missing: there is no such container
 * - unreachable: the provider itself does not answer (Docker is down, or its socket is elsewhere)
 * - refused: the provider answered with an error (a bad mount, a port in use, no permission)
 * - exited: the target ended while it was starting, or again and again after it
 * - oom: the kernel killed it for memory
 * - no_address: it runs, but nothing says which address or port to send requests to
 * - not_ready: it runs, but did not answer the readiness probe in start_timeout
 * - unhealthy: its own HEALTHCHECK gave it up
 * - dependency: something that it needs failed
 * - stuck: it did not stop
 */
export type FailureReason =
  | 'missing'
  | 'unreachable'
  | 'refused'
  | 'exited'
  | 'oom'
  | 'no_address'
  | 'not_ready'
  | 'unhealthy'
  | 'dependency'
  | 'stuck'

/** A target's failure: what happened, and what an admin can do about it. */
export class TargetError extends Error {
  readonly reason: FailureReason
  /** An imperative sentence: the remedy. */
  readonly hint: string

  constructor(reason: FailureReason, message: string, hint: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'TargetError'
    this.reason = reason
    this.hint = hint
  }
}

/** Turns whatever was thrown by a provider into a TargetError, keeping its message. */
export function toTargetError(error: unknown, fallback: FailureReason = 'refused'): TargetError {
  if (error instanceof TargetError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new TargetError(fallback, message, 'See the message; WakeDock tries again.', error)
}
