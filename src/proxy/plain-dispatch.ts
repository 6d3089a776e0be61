/**
 * The second way to an upstream, over node:http, for the few requests undici cannot carry (8.12, lib/core/request.js and
 * lib/dispatcher/client-h1.js): those that announce trailers, those that wait for the upstream's 100 Continue, and "OPTIONS *".
 * It drives the same handler as undici, so that whoever handles the answer sees no difference.
 *
 * A connection of its own for each request: nothing to keep, to retire or to find closed, for a tenth of a millisecond.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import type { Upstream } from '../domain/ports.ts'
import { request as httpRequest } from '../node-http.ts'
import type { BodyStream } from './body-stream.ts'
import { connectTo, type ConnectOptions } from './connect.ts'
import type { Relay } from './relay.ts'
import type { RequestTarget } from './request-check.ts'
import { announcedTrailers, trailerPairs } from './trailers.ts'

export interface PlainRequest {
  readonly req: IncomingMessage
  readonly target: RequestTarget
  /** Path and query, or "*". */
  readonly path: string
  /** Flat, without framing, Expect and Trailer. Added to. */
  readonly headers: string[]
  readonly body: Buffer | BodyStream | null
  /** The client waits for 100 Continue before it sends its body. */
  readonly expectsContinue: boolean
}

/** Whether undici would refuse this request, or lose something of it. Almost none is: a look at three fields. */
export function needsPlain(req: IncomingMessage, target: RequestTarget, expectsContinue: boolean): boolean {
  if (target.path === '*') return true
  if (target.body === 'none') return false
  return expectsContinue || (target.body === 'chunked' && announcedTrailers(req.rawHeaders) !== '')
}

/** Bytes; the same as in pools.ts. */
const MAX_HEADER_SIZE = 65_536

/** Sends the request and passes what comes back to `relay`, in undici's order: a start, heads, data, and one end or error. */
export function dispatchPlainly(
  upstream: Upstream,
  request: PlainRequest,
  relay: Relay,
  options: ConnectOptions,
): void {
  const socket = connectTo(upstream, options, (error) => {
    if (error === null) new PlainExchange(socket, relay).send(request)
    else relay.onResponseError(null, error)
  })
}

class PlainExchange implements Dispatcher.DispatchController {
  readonly #socket: Socket
  readonly #relay: Relay
  #answer: IncomingMessage | null = null
  #over = false
  aborted = false
  reason: Error | null = null
  rawHeaders: string[] = []
  rawTrailers: string[] = []

  constructor(socket: Socket, relay: Relay) {
    this.#socket = socket
    this.#relay = relay
  }

  get paused(): boolean {
    return this.#answer?.isPaused() ?? false
  }

  pause(): void {
    this.#answer?.pause()
  }

  resume(): void {
    this.#answer?.resume()
  }

  abort(reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.#socket.destroy(reason)
  }

  send(request: PlainRequest): void {
    try {
      this.#relay.onRequestStart(this)
      const { req, path } = request
      const sent = httpRequest({
        method: req.method,
        path,
        headers: withFraming(request),
        maxHeaderSize: MAX_HEADER_SIZE,
        createConnection: () => this.#socket,
      })
      // As in server.ts: no limit in number, for what is not seen would still frame the message.
      sent.maxHeadersCount = 0
      this.#listen(sent)
      this.#relay.onRequestSent()
      write(sent, request)
    } catch (error) {
      this.#fail(error)
    }
  }

  #listen(sent: ClientRequest): void {
    sent.on('error', (error) => this.#fail(error))
    // Without a listener an unasked-for 101 would end in silence.
    sent.on('upgrade', () =>
      this.#fail(Object.assign(new Error('a 101 nobody asked for'), { code: 'HPE_UPGRADE' })),
    )
    // 100 included.
    sent.on('information', ({ statusCode, rawHeaders }) => {
      this.rawHeaders = rawHeaders
      this.#relay.onResponseStarted()
      this.#pass(() => this.#relay.onResponseStart(this, statusCode, {}))
    })
    sent.on('response', (answer) => {
      this.#answer = answer
      this.rawHeaders = answer.rawHeaders
      this.#relay.onResponseStarted()
      // undici reads a reason phrase as UTF-8, and the relay expects that.
      const reason = Buffer.from(answer.statusMessage ?? '', 'latin1').toString()
      answer
        .on('data', (chunk: Buffer) => this.#pass(() => this.#relay.onResponseData(this, chunk)))
        .on('error', (error) => this.#fail(error))
        .on('end', () => this.#end(answer))
      this.#pass(() => this.#relay.onResponseStart(this, answer.statusCode ?? 0, {}, reason))
    })
  }

  #end(answer: IncomingMessage): void {
    if (this.#over) return
    this.#over = true
    this.rawTrailers = answer.rawTrailers
    this.#relay.onResponseEnd(this)
    // Not softly: the upstream may never read what is left of the request.
    this.#socket.destroy()
  }

  /** As with undici, what goes wrong in the handler fails the attempt. */
  #pass(call: () => void): void {
    if (this.#over) return
    try {
      call()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    // Half a head is an answer too: the upstream has begun to act on the request.
    if (this.#socket.bytesRead > 0) this.#relay.onResponseStarted()
    this.#socket.destroy()
    this.#relay.onResponseError(null, this.reason ?? error)
  }
}

/** With exactly one framing field, as the client framed it, and with what the request is here for. */
function withFraming({ req, target, headers, expectsContinue }: PlainRequest): string[] {
  if (target.body === 'chunked') {
    headers.push('Transfer-Encoding', 'chunked')
    const trailers = announcedTrailers(req.rawHeaders)
    if (trailers !== '') headers.push('Trailer', trailers)
  } else if (target.length !== null) {
    headers.push('Content-Length', String(target.length))
  }
  if (expectsContinue) headers.push('Expect', '100-continue')
  headers.push('Connection', 'close')
  return headers
}

function write(sent: ClientRequest, { req, target, body }: PlainRequest): void {
  // What the client has sent behind its body, once that has been read.
  const addTrailers = (): void => {
    if (target.body === 'chunked') sent.addTrailers(trailerPairs(req.rawTrailers, req.rawHeaders))
  }
  if (body === null || Buffer.isBuffer(body)) {
    if (body !== null) sent.write(body)
    addTrailers()
    sent.end()
    return
  }
  // It may be long until the first byte: who expects 100 waits for the answer to the head. As Latin-1: see relay.ts.
  sent.write('', 'latin1')
  body.on('error', (error) => sent.destroy(error)).once('end', addTrailers)
  body.pipe(sent)
  sent.once('close', () => body.destroy())
}
