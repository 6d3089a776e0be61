/**
 * Every answer WakeDock makes itself. It must never be cached (the service is awake a second later), say by machine who
 * failed (Proxy-Status, RFC 9209) and what (problem+json, RFC 9457), and never show a stack, an address or a container:
 * only what the error table says of its code.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../domain/ports.ts'
import { ERRORS, type WakeDockError } from '../errors.ts'
import { discardRest } from './discard.ts'
import { PAGE_POLICY, renderErrorPage } from './error-page.ts'
import { STATUS_CODES } from '../node-http.ts'

export interface Answer {
  readonly status: number
  /** Flat: name, value, name, value. */
  readonly headers: string[]
  readonly body: Buffer
}

/** What we forward; sent with 405, where RFC 9110 section 15.5.6 demands it. */
const ALLOW = 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH'
/** Bytes. A body announced to be this small is read and thrown away, and the connection lives on. */
const SMALL_BODY = 65_536

/** `accept`: the request's Accept; '' for none. */
export function errorAnswer(error: WakeDockError, accept: string): Answer {
  const { code, status, retryAfter } = error
  const { title, proxyStatus } = ERRORS[code]
  const html = prefersHtml(accept)
  const body = Buffer.from(
    html
      ? renderErrorPage({ status, title, code, retryAfter })
      : // With type about:blank, title is the status' own phrase (RFC 9457 section 4.2.1).
        `${JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail: title, code })}\n`,
  )
  const headers = [
    ['Content-Type', html ? 'text/html; charset=utf-8' : 'application/problem+json'],
    ['Content-Length', String(body.length)],
    ['Cache-Control', 'no-store'],
    ['Vary', 'Accept'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Proxy-Status', `WakeDock; error=${proxyStatus}`],
  ].flat()
  if (html) headers.push('Content-Security-Policy', PAGE_POLICY)
  if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter))
  if (code === 'WAKEDOCK_METHOD_NOT_ALLOWED') headers.push('Allow', ALLOW)
  return { status, headers, body }
}

/**
 * The same for a connection that has no ServerResponse: what Node's parser refused. The connection ends after it. `method`: of the
 * request, where it is known.
 */
export function rawErrorAnswer(error: WakeDockError, method = ''): Buffer {
  const answer = errorAnswer(error, '')
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`, 'Connection: close']
  for (let i = 0; i < answer.headers.length; i += 2)
    lines.push(`${answer.headers[i]}: ${answer.headers[i + 1]}`)
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return method === 'HEAD' ? head : Buffer.concat([head, answer.body])
}

/**
 * What stands behind a head that could be read in two ways cannot be trusted either. A TRACE is refused before anybody has looked
 * at how it is framed.
 */
export const endsConnection = ({ code }: WakeDockError): boolean =>
  code === 'WAKEDOCK_BAD_REQUEST' ||
  code === 'WAKEDOCK_NOT_IMPLEMENTED' ||
  code === 'WAKEDOCK_METHOD_NOT_ALLOWED'

/**
 * Answers a request with an error. A connection with an unread body is either kept, when the rest is known to be small, or
 * closed, but only after the rest was read for a while: closing over unread bytes makes the kernel send a
 * reset, and a reset makes clients throw the answer away. The client has all of the answer before that wait.
 */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  error: WakeDockError,
  clock: Clock,
): void {
  const { status, headers, body } = errorAnswer(error, req.headers.accept ?? '')
  const keep = !endsConnection(error)
  if (keep && (req.complete || bodyless(req))) {
    sendAnswer(res, { status, headers, body })
    return
  }
  const waitsForContinue = /100-continue/i.test(req.headers.expect ?? '')
  const announced = Number(req.headers['content-length'])
  if (keep && announced <= SMALL_BODY && !waitsForContinue) {
    res.writeHead(status, headers).end(body)
    discardRest(req, clock, (whole) => {
      if (!whole) req.socket.destroy()
    })
    return
  }
  res.writeHead(status, [...headers, 'Connection', 'close'])
  // A client that waits for 100 has sent nothing that could be in the way.
  if (waitsForContinue || req.complete) {
    res.end(body)
    return
  }
  if (req.method === 'HEAD') res.flushHeaders()
  else res.write(body)
  discardRest(req, clock, () => res.end())
}

/** Sends the answer to a request that has no body. */
export function sendAnswer(res: ServerResponse, { status, headers, body }: Answer): void {
  res.writeHead(status, headers).end(body)
}

/** No framing field, no body (RFC 9112 section 6.3). Node marks such a request complete only a moment after its head. */
const bodyless = (req: IncomingMessage): boolean =>
  req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined

/** Whether text/html has a higher weight than JSON: browsers say so, programs do not. RFC 9110 section 12.5.1. */
export function prefersHtml(accept: string): boolean {
  const weight = { html: 0, json: 0 }
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    if (type === 'text/html') weight.html = q
    else if (type === 'application/problem+json' || type === 'application/json')
      weight.json = Math.max(weight.json, q)
  }
  return weight.html > weight.json
}
