/**
 * One attempt at an upstream, as undici's handler: passes the answer on to the client as it arrives, byte for byte. It knows
 * how far the attempt came; what a failure means is decided by its owner.
 *
 * undici calls these methods from inside its parser. An exception in one of them fails the attempt, except in
 * onResponseError, where it would end the process: that one only reports.
 */
import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { reasonPhrase, responseHeaders, trailerPairs } from './headers.ts'

export interface RelayOwner {
  /** A connection is there and the request is about to be written. */
  requestStarting(): void
  /** The final head is here and about to be passed on. `headers` may be added to. */
  responseStarting(status: number, headers: string[]): void
  /** All of the answer has been passed on. */
  finished(): void
  /** The attempt is over without a whole answer. Must not throw. */
  failed(relay: Relay, error: unknown): void
}

type Controller = Dispatcher.DispatchController

export class Relay implements Dispatcher.DispatchHandler {
  readonly #owner: RelayOwner
  readonly #res: ServerResponse
  #controller: Controller | null = null
  #aborted = false
  #bodyStarted = false
  /** A byte of the request may have been written. */
  sent = false
  /** A byte of the answer has arrived. */
  answered = false

  constructor(owner: RelayOwner, res: ServerResponse) {
    this.#owner = owner
    this.#res = res
  }

  /** The client has left: ends the attempt, upstream connection included. owner.failed() may still be called. */
  abort(): void {
    this.#aborted = true
    this.#controller?.abort(new Error('the client left'))
  }

  onRequestStart(controller: Controller): void {
    // Thrown, not aborted: undici then drops the request and keeps the connection, which nothing was written to.
    if (this.#aborted) throw new Error('the client left before a connection was free')
    this.#controller = controller
    this.#owner.requestStarting()
  }

  // Of a body that is streamed this comes after its last byte; but once it has begun it is not replayable, whatever is
  // said here, and a callback for each of its chunks would cost more than it tells.
  onRequestSent(): void {
    this.sent = true
  }

  onResponseStarted(): void {
    this.answered = true
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, reason?: string): void {
    const raw = controller.rawHeaders
    const headers = responseHeaders(Array.isArray(raw) ? raw : [], status)
    if (status < 200) {
      this.#inform(status, headers)
      return
    }
    this.#owner.responseStarting(status, headers)
    const phrase = reasonPhrase(reason ?? '')
    if (phrase === undefined) this.#res.writeHead(status, headers)
    else this.#res.writeHead(status, phrase, headers)
    // A head that came with its body goes out with it, in one write. One that came alone goes out now: an event stream may
    // have nothing to say for an hour, and its client waits for the head.
    queueMicrotask(() => {
      if (!this.#bodyStarted && !this.#res.writableEnded) this.#res.flushHeaders()
    })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#bodyStarted = true
    if (this.#res.write(chunk)) return
    controller.pause()
    this.#res.once('drain', () => controller.resume())
  }

  onResponseEnd(controller: Controller): void {
    const raw = controller.rawTrailers
    if (Array.isArray(raw) && raw.length > 0) this.#res.addTrailers(trailerPairs(raw))
    this.#res.end()
    this.#owner.finished()
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#owner.failed(this, error)
  }

  /** 102, 103 and what may come. HTTP/1.0 has no 1xx (RFC 9110 section 15.2); Node has refused 101 and 100 on this path. */
  #inform(status: number, headers: string[]): void {
    if (this.#res.req.httpVersionMinor !== 0) this.#res.writeInformation(status, headers)
  }
}
