/**
 * An upgrade request from its head to the end of the upgraded connection: let in like an ordinary request (admission.ts). It
 * leaves when both sockets are closed, so a WebSocket keeps its service awake.
 *
 * Only one retry, and only while the connection is refused: once it is there, the request is sent, and an upgrade is not
 * safe to send twice.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import type { Upstream } from '../domain/ports.ts'
import { WakeDockError } from '../errors.ts'
import { Admission, type Entrant } from './admission.ts'
import { responseOn } from './bare-response.ts'
import { connectTo } from './connect.ts'
import { sendError } from './error-response.ts'
import type { ExchangeContext } from './exchange.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { stripPrefix, type RequestTarget } from './request-check.ts'
import { CLIENT_LEFT, type RouteMatch } from './route-match.ts'
import { joinUpgrade } from './upgrade.ts'
import { faultOf, mayRetry, type FaultReason } from './upstream-fault.ts'

/** Bytes a client may send after its head before it has an answer. WebSocket clients send none. */
const MAX_EARLY = 65_536

export class Tunnel implements Entrant {
  readonly #context: ExchangeContext
  readonly #req: IncomingMessage
  readonly #client: Socket
  readonly #target: RequestTarget
  readonly #match: RouteMatch
  readonly #admission: Admission
  readonly #startedAt: number
  readonly #head: Buffer
  #early: Buffer[] = []
  /** Bytes of them, which count as a held body's do. */
  #earlySize = 0
  #upstream: Socket | null = null
  #retried = false
  #status = CLIENT_LEFT
  #opened = false
  #answered = false
  #settled = false

  constructor(
    context: ExchangeContext,
    req: IncomingMessage,
    client: Socket,
    to: { target: RequestTarget; match: RouteMatch; head: Buffer },
  ) {
    this.#context = context
    this.#req = req
    this.#client = client
    this.#target = to.target
    this.#match = to.match
    this.#head = to.head
    this.#admission = new Admission(context, req, to, this)
    this.#startedAt = context.clock.now()
  }

  start(): void {
    // Read from until there is an answer: a connection nobody reads from does not tell when its client leaves.
    this.#client
      .on('data', this.#onEarly)
      .on('end', this.#onClientEnd)
      .once('close', () => this.#settle())
    if (this.#head.length > 0) this.#onEarly(this.#head)
    if (!this.#answered) this.#admission.enter()
  }

  /** What it sends meanwhile is kept anyway. */
  held(): void {}

  admitted(to: Upstream): void {
    const upstream = connectTo(to, this.#context, (error) => {
      if (this.#settled) return
      if (error === null) this.#join(upstream)
      else this.#notConnected(error)
    })
    this.#upstream = upstream
  }

  #notConnected(error: unknown): void {
    const progress = { sent: false, answered: false }
    const fault = faultOf(error, progress)
    if (!this.#retried && mayRetry(fault, progress, { method: this.#req.method ?? '', replayable: true })) {
      this.#retried = true
      this.#match.metrics.retry(fault.reason)
      void this.#admission.again()
      return
    }
    this.#failed(fault.reason, error)
    this.refused(new WakeDockError(fault.code, { cause: error }))
  }

  #failed(reason: FaultReason, error: unknown): void {
    this.#context.failed(this.#match, reason, this.#admission.upstream, error)
  }

  #join(upstream: Socket): void {
    const { req, context } = { req: this.#req, context: this.#context }
    const protocol = req.headers.upgrade?.trim() ?? ''
    const peer = context.peers.of(this.#client)
    const { httpVersion } = req
    const failed = (error: unknown): void => {
      if (this.#opened || this.#settled || this.#answered) return
      const fault = faultOf(error, { sent: true, answered: false })
      this.#failed(fault.reason, error)
      this.refused(new WakeDockError(fault.code, { cause: error }))
    }
    try {
      joinUpgrade({
        req,
        client: this.#client,
        upstream,
        takeEarly: () => this.#takeEarly(),
        path: stripPrefix(this.#target.path, this.#match.prefix),
        headers: requestHeaders(req.rawHeaders, { peer, httpVersion, authority: this.#target.authority }),
        protocol,
        extra: this.#admission.timing(),
        opened: () => this.#onOpened(upstream),
        refused: (answer) => this.#relay(answer),
        mismatched: () => {
          this.#failed('protocol', new Error('it switched to another protocol than was asked for'))
          this.refused(new WakeDockError('WAKEDOCK_UPSTREAM_PROTOCOL'))
        },
        failed,
      })
    } catch (error) {
      failed(error)
    }
  }

  #onOpened(upstream: Socket): void {
    this.#opened = true
    this.#status = 101
    this.#match.metrics.streamOpened()
    const carried = this.#admission.stream()
    // Beside http-proxy-3's pipes, which go on pausing and resuming as if these were not there.
    if (carried !== null) for (const end of [this.#client, upstream]) end.on('data', carried)
    // It ends with the later of the two.
    upstream.once('close', () => this.#settle())
  }

  /** An answer other than 101 goes to the client as it is; the connection ends after it, as both sides are out of step. */
  #relay(answer: IncomingMessage): void {
    const status = answer.statusCode ?? 0
    if (this.#settled) {
      answer.destroy()
      return
    }
    // A 101 without the headers that make it one.
    if (status < 200) {
      answer.destroy()
      this.#failed('protocol', new Error('a 101 that does not say to what it switches'))
      this.refused(new WakeDockError('WAKEDOCK_UPSTREAM_PROTOCOL'))
      return
    }
    this.#status = status
    this.#answered = true
    this.#takeEarly()
    const res = responseOn(this.#req, this.#client)
    try {
      const headers = [...responseHeaders(answer.rawHeaders, status, this.#req), ...this.#admission.timing()]
      res.writeHead(status, answer.statusMessage, headers)
    } catch {
      // A status, a reason phrase or a coding that may not be passed on.
      this.#client.destroy()
      return
    }
    // When the upstream breaks off, pipeline destroys the response and with it the socket: cut, never ended cleanly.
    pipeline(answer, res, () => {})
  }

  refused(error: unknown): void {
    if (this.#settled || this.#answered) return
    const known =
      error instanceof WakeDockError
        ? error
        : new WakeDockError('WAKEDOCK_UPSTREAM_UNREACHABLE', { cause: error })
    this.#status = known.status
    this.#answered = true
    this.#takeEarly()
    this.#upstream?.destroy()
    sendError(this.#req, responseOn(this.#req, this.#client), known, this.#context.clock)
  }

  /** Once, when the client's socket is closed and, if they were joined, the upstream's too. */
  #settle(): void {
    if (this.#settled || !this.#client.destroyed || (this.#opened && this.#upstream?.destroyed === false))
      return
    this.#settled = true
    this.#takeEarly()
    this.#upstream?.destroy()
    this.#admission.leave()
    const { metrics } = this.#match
    const { cold } = this.#admission
    const seconds = (this.#context.clock.now() - this.#startedAt) / 1000
    if (this.#opened) metrics.streamClosed()
    metrics.finish(this.#req.method ?? '', this.#status, cold, seconds)
    this.#context.ended({
      req: this.#req,
      target: this.#target,
      match: this.#match,
      status: this.#status,
      cold,
      seconds,
    })
  }

  readonly #onEarly = (chunk: Buffer): void => {
    if (!this.#context.bodies.take(chunk.length)) {
      this.#admission.overflow()
      return
    }
    this.#early.push(chunk)
    this.#earlySize += chunk.length
    if (this.#earlySize >= MAX_EARLY) this.#client.pause()
  }

  /** Paused before the listener goes, so that what comes from here on waits for whoever reads next. */
  #takeEarly(): Buffer {
    this.#client.pause()
    this.#client.off('data', this.#onEarly).off('end', this.#onClientEnd)
    const early = Buffer.concat(this.#early)
    this.#context.bodies.give(this.#earlySize)
    this.#early = []
    this.#earlySize = 0
    return early
  }

  /** Half-closed before there was an answer: it can never be upgraded. */
  readonly #onClientEnd = (): void => {
    this.#client.destroy()
  }
}
