/**
 * The stream undici reads a request's body from: first what was kept while the request was held, then the rest as it
 * arrives, with the upstream's back-pressure passed on to the client. It stands between undici and the request because
 * undici destroys the body of a failed attempt, and the request is still needed then: to try again, or to answer.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { relayed } from '../memory.ts'

export class BodyStream extends Readable {
  readonly #req: IncomingMessage
  readonly #kept: () => Buffer | null
  /** It has been read from: the body is no longer all ours. */
  started = false
  /** Called for every chunk from the client, once there is somebody who wants to know. */
  carried: (() => void) | null = null
  /** What was kept is through: the request itself is read. */
  #reading = false
  #letGone = false

  /** `kept` hands over what was read already, piece by piece, and then null. */
  constructor(req: IncomingMessage, kept: () => Buffer | null) {
    super({ highWaterMark: 65_536 })
    this.#req = req
    this.#kept = kept
    // undici stops listening when it gives an attempt up, and an unheard error would end the process.
    this.on('error', () => {})
  }

  override _read(): void {
    if (this.#reading) {
      this.#req.resume()
      return
    }
    this.started = true
    const chunk = this.#kept()
    if (chunk !== null) {
      this.push(chunk)
      return
    }
    if (this.#req.readableEnded) {
      this.push(null)
      return
    }
    this.#reading = true
    this.#req.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
    if (this.#req.destroyed) this.#onClose()
    else this.#req.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#letGo()
    callback(error)
  }

  /** Leaves the rest of the request to somebody else. */
  letGo(): void {
    this.#letGo()
  }

  readonly #onData = (chunk: Buffer): void => {
    relayed(chunk.length)
    this.carried?.()
    if (!this.push(chunk)) this.#req.pause()
  }

  readonly #onEnd = (): void => {
    this.#letGo()
    this.push(null)
  }

  /** The client left before the end: the upstream must not take what it has for all of it. */
  readonly #onClose = (): void => {
    this.destroy(new Error('the client left in mid-request'))
  }

  #letGo(): void {
    // Once, and only what was taken: undici destroys this stream late, when the request may already be read by the next
    // attempt or by discardRest(), and pausing it then would stall them.
    if (!this.#reading || this.#letGone) return
    this.#letGone = true
    this.#req.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    if (!this.#req.readableEnded) this.#req.pause()
  }
}
