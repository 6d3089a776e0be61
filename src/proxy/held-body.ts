/**
 * A request's body on its way to the upstream. While the request is held, what the client sends is read into a bounded
 * buffer: a connection with unread bytes shows no sign when its client leaves (measured), so the queue would fill with
 * ghosts. Beyond the bounds the rest is left to back-pressure; the sign of leaving is then behind bytes that nobody may read.
 *
 * The socket is paused, not the request: a paused request would go on to fill a buffer of its own, up to 128 KiB that no budget
 * knows of (measured: 625 MB for 10,000 bodies of 64 KiB under a limit of 64 MiB).
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

/** Bytes of a body that is sent as one Buffer, and so can be sent twice; to join more would need the memory twice. */
const MAX_WHOLE = 1024 * 1024
/** Bytes: the most that arrives in one piece (libuv reads 64 KiB), so a reservation is never overrun. */
const STEP = 65_536
/**
 * Bytes up to which pieces are joined. A chunked body may come in chunks of one byte, and each piece costs some 200 bytes beside
 * its own (measured: 4.4 MB for 11,000 of them).
 */
const SMALL = 4096

/** One request's body. Memory is reserved before it is read, and given back exactly once. */
export class RequestBody {
  readonly #req: IncomingMessage
  readonly #length: number | null
  readonly #budget: BodyBudget
  #chunks: Buffer[] = []
  #size = 0
  #reserved = 0
  #overflow: (() => void) | null = null
  /** There is no room: its socket is not read from. */
  #blocked = false
  #stream: BodyStream | null = null

  /** `length`: of Content-Length; null for a chunked body. */
  constructor(req: IncomingMessage, length: number | null, budget: BodyBudget) {
    this.#req = req
    this.#length = length
    this.#budget = budget
  }

  /**
   * Starts to read into memory, within the bounds. `overflow` is called where not even what has come with the head fits, which
   * cannot be left unread any more: the request is to be refused.
   */
  hold(overflow: () => void): void {
    if (this.#overflow !== null || this.#req.readableEnded) return
    this.#overflow = overflow
    this.#req.on('data', this.#onData).on('end', this.#onEnd)
    this.#readOn()
    this.#req.resume()
  }

  /**
   * The body to send: a Buffer when all of it is here and it is not large, a stream that begins with what is here otherwise. May
   * be called again while `replayable`.
   */
  open(): Buffer | BodyStream {
    this.#stopReading()
    if (this.#req.readableEnded && this.#size <= MAX_WHOLE) {
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
    this.#reserve(0)
  }

  /** The next piece of what was kept, for the stream that carries it on: counted until it is asked for. */
  #takeOut(): Buffer | null {
    const chunk = this.#chunks.shift()
    this.#reserve(chunk === undefined ? 0 : this.#reserved - chunk.length)
    return chunk ?? null
  }

  readonly #onData = (chunk: Buffer): void => {
    const size = this.#size + chunk.length
    // More than was reserved comes only in the read that brought the head.
    if (size > this.#reserved && !this.#reserve(size)) {
      this.#overflow?.()
      return
    }
    this.#size = size
    this.#keep(chunk)
    this.#readOn()
  }

  #keep(chunk: Buffer): void {
    const last = this.#chunks.at(-1)
    if (last === undefined || last.length + chunk.length > SMALL) {
      this.#chunks.push(chunk)
      return
    }
    // Not from Buffer's pool: a small piece would keep all of its slab.
    const joined = Buffer.allocUnsafeSlow(last.length + chunk.length)
    last.copy(joined)
    chunk.copy(joined, last.length)
    this.#chunks[this.#chunks.length - 1] = joined
  }

  readonly #onEnd = (): void => {
    this.#stopReading()
  }

  /**
   * Reads the next piece if there is room for the largest one. One body may take as much as it leaves free: a lone upload gets
   * half of the memory, and a thousand forms beside it still find room.
   */
  #readOn(): void {
    const wanted = Math.min(this.#length ?? Number.POSITIVE_INFINITY, this.#size + STEP)
    const free = this.#budget.limit - this.#budget.used
    if (wanted <= this.#reserved || (wanted <= free && this.#reserve(wanted))) this.#unblock()
    else if (!this.#blocked) {
      this.#blocked = true
      this.#req.socket.on('resume', this.#stayPaused).pause()
    }
  }

  #unblock(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#req.socket.off('resume', this.#stayPaused).resume()
  }

  /** A request that has been read from asks its socket for more whenever its own buffer is empty. */
  readonly #stayPaused = (): void => {
    this.#req.socket.pause()
  }

  #reserve(bytes: number): boolean {
    if (bytes > this.#reserved && !this.#budget.take(bytes - this.#reserved)) return false
    if (bytes < this.#reserved) this.#budget.give(this.#reserved - bytes)
    this.#reserved = bytes
    return true
  }

  #stopReading(): void {
    if (this.#overflow === null) return
    this.#overflow = null
    // Paused first: taking the listener away alone would let what arrives meanwhile fall on the floor.
    this.#req.pause()
    this.#req.off('data', this.#onData).off('end', this.#onEnd)
    this.#unblock()
    this.#reserve(this.#size)
  }
}
