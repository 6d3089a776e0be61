/**
 * One attempt at an upstream, as undici's handler: passes the answer on to the client as it arrives, byte for byte. It knows
 * how far the attempt came; what a failure means is decided by its owner.
 *
 * undici calls these methods from inside its parser. An exception in one of them fails the attempt, except in
 * onResponseError, where it would end the process: that one only reports.
 */
import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { relayed } from '../memory.ts'
import { reasonPhrase, responseHeaders } from './headers.ts'
import { trailerPairs } from './trailers.ts'

export interface RelayOwner {
  /** The upstream asks for the body (100 Continue). */
  continued(): void
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
  /** Called for every chunk of the answer's body, once there is somebody who wants to know. */
  carried: (() => void) | null = null

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
    const headers = responseHeaders(Array.isArray(raw) ? raw : [], status, this.#res.req)
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
      // Nothing, as Latin-1: flushHeaders() would write the head as UTF-8 (Node 24, lib/_http_outgoing.js, _send).
      if (!this.#bodyStarted && !this.#res.writableEnded) this.#res.write('', 'latin1')
    })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    // After every pause undici passes on nothing, to flush its parser (8.12, client-h1.js resume). To write it would cost as
    // much as a chunk, and of a large body every chunk ends in a pause.
    if (chunk.length === 0) return
    this.#bodyStarted = true
    relayed(chunk.length)
    this.carried?.()
    if (this.#res.write(chunk)) return
    controller.pause()
    this.#res.once('drain', () => controller.resume())
  }

  onResponseEnd(controller: Controller): void {
    const raw = controller.rawTrailers
    const head = controller.rawHeaders
    if (Array.isArray(raw) && raw.length > 0 && Array.isArray(head))
      this.#res.addTrailers(trailerPairs(raw, head))
    this.#res.end()
    this.#owner.finished()
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#owner.failed(this, error)
  }

  /**
   * 102, 103 and what may come. HTTP/1.0 has no 1xx (RFC 9110 section 15.2); a 101 has been refused on this path. A 100 comes only
   * over plain-dispatch.ts: undici, which never asks for one, ends the connection at it (8.12, client-h1.js onHeadersComplete)
   * instead of reading on as section 15.2.1 has it. The request is sent by then and cannot be sent again, so that is a 502.
   */
  #inform(status: number, headers: string[]): void {
    // Behind an earlier answer of the same connection Node would keep it, and then write it after this one's head.
    if (this.#res.socket === null) return
    if (status === 100) this.#owner.continued()
    else if (this.#res.req.httpVersionMinor !== 0) this.#res.writeInformation(status, headers)
  }
}
