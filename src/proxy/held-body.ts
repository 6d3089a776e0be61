/**
 * A request's body on its way to the upstream. While the request is held, what the client sends is read into a bounded
 * buffer: a connection with unread bytes shows no sign when its client leaves (measured), so the queue would fill with
 * ghosts. Beyond the bounds the rest is left to back-pressure.
 */
import type { IncomingMessage } from 'node:http'
import { BodyStream } from './body-stream.ts'

/** Bytes that all held bodies together may keep in memory. */
export interface BodyBudget {
  /** Bytes; a lower limit takes effect for what is read from then on. */
  limit: number
  readonly used: number
  take(bytes: number): boolean
  give(bytes: number): void
}

export function createBodyBudget(limit: number): BodyBudget {
  let used = 0
  return {
    limit,
    get used() {
      return used
    },
    take(bytes) {
      if (used + bytes > this.limit) return false
      used += bytes
      return true
    },
    give(bytes) {
      used -= bytes
    },
  }
}

/** Bytes kept of one held body: one upload must not take the memory of a thousand forms. */
const MAX_PER_BODY = 1024 * 1024
/** Bytes: the most that arrives in one piece (libuv reads 64 KiB), so a reservation is never overrun. */
const STEP = 65_536

/** One request's body. Memory is reserved before it is read, and given back exactly once. */
export class RequestBody {
  readonly #req: IncomingMessage
  readonly #length: number | null
  readonly #budget: BodyBudget
  #chunks: Buffer[] = []
  #size = 0
  #reserved = 0
  #holding = false
  #stream: BodyStream | null = null

  /** `length`: of Content-Length; null for a chunked body. */
  constructor(req: IncomingMessage, length: number | null, budget: BodyBudget) {
    this.#req = req
    this.#length = length
    this.#budget = budget
  }

  /** Starts to read into memory, within the bounds. */
  hold(): void {
    if (this.#holding || this.#req.readableEnded) return
    this.#holding = true
    this.#req.on('data', this.#onData).on('end', this.#onEnd)
    this.#readOn()
  }

  /**
   * The body to send: a Buffer when all of it is here, a stream that begins with what is here otherwise. May be called again
   * while `replayable`.
   */
  open(): Buffer | BodyStream {
    this.#stopReading()
    if (this.#req.readableEnded) {
      if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)]
      return this.#chunks[0] ?? Buffer.alloc(0)
    }
    this.#stream = new BodyStream(this.#req, () => this.#takeOut())
    return this.#stream
  }

  /** Nothing of it has been given away for good. */
  get replayable(): boolean {
    return this.#stream === null || !this.#stream.started
  }

  /** Drops what is kept. Safe to call twice. */
  release(): void {
    this.#stopReading()
    this.#chunks = []
    this.#budget.give(this.#reserved)
    this.#reserved = 0
  }

  /** What was kept, for the stream that carries it on; from here on it counts as in transit. */
  #takeOut(): Buffer[] {
    const chunks = this.#chunks
    this.release()
    return chunks
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    this.#readOn()
  }

  readonly #onEnd = (): void => {
    this.#stopReading()
    this.#budget.give(this.#reserved - this.#size)
    this.#reserved = this.#size
  }

  /** Reads the next piece if there is room for the largest one. */
  #readOn(): void {
    const wanted = Math.min(this.#length ?? Number.POSITIVE_INFINITY, this.#size + STEP)
    if (wanted > this.#reserved) {
      if (wanted > MAX_PER_BODY || !this.#budget.take(wanted - this.#reserved)) {
        this.#req.pause()
        return
      }
      this.#reserved = wanted
    }
    this.#req.resume()
  }

  #stopReading(): void {
    if (!this.#holding) return
    this.#holding = false
    // Paused first: taking the listener away alone would let what arrives meanwhile fall on the floor.
    this.#req.pause()
    this.#req.off('data', this.#onData).off('end', this.#onEnd)
  }
}
