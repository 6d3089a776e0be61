/**
 * One request and its answer. Asks the gate for a lease, waits in a hold when the service sleeps, sends the request, passes
 * the answer on, tries again where that is safe, and releases the lease exactly once whatever happens.
 *
 * For an awake service this is a look-up, a counter and the bytes: no promise is made before something goes wrong.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hold, Lease } from '../domain/gate.ts'
import type { Clock, Upstream } from '../domain/ports.ts'
import { WakeDockError } from '../errors.ts'
import type { BodyStream } from './body-stream.ts'
import { discardRest } from './discard.ts'
import { sendError } from './error-response.ts'
import { requestHeaders } from './headers.ts'
import { RequestBody, type BodyBudget } from './held-body.ts'
import type { Peers } from './peers.ts'
import type { Pools } from './pools.ts'
import { Relay, type RelayOwner } from './relay.ts'
import { stripPrefix, type RequestTarget } from './request-check.ts'
import { CLIENT_LEFT, type RouteMatch } from './route-match.ts'
import { faultOf, mayRetry } from './upstream-fault.ts'

export interface ExchangeContext {
  readonly pools: Pools
  readonly peers: Peers
  readonly bodies: BodyBudget
  readonly clock: Clock
  /** The listener is closing: connections are not kept for another request. */
  readonly closing: boolean
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

export class Exchange implements RelayOwner {
  readonly #context: ExchangeContext
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #target: RequestTarget
  readonly #match: RouteMatch
  readonly #body: RequestBody | null
  readonly #startedAt: number
  /** The client waits for 100 Continue before it sends its body, and has not been sent it. */
  #expectsContinue: boolean
  #lease: Lease | null = null
  #hold: Hold | null = null
  #relay: Relay | null = null
  #stream: BodyStream | null = null
  #retries = 0
  #heldMs = 0
  #cold = false
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
    this.#startedAt = context.clock.now()
    res.once('close', () => this.#clientGone())
  }

  start(): void {
    const lease = this.#match.gate.tryAcquire()
    if (lease === null) void this.#wait()
    else this.#send(lease)
  }

  async #wait(): Promise<void> {
    const { clock } = this.#context
    const since = clock.now()
    this.#cold = true
    try {
      this.#hold = this.#match.gate.hold()
      this.#body?.hold()
      const lease = await this.#hold.lease
      this.#hold = null
      this.#heldMs += clock.now() - since
      // The client left in the moment it was admitted: nobody else will give the lease back.
      if (this.#settled) lease.release()
      else this.#send(lease)
    } catch (error) {
      this.#hold = null
      this.#refuse(error)
    }
  }

  #send(lease: Lease): void {
    this.#lease = lease
    const relay = new Relay(this, this.#res)
    this.#relay = relay
    const { upstream } = lease
    try {
      const headers = requestHeaders(this.#req.rawHeaders, {
        peer: this.#context.peers.of(this.#req.socket),
        httpVersion: this.#req.httpVersion,
        authority: this.#target.authority,
      })
      const body = this.#body?.open() ?? null
      this.#stream = Buffer.isBuffer(body) ? null : body
      // undici frames a Buffer by its length and a stream by what is said here: a length, or chunks.
      const { length } = this.#target
      if (this.#stream !== null && length !== null) headers.push('Content-Length', String(length))
      const path = stripPrefix(this.#target.path, this.#match.prefix)
      const method = this.#req.method ?? 'GET'
      const options = { path, method, headers, body, ...serverName(upstream) }
      this.#context.pools.dispatcher(upstream).dispatch(options, relay)
    } catch (error) {
      this.failed(relay, error)
    }
  }

  requestStarting(): void {
    // Only now: the upstream is there and its connection is ours, so the body has a place to go. A hold that fails never
    // asks for it, which is what Expect is for. The upstream's own opinion cannot be had: undici does not carry Expect.
    if (!this.#expectsContinue) return
    this.#expectsContinue = false
    this.#res.writeContinue()
  }

  responseStarting(_status: number, headers: string[]): void {
    // It has begun to act on the request: there will be no second attempt, so the kept body is of no more use.
    if (this.#stream === null) this.#body?.release()
    if (this.#cold) headers.push('Server-Timing', `wake;dur=${Math.round(this.#heldMs)}`)
    if (this.#context.closing) this.#res.shouldKeepAlive = false
    if (!isEventStream(headers)) return
    this.#streaming = true
    this.#match.metrics.streamOpened()
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
    const { metrics } = this.#match
    const fault = faultOf(error, relay)
    const method = this.#req.method ?? ''
    const replayable = this.#body === null || this.#body.replayable
    const { headersSent } = this.#res
    if (!headersSent && this.#retries < MAX_RETRIES && mayRetry(fault, relay, { method, replayable })) {
      this.#retries++
      metrics.retry(fault.reason)
      void this.#again()
      return
    }
    metrics.upstreamError(fault.reason)
    // This request cannot be saved; but the sooner a death is known, the fewer requests meet it.
    if (fault.lost && this.#retries === 0 && this.#lease !== null)
      void this.#match.gate.verify(this.#lease.upstream)
    if (headersSent) this.#cut()
    else this.#refuse(new WakeDockError(fault.code, { cause: error }))
  }

  /** The provider is asked first: if the target is gone, the client gets one slow answer instead of an error. */
  async #again(): Promise<void> {
    const lease = this.#lease
    if (lease !== null) await this.#match.gate.verify(lease.upstream)
    // Kept until here, so that the service was in use all along.
    lease?.release()
    this.#lease = null
    if (!this.#settled) this.start()
  }

  /** Answers with an error. Anything but a WakeDockError is a bug of ours, and looks like an unreachable upstream. */
  #refuse(error: unknown): void {
    if (this.#settled) return
    const known =
      error instanceof WakeDockError
        ? error
        : new WakeDockError('WAKEDOCK_UPSTREAM_UNREACHABLE', { cause: error })
    if (this.#context.closing) this.#res.shouldKeepAlive = false
    this.#settle(known.status)
    this.#stream?.letGo()
    sendError(this.#req, this.#res, known, this.#context.clock)
  }

  /**
   * The answer broke off after its head was passed on. The client must be able to tell, so its connection is destroyed;
   * with a reset for HTTP/1.0, where a close is the ordinary end of a body.
   */
  #cut(): void {
    const { socket } = this.#req
    this.#settle(this.#res.statusCode)
    // A unix socket has no reset.
    if (this.#req.httpVersionMinor === 0 && socket.remoteAddress !== undefined) socket.resetAndDestroy()
    else socket.destroy()
  }

  #clientGone(): void {
    if (this.#settled) return
    const relay = this.#relay
    this.#hold?.abort()
    this.#settle(this.#res.headersSent ? this.#res.statusCode : CLIENT_LEFT)
    relay?.abort()
  }

  #settle(status: number): void {
    if (this.#settled) return
    this.#settled = true
    this.#relay = null
    this.#lease?.release()
    this.#body?.release()
    const { metrics } = this.#match
    const seconds = (this.#context.clock.now() - this.#startedAt) / 1000
    if (this.#streaming) metrics.streamClosed()
    metrics.finish(this.#req.method ?? '', status, this.#cold, seconds)
    this.#context.ended({
      req: this.#req,
      target: this.#target,
      match: this.#match,
      status,
      cold: this.#cold,
      seconds,
    })
  }
}

/** The name an https upstream's certificate is checked for; undici would take the client's Host, and reconnect at each change. */
const serverName = (upstream: Upstream): { servername?: string } =>
  upstream.protocol === 'https' ? { servername: upstream.host } : {}

function isEventStream(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length === 12 && name.toLowerCase() === 'content-type') {
      return /^text\/event-stream\b/i.test(headers[i + 1] ?? '')
    }
  }
  return false
}
