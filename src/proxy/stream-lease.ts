/**
 * The lease of an open stream (an upgraded connection, an event stream) for a service with a `stream_idle_timeout`: it
 * counts as use while bytes pass, and not while both sides are silent. A browser tab left open for a week would keep
 * its service awake for a week otherwise. The connection itself is never touched here.
 */
import type { Gate, Lease } from '../domain/gate.ts'
import type { Clock, Timer, Upstream } from '../domain/ports.ts'

export class StreamLease implements Lease {
  readonly upstream: Upstream
  readonly #gate: Gate
  readonly #clock: Clock
  readonly #timeout: number
  #timer: Timer
  #lastByte: number
  /** null while the stream is silent, and after its end. */
  #lease: Lease | null
  #ended = false

  /** Takes `lease` over. `timeout`: milliseconds, of the policy at the stream's opening; a reload is for later streams. */
  constructor(lease: Lease, { gate, clock, timeout }: { gate: Gate; clock: Clock; timeout: number }) {
    this.upstream = lease.upstream
    this.#lease = lease
    this.#gate = gate
    this.#clock = clock
    this.#timeout = timeout
    this.#lastByte = clock.now()
    this.#timer = clock.setTimer(timeout, this.#look)
  }

  /**
   * Bytes have come from either side: for each chunk, so it only takes down the time. One that ends a silence makes the
   * stream count again; a byte for a service that sleeps, or for a run that is over, wakes nothing and counts for nothing.
   */
  readonly carried = (): void => {
    if (this.#ended) return
    this.#lastByte = this.#clock.now()
    if (this.#lease !== null) return
    this.#lease = this.#gate.resume(this.upstream)
    if (this.#lease !== null) this.#timer = this.#clock.setTimer(this.#timeout, this.#look)
  }

  /** The stream has ended. Safe to call twice. */
  release(): void {
    this.#ended = true
    this.#letGo()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** The one timer is not moved by every byte: when it rings it looks how long ago the last one was. */
  readonly #look = (): void => {
    const left = this.#lastByte + this.#timeout - this.#clock.now()
    if (left <= 0) this.#letGo()
    else this.#timer = this.#clock.setTimer(left, this.#look)
  }

  #letGo(): void {
    const lease = this.#lease
    this.#lease = null
    this.#timer.cancel()
    lease?.release()
  }
}
