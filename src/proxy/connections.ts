/**
 * What has to be known of a client's connection, beyond what node:http keeps to itself: which requests on it are unanswered,
 * and whether it ends with the present answer. Both matter where Node has parsed further than the answers have come.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { mayUpgrade } from './request-check.ts'
import { resetConnection } from './reset.ts'

/**
 * Unanswered requests on one connection. Hardly a client sends more than one at a time (RFC 9112 section 9.3.2), but each may cost a
 * connection to the upstream, and its sender 30 bytes; Node's own brake weighs answers, of which there are none yet.
 */
const MAX_PIPELINED = 100

export class Connections {
  /** Without a request so far: Node counts them as active, and would wait for them at close. */
  readonly #silent = new Set<Duplex>()
  /** More than one where the client pipelines. */
  readonly #unanswered = new WeakMap<Duplex, Set<ServerResponse>>()
  /** The one that was begun last. */
  readonly #latest = new WeakMap<Duplex, ServerResponse>()
  readonly #ending = new WeakSet<Duplex>()
  readonly #stayed = new WeakSet<IncomingMessage>()

  opened(socket: Duplex): void {
    this.#silent.add(socket)
    socket.once('close', () => this.#silent.delete(socket))
    // A client that ends its direction has left, to which Node answers with a clean end: in front of that.
    socket.prependListener('end', () => this.#reset(socket))
  }

  /** Whether a request is to be served: not behind an answer that ends the connection, nor one too many, which cuts it off. */
  began(req: IncomingMessage, res: ServerResponse): boolean {
    const { socket } = req
    if (this.#ending.has(socket)) return false
    this.#silent.delete(socket)
    const open = this.#unanswered.get(socket) ?? new Set()
    if (open.size >= MAX_PIPELINED) {
      this.#ending.add(socket)
      this.cut(socket)
      return false
    }
    this.#unanswered.set(socket, open.add(res))
    this.#latest.set(socket, res)
    // Emitted once in any case: after the last byte, or when the connection is gone.
    res.on('close', () => open.delete(res))
    if (this.#stayed.has(req)) {
      this.#ending.add(socket)
      res.shouldKeepAlive = false
    }
    return true
  }

  /** Node has handed the connection over. */
  left(socket: Duplex): void {
    this.#silent.delete(socket)
  }

  /** What comes on it from here on is not served: Node has often parsed it already, and goes on to call for it. */
  ends(socket: Duplex): void {
    this.#ending.add(socket)
  }

  /**
   * Whether this request may become a tunnel, which takes the whole connection: not while an earlier one is unanswered. Where
   * it may not, Node 24 drops what came behind it in the same piece (measured on 24.21), so the connection ends after it.
   */
  mayUpgrade(req: IncomingMessage): boolean {
    if (this.unanswered(req.socket).length === 0 && mayUpgrade(req)) return true
    this.#stayed.add(req)
    return false
  }

  unanswered(socket: Duplex): ServerResponse[] {
    return [...(this.#unanswered.get(socket) ?? [])]
  }

  /** An answer is on its way that says that it is the last: an error of what comes behind it is nobody's any more. */
  isDone(socket: Duplex): boolean {
    return this.#ending.has(socket) && this.unanswered(socket).every((res) => res.headersSent)
  }

  /**
   * Which request an error of the parser may be the answer to: the one whose body it was in, null for one that had not begun.
   * undefined: none, as it would be taken for (a part of) the answer to a request that was whole, or that has its answer.
   */
  failing(socket: Duplex): IncomingMessage | null | undefined {
    const open = this.unanswered(socket)
    const res = this.#latest.get(socket)
    if (res === undefined || res.req.complete) return open.length === 0 ? null : undefined
    return open.length === 1 && open[0] === res && !res.headersSent ? res.req : undefined
  }

  /** Ends it at once, in a way that shows in every answer that is not whole. */
  cut(socket: Duplex): void {
    if (!this.#reset(socket)) socket.destroy()
  }

  /** The same, once Node has let go of it: then nobody else tells those behind the first that it is over. */
  cutDetached(socket: Duplex): void {
    const behind = this.unanswered(socket).filter((res) => res.socket === null)
    this.cut(socket)
    for (const res of behind) res.emit('close')
  }

  /** For the end of the listener. */
  destroySilent(): void {
    for (const socket of this.#silent) socket.destroy()
  }

  /** HTTP/1.0 has answers whose end is the connection's: cut off, they look whole, unless it is a reset. */
  #reset(socket: Duplex): boolean {
    const untold = this.unanswered(socket).some(
      (res) => res.req.httpVersionMinor === 0 && res.headersSent && !res.writableEnded,
    )
    if (!untold || !(socket instanceof Socket)) return false
    resetConnection(socket)
    return true
  }
}
