/**
 * The admin API's errors: one table, rendered as problem+json (RFC 9457) in one place. What a proxy's client can get is
 * in errors.ts; this is what an admin or a script can get, so it may say more.
 */
import { STATUS_CODES } from '../node-http.ts'
import { explainInvalid } from './invalid.ts'

export const ADMIN_ERRORS = {
  WAKEDOCK_INVALID_INPUT: { status: 400, title: 'The request is not one this API takes' },
  WAKEDOCK_UNAUTHORIZED: { status: 401, title: 'A valid token is needed' },
  WAKEDOCK_FORBIDDEN: { status: 403, title: 'The token does not allow this' },
  WAKEDOCK_HOST_REFUSED: { status: 403, title: 'This host name is not one of the admin API' },
  WAKEDOCK_CROSS_SITE: { status: 403, title: 'Requests of other web sites are refused' },
  WAKEDOCK_NOT_FOUND: { status: 404, title: 'There is nothing at this path' },
  WAKEDOCK_NO_LOGS: { status: 404, title: 'The service has no logs that WakeDock can read' },
  WAKEDOCK_NO_SUCH_SERVICE: { status: 404, title: 'No service has this name' },
  WAKEDOCK_METHOD_NOT_ALLOWED: { status: 405, title: 'This path does not take this method' },
  WAKEDOCK_REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  WAKEDOCK_CALLED_OFF: { status: 409, title: 'The order was called off' },
  WAKEDOCK_NEEDED: { status: 409, title: 'Other services need this one' },
  WAKEDOCK_BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  WAKEDOCK_CONFIG_REFUSED: { status: 422, title: 'The config has faults; nothing was changed' },
  WAKEDOCK_TOO_MANY_ATTEMPTS: { status: 429, title: 'Too many wrong tokens from this address' },
  WAKEDOCK_HEAD_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  WAKEDOCK_INTERNAL: { status: 500, title: 'WakeDock failed; its log says more' },
  WAKEDOCK_WAKE_FAILED: { status: 502, title: 'The service could not be started' },
  WAKEDOCK_LOGS_FAILED: { status: 502, title: 'The logs could not be read' },
  WAKEDOCK_SLEEP_FAILED: { status: 502, title: 'The service could not be stopped' },
  WAKEDOCK_SHUTTING_DOWN: { status: 503, title: 'WakeDock is ending' },
  WAKEDOCK_TOO_MANY_STREAMS: { status: 503, title: 'Too many streams are open' },
  WAKEDOCK_WAKE_TIMEOUT: { status: 504, title: 'The service did not become ready in time' },
} as const satisfies Record<string, { status: number; title: string }>

export type AdminErrorCode = keyof typeof ADMIN_ERRORS

/** An answer other than success. Thrown in a route; everything else that is thrown is a bug and answers 500. */
export class AdminError extends Error {
  readonly code: AdminErrorCode
  /** Members of the problem beside the standard ones: reason, hint, faults. Never a secret. */
  readonly extensions: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  /** `detail` is a sentence about this occurrence. */
  constructor(
    code: AdminErrorCode,
    detail: string,
    options: { extensions?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.name = 'AdminError'
    this.code = code
    this.extensions = options.extensions ?? {}
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return ADMIN_ERRORS[this.code].status
  }
}

/** What the core answers undefined to is a name it does not know. */
export function knownService<T>(answer: T | undefined, name: string): T {
  if (answer !== undefined) return answer
  throw new AdminError('WAKEDOCK_NO_SUCH_SERVICE', `No service is called "${name}".`)
}

export const PROBLEM_TYPE = 'application/problem+json'

/** The body of RFC 9457 section 3; `type` is about:blank because `code` is what programs match on. */
export function toProblem(error: AdminError): Record<string, unknown> {
  const { status, title } = ADMIN_ERRORS[error.code]
  return { ...error.extensions, type: 'about:blank', title, status, code: error.code, detail: error.message }
}

/**
 * Whatever a route or fastify threw, as one of the table. `schema`: that of the route. null: a bug, to be logged and answered
 * without a word of it.
 */
export function toAdminError(error: unknown, schema?: unknown): AdminError | null {
  if (error instanceof AdminError) return error
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  // What fastify itself refuses: a body that is too long, not JSON, or against the schema.
  const status = Number(error.statusCode)
  if (status === 413) return new AdminError('WAKEDOCK_BODY_TOO_LARGE', 'Orders to this API are a few bytes.')
  if (status === 415) return new AdminError('WAKEDOCK_INVALID_INPUT', 'Send the body as application/json.')
  if (status === 503) return new AdminError('WAKEDOCK_SHUTTING_DOWN', 'Ask again when it is back.')
  if (status < 400 || status >= 500) return null
  const why = explainInvalid(error, schema)
  if (why !== null) return new AdminError('WAKEDOCK_INVALID_INPUT', why)
  return new AdminError('WAKEDOCK_INVALID_INPUT', `${STATUS_CODES[status] ?? 'Refused'}: ${error.message}`)
}
