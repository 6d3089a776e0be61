/**
 * An upgrade request from its head to the end of the upgraded connection: the same gate, holds and retry rule as an
 * ordinary request has. The lease is kept until both sockets are closed, so a WebSocket keeps its service awake.
 *
 * Only one retry, and only while the connection is refused: once it is there, the request is sent, and an upgrade is not
 * safe to send twice.
 */
import type { IncomingMessage } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Hold, Lease } from '../domain/gate.ts'
import type { Upstream } from '../domain/ports.ts'
import { WakeDockError } from '../errors.ts'
import { responseOn } from './bare-response.ts'
import { sendError } from './error-response.ts'
import type { ExchangeContext } from './exchange.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { stripPrefix, type RequestTarget } from './request-check.ts'
import { CLIENT_LEFT, type RouteMatch } from './route-match.ts'
import { joinUpgrade } from './upgrade.ts'
import { faultOf, mayRetry } from './upstream-fault.ts'

/** Bytes a client may send after its head before it has an answer. WebSocket clients send none. */
const MAX_EARLY = 65_536

export class Tunnel {
  readonly #context: ExchangeContext & { readonly connectTimeout: number }
  readonly #req: IncomingMessage
  readonly #client: Socket
  readonly #target: RequestTarget
  readonly #match: RouteMatch
  readonly #startedAt: number
  readonly #early: Buffer[]
  #earlySize: number
  #lease: Lease | null = null
  #hold: Hold | null = null
  #upstream: Socket | null = null
  #retried = false
  #cold = false
  #heldMs = 0
  #status = CLIENT_LEFT
  #opened = false
  #answered = false
  #settled = false

  constructor(
    context: ExchangeContext & { readonly connectTimeout: number },
    req: IncomingMessage,
    client: Socket,
    to: { target: RequestTarget; match: RouteMatch; head: Buffer },
  ) {
    this.#context = context
    this.#req = req
    this.#client = client
    this.#target = to.target
    this.#match = to.match
    this.#early = [to.head]
    this.#earlySize = to.head.length
    this.#startedAt = context.clock.now()
  }

  start(): void {
    // Read from while it waits: a connection nobody reads from does not tell when its client leaves.
    this.#client
      .on('data', this.#onEarly)
      .on('end', this.#onClientEnd)
      .once('close', () => this.#settle())
    this.#enter()
  }

  #enter(): void {
    const lease = this.#match.gate.tryAcquire()
    if (lease === null) void this.#wait()
    else this.#connect(lease)
  }

  async #wait(): Promise<void> {
    const { clock } = this.#context
    const since = clock.now()
    this.#cold = true
    try {
      this.#hold = this.#match.gate.hold()
      const lease = await this.#hold.lease
      this.#heldMs += clock.now() - since
      if (this.#settled) lease.release()
      else this.#connect(lease)
    } catch (error) {
      this.#refuse(error)
    } finally {
      this.#hold = null
    }
  }

  #connect(lease: Lease): void {
    this.#lease = lease
    const upstream = open(lease.upstream)
    this.#upstream = upstream
    const timeout = this.#context.clock.setTimer(this.#context.connectTimeout, () => {
      upstream.destroy(Object.assign(new Error('the upstream did not accept in time'), { code: 'ETIMEDOUT' }))
    })
    const onError = (error: unknown): void => {
      timeout.cancel()
      this.#notConnected(error)
    }
    upstream.once('error', onError)
    upstream.once(lease.upstream.protocol === 'https' ? 'secureConnect' : 'connect', () => {
      timeout.cancel()
      upstream.off('error', onError)
      if (!this.#settled) this.#join(upstream)
    })
  }

  #notConnected(error: unknown): void {
    if (this.#settled) return
    const progress = { sent: false, answered: false }
    const fault = faultOf(error, progress)
    if (!this.#retried && mayRetry(fault, progress, { method: this.#req.method ?? '', replayable: true })) {
      this.#retried = true
      this.#match.metrics.retry(fault.reason)
      void this.#again()
      return
    }
    this.#match.metrics.upstreamError(fault.reason)
    this.#refuse(new WakeDockError(fault.code, { cause: error }))
  }

  async #again(): Promise<void> {
    const lease = this.#lease
    if (lease !== null) await this.#match.gate.verify(lease.upstream)
    lease?.release()
    this.#lease = null
    if (!this.#settled) this.#enter()
  }

  #join(upstream: Socket): void {
    // Paused before the listener goes, so that what comes meanwhile waits for http-proxy-3's pipe.
    this.#client.pause()
    this.#client.off('data', this.#onEarly).off('end', this.#onClientEnd)
    const { req, context } = { req: this.#req, context: this.#context }
    const protocol = req.headers.upgrade?.trim() ?? ''
    const peer = context.peers.of(this.#client)
    const { httpVersion } = req
    const failed = (error: unknown): void => {
      if (this.#opened || this.#settled || this.#answered) return
      const fault = faultOf(error, { sent: true, answered: false })
      this.#match.metrics.upstreamError(fault.reason)
      this.#refuse(new WakeDockError(fault.code, { cause: error }))
    }
    try {
      joinUpgrade({
        req,
        client: this.#client,
        upstream,
        head: Buffer.concat(this.#early),
        path: stripPrefix(this.#target.path, this.#match.prefix),
        headers: requestHeaders(req.rawHeaders, { peer, httpVersion, authority: this.#target.authority }),
        protocol,
        extra: this.#timing(),
        opened: () => this.#onOpened(upstream),
        refused: (answer) => this.#relay(answer),
        mismatched: () => {
          this.#match.metrics.upstreamError('protocol')
          this.#refuse(new WakeDockError('WAKEDOCK_UPSTREAM_PROTOCOL'))
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
    // The lease ends with the later of the two.
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
      this.#match.metrics.upstreamError('protocol')
      this.#refuse(new WakeDockError('WAKEDOCK_UPSTREAM_PROTOCOL'))
      return
    }
    this.#status = status
    this.#answered = true
    const res = responseOn(this.#req, this.#client)
    const headers = [...responseHeaders(answer.rawHeaders, status), ...this.#timing()]
    try {
      res.writeHead(status, answer.statusMessage, headers)
    } catch {
      // A status or a reason phrase that may not be written again.
      this.#client.destroy()
      return
    }
    // When the upstream breaks off, pipeline destroys the response and with it the socket: cut, never ended cleanly.
    pipeline(answer, res, () => {})
  }

  #refuse(error: unknown): void {
    if (this.#settled || this.#answered) return
    const known =
      error instanceof WakeDockError
        ? error
        : new WakeDockError('WAKEDOCK_UPSTREAM_UNREACHABLE', { cause: error })
    this.#status = known.status
    this.#answered = true
    this.#upstream?.destroy()
    sendError(this.#req, responseOn(this.#req, this.#client), known, this.#context.clock)
  }

  /** Once, when the client's socket is closed and, if they were joined, the upstream's too. */
  #settle(): void {
    if (this.#settled || !this.#client.destroyed || (this.#opened && this.#upstream?.destroyed === false))
      return
    this.#settled = true
    this.#hold?.abort()
    this.#upstream?.destroy()
    this.#lease?.release()
    const { metrics } = this.#match
    const seconds = (this.#context.clock.now() - this.#startedAt) / 1000
    if (this.#opened) metrics.streamClosed()
    metrics.finish(this.#req.method ?? '', this.#status, this.#cold, seconds)
    const { req, target, match, status, cold } = this.#line()
    this.#context.ended({ req, target, match, status, cold, seconds })
  }

  #line() {
    return {
      req: this.#req,
      target: this.#target,
      match: this.#match,
      status: this.#status,
      cold: this.#cold,
    }
  }

  #timing(): string[] {
    return this.#cold ? ['Server-Timing', `wake;dur=${Math.round(this.#heldMs)}`] : []
  }

  readonly #onEarly = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#earlySize += chunk.length
    if (this.#earlySize >= MAX_EARLY) this.#client.pause()
  }

  /** Half-closed before there was an answer: it can never be upgraded. */
  readonly #onClientEnd = (): void => {
    this.#client.destroy()
  }
}

function open(upstream: Upstream): Socket {
  const { host, port } = upstream
  const socket =
    upstream.protocol === 'https' ? connectTls({ host, port, servername: host }) : connectTcp({ host, port })
  // Its errors are handled where they matter; one that comes later must not end the process.
  return socket.setNoDelay(true).on('error', () => {})
}
