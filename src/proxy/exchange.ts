/**
 * One request and its answer. Is let in (admission.ts), sends the request, passes the answer on, tries again where that is
 * safe, and leaves exactly once whatever happens.
 *
 * For an awake service this is a look-up, a counter and the bytes: no promise is made before something goes wrong.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Upstream } from '../domain/ports.ts'
import { WakeDockError } from '../errors.ts'
import { Admission, type Entrant } from './admission.ts'
import type { BodyStream } from './body-stream.ts'
import type { ConnectOptions } from './connect.ts'
import { discardRest } from './discard.ts'
import { sendAnswer, sendError } from './error-response.ts'
import { isEventStream, requestHeaders } from './headers.ts'
import { RequestBody, type BodyBudget } from './held-body.ts'
import type { Pace, createPaces } from './pace.ts'
import type { Peers } from './peers.ts'
import { dispatchPlainly, needsPlain } from './plain-dispatch.ts'
import type { Pools } from './pools.ts'
import { Relay, type RelayOwner } from './relay.ts'
import { stripPrefix, type RequestTarget } from './request-check.ts'
import { resetConnection } from './reset.ts'
import { CLIENT_LEFT, type RouteMatch } from './route-match.ts'
import { faultOf, mayRetry, type FaultReason } from './upstream-fault.ts'
import type { PageOffer, WaitingRoom } from './waiting.ts'

export interface ExchangeContext extends ConnectOptions {
  readonly pools: Pools
  readonly paces: ReturnType<typeof createPaces>
  readonly peers: Peers
  readonly bodies: BodyBudget
  /** null: no request is shown the waiting page. */
  readonly waiting: WaitingRoom | null
  /** The listener is closing: connections are not kept for another request. */
  readonly closing: boolean
  /** An upstream has failed an exchange for good. */
  failed(match: RouteMatch, reason: FaultReason, upstream: Upstream | null, error: unknown): void
  /** Called once for every exchange, after everything of it has been released. */
  ended(exchange: EndedExchange): void
}

export interface EndedExchange {
  readonly req: IncomingMessage
  readonly target: RequestTarget | null
  readonly match: RouteMatch | null
  readonly status: number
  readonly cold: boolean
  readonly seconds: number
}

/**
 * Attempts after the first. One is for the target that died since the last request, one for the race with the next start;
 * a client that still waits after that is better served by an honest 502.
 */
export const MAX_RETRIES = 2

export class Exchange implements RelayOwner, Entrant {
  readonly #context: ExchangeContext
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #target: RequestTarget
  readonly #match: RouteMatch
  readonly #body: RequestBody | null
  readonly #admission: Admission
  readonly #startedAt: number
  /** The client waits for 100 Continue before it sends its body, and has not been sent it. */
  #expectsContinue: boolean
  #relay: Relay | null = null
  #stream: BodyStream | null = null
  /** Where the present attempt counts until its answer begins; null for one that was not held. */
  #pace: Pace | null = null
  #retries = 0
  /** What a person is shown instead of an error, once the request has been held; null: it is for no person. */
  #page: PageOffer | null = null
  #streaming = false
  #settled = false

  constructor(
    context: ExchangeContext,
    req: IncomingMessage,
    res: ServerResponse,
    to: { target: RequestTarget; match: RouteMatch; expectsContinue: boolean },
  ) {
    this.#context = context
    this.#req = req
    this.#res = res
    this.#target = to.target
    this.#match = to.match
    this.#expectsContinue = to.expectsContinue
    this.#body = to.target.body === 'none' ? null : new RequestBody(req, to.target.length, context.bodies)
    this.#admission = new Admission(context, req, to, this)
    this.#startedAt = context.clock.now()
    res.on('close', () => this.#clientGone())
  }

  start(): void {
    this.#admission.enter()
  }

  held(): void {
    this.#body?.hold(() => this.#admission.overflow())
    this.#page = this.#context.waiting?.offer(this.#req, { target: this.#target, match: this.#match }) ?? null
    if (this.#page !== null) this.#admission.holdAtMost(this.#page.holdFirst)
  }

  admitted(upstream: Upstream): void {
    if (!this.#admission.cold) {
      this.#send(upstream)
      return
    }
    const pace = this.#context.paces.of(upstream)
    pace.enter(() => {
      this.#pace = pace
      if (this.#settled) this.#unpace()
      else this.#send(upstream)
    })
  }

  #send(upstream: Upstream): void {
    const relay = new Relay(this, this.#res)
    this.#relay = relay
    try {
      const { rawHeaders, socket, httpVersion, method = 'GET' } = this.#req
      const { authority, length } = this.#target
      const peer = this.#context.peers.of(socket)
      const headers = requestHeaders(rawHeaders, { peer, httpVersion, authority })
      const body = this.#body?.open() ?? null
      this.#stream = Buffer.isBuffer(body) ? null : body
      const path = stripPrefix(this.#target.path, this.#match.prefix)
      const expectsContinue = this.#expectsContinue
      if (needsPlain(this.#req, this.#target, expectsContinue)) {
        const request = { req: this.#req, target: this.#target, path, headers, body, expectsContinue }
        dispatchPlainly(upstream, request, relay, this.#context)
        return
      }
      // undici frames a Buffer by its length and a stream by what is said here: a length, or chunks.
      // After HEAD it closes the connection, and `reset: false` would keep it. But an app that sends a body all the same, a moment
      // late, would then answer the next request with it (measured); to connect anew costs 0.1 ms.
      if (this.#stream !== null && length !== null) headers.push('Content-Length', String(length))
      const options = { path, method, headers, body, ...serverName(upstream) }
      this.#context.pools.dispatcher(upstream).dispatch(options, relay)
    } catch (error) {
      this.failed(relay, error)
    }
  }

  continued(): void {
    // RFC 9110 section 15.2.1: nobody but who asked for it is told.
    if (!this.#expectsContinue) return
    this.#expectsContinue = false
    this.#res.writeContinue()
  }

  responseStarting(_status: number, headers: string[]): void {
    this.#unpace()
    // It has begun to act on the request: there will be no second attempt, so the kept body is of no more use.
    if (this.#stream === null) this.#body?.release()
    if (this.#admission.cold) headers.push(...this.#admission.timing())
    if (this.#context.closing) this.#res.shouldKeepAlive = false
    if (!isEventStream(headers)) return
    this.#streaming = true
    this.#match.metrics.streamOpened()
    const carried = this.#admission.stream()
    if (this.#relay !== null) this.#relay.carried = carried
    if (this.#stream !== null) this.#stream.carried = carried
  }

  finished(): void {
    this.#settle(this.#res.statusCode)
    if (this.#body === null || this.#req.complete) return
    // The upstream answered before it had read everything. Nobody wants the rest, but the next request is behind it.
    this.#stream?.letGo()
    discardRest(this.#req, this.#context.clock, (whole) => {
      if (!whole) this.#req.socket.destroy()
    })
  }

  failed(relay: Relay, error: unknown): void {
    if (this.#settled || relay !== this.#relay) return
    this.#relay = null
    this.#unpace()
    const { metrics } = this.#match
    const fault = faultOf(error, relay)
    const method = this.#req.method ?? ''
    const replayable = this.#body === null || this.#body.replayable
    const { headersSent } = this.#res
    if (!headersSent && this.#retries < MAX_RETRIES && mayRetry(fault, relay, { method, replayable })) {
      this.#retries++
      metrics.retry(fault.reason)
      void this.#admission.again()
      return
    }
    this.#context.failed(this.#match, fault.reason, this.#admission.upstream, error)
    // This request cannot be saved; but the sooner a death is known, the fewer requests meet it.
    if (fault.lost && this.#retries === 0) void this.#admission.verify()
    if (headersSent) this.#cut()
    else this.refused(new WakeDockError(fault.code, { cause: error }))
  }

  /** Answers with an error. Anything but a WakeDockError is a bug of ours, and looks like an unreachable upstream. */
  refused(error: unknown): void {
    if (this.#settled) return
    const known =
      error instanceof WakeDockError
        ? error
        : new WakeDockError('WAKEDOCK_UPSTREAM_UNREACHABLE', { cause: error })
    if (this.#context.closing) this.#res.shouldKeepAlive = false
    const page = this.#page?.answer(known) ?? null
    this.#settle(page?.status ?? known.status)
    this.#stream?.letGo()
    if (page !== null) sendAnswer(this.#res, page)
    else sendError(this.#req, this.#res, known, this.#context.clock)
  }

  /**
   * The answer broke off after its head was passed on. The client must be able to tell, so its connection is destroyed;
   * with a reset for HTTP/1.0, where a close is the ordinary end of a body.
   */
  #cut(): void {
    const { socket } = this.#req
    this.#settle(this.#res.statusCode)
    if (this.#req.httpVersionMinor === 0) resetConnection(socket)
    else socket.destroy()
  }

  #clientGone(): void {
    if (this.#settled) return
    const relay = this.#relay
    this.#settle(this.#res.headersSent ? this.#res.statusCode : CLIENT_LEFT)
    relay?.abort()
  }

  #unpace(): void {
    const pace = this.#pace
    this.#pace = null
    pace?.leave()
  }

  #settle(status: number): void {
    if (this.#settled) return
    this.#settled = true
    this.#relay = null
    this.#unpace()
    this.#admission.leave()
    this.#body?.release()
    const { metrics } = this.#match
    const { cold } = this.#admission
    const seconds = (this.#context.clock.now() - this.#startedAt) / 1000
    if (this.#streaming) metrics.streamClosed()
    metrics.finish(this.#req.method ?? '', status, cold, seconds)
    this.#context.ended({
      req: this.#req,
      target: this.#target,
      match: this.#match,
      status,
      cold,
      seconds,
    })
  }
}

/** For undici, which would take the client's Host and connect anew at each change; what is asked for and checked is in tls.ts. */
const serverName = (upstream: Upstream): { servername?: string } =>
  upstream.protocol === 'https' ? { servername: upstream.host } : {}
