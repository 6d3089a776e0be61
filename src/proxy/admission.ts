/**
 * One request's way into its service, the same for an ordinary request and an upgrade: a lease at once, or a hold and then the
 * lease, or, for a request that `ignore` matches, neither of them. It owns hold and lease and gives both back exactly once.
 */
import type { IncomingMessage } from 'node:http'
import type { Gate, Hold, Lease } from '../domain/gate.ts'
import type { Clock, Timer, Upstream } from '../domain/ports.ts'
import { WakeDockError } from '../errors.ts'
import type { Peers } from './peers.ts'
import { pathOf, type RequestTarget } from './request-check.ts'
import type { RouteMatch } from './route-match.ts'
import { StreamLease } from './stream-lease.ts'

/** Who is let in. None of these is called after leave(). */
export interface Entrant {
  /** It has to wait. */
  held(): void
  admitted(upstream: Upstream): void
  /** Anything but a WakeDockError is a bug of ours. */
  refused(error: unknown): void
}

/**
 * Seconds in the answer to an ignored request that met a sleeping service: the usual pace of monitors. It cannot be better
 * known, as it is others who will wake the service.
 */
const NOT_WOKEN_RETRY = 60

export class Admission {
  readonly #gate: Gate
  readonly #clock: Clock
  readonly #entrant: Entrant
  /** The request neither wakes nor counts: it has an upstream without a lease. */
  readonly #ignored: boolean
  #upstream: Upstream | null = null
  #lease: Lease | null = null
  #hold: Hold | null = null
  #patience: Timer | null = null
  #heldMs = 0
  #left = false
  /** It was held. */
  cold = false

  constructor(
    { clock, peers }: { readonly clock: Clock; readonly peers: Peers },
    req: IncomingMessage,
    { target, match }: { readonly target: RequestTarget; readonly match: RouteMatch },
    entrant: Entrant,
  ) {
    this.#gate = match.gate
    this.#clock = clock
    this.#entrant = entrant
    this.#ignored =
      match.ignores?.(req.method ?? '', pathOf(target.path), req.headers['user-agent'] ?? '', () =>
        peers.clientOf(req),
      ) ?? false
  }

  /** At once when the service is awake: no promise is made before something has to be waited for. */
  enter(): void {
    if (this.#ignored) {
      this.#pass()
      return
    }
    const lease = this.#gate.tryAcquire()
    if (lease === null) void this.#wait()
    else this.#admit(lease)
  }

  /** After a lost connection: the provider is asked first, so that a target that is gone costs time and not an error. */
  async again(): Promise<void> {
    try {
      await this.verify()
      if (this.#left) return
      const lease = this.#lease
      // The same run takes requests after all. A new lease would end a drain, which is for new requests to do.
      if (lease !== null && this.#gate.peek() === lease.upstream) this.#entrant.admitted(lease.upstream)
      else this.enter()
    } catch (error) {
      this.#refuse(error)
    }
  }

  /** Lets the provider be asked whether the target still runs. Never rejects. */
  async verify(): Promise<void> {
    if (this.#upstream !== null) await this.#gate.verify(this.#upstream)
  }

  /**
   * The connection is a stream from here on. Returns what is to be called for every chunk, or null where silence does not
   * matter: it always counts, or never.
   */
  stream(): (() => void) | null {
    const timeout = this.#gate.service.streamIdleTimeout
    if (this.#lease === null || timeout === 0) return null
    const lease = new StreamLease(this.#lease, { gate: this.#gate, clock: this.#clock, timeout })
    this.#lease = lease
    return lease.carried
  }

  /** There is no memory for what has come with the request: it is refused, and counted as the other refused holds are. */
  overflow(): void {
    this.#hold?.abort('rejected')
    this.#refuse(new WakeDockError('WAKEDOCK_HOLD_QUEUE_FULL', { retryAfter: 1 }))
  }

  /**
   * It is held no longer than this, in milliseconds (0: not at all), and then refused with WAKE_TIMEOUT, for the waiting page to be
   * shown. To be called in held(). If it is admitted in the very moment, it is admitted: the hold settles only once.
   */
  holdAtMost(time: number): void {
    const hold = this.#hold
    if (time === 0) hold?.abort('page')
    else this.#patience = this.#clock.setTimer(time, () => hold?.abort('page'))
  }

  /** Where it was let in last; null before that. */
  get upstream(): Upstream | null {
    return this.#upstream
  }

  /** The exchange is over, however it ended. Safe to call twice. */
  leave(): void {
    this.#left = true
    this.#hold?.abort()
    this.#release()
  }

  /** Header lines that say how long it was held; none when it was not. */
  timing(): string[] {
    return this.cold ? ['Server-Timing', `wake;dur=${Math.round(this.#heldMs)}`] : []
  }

  #pass(): void {
    const upstream = this.#gate.peek()
    this.#upstream = upstream
    if (upstream === null)
      this.#entrant.refused(new WakeDockError('WAKEDOCK_NOT_WOKEN', { retryAfter: NOT_WOKEN_RETRY }))
    else this.#entrant.admitted(upstream)
  }

  async #wait(): Promise<void> {
    const since = this.#clock.now()
    this.cold = true
    try {
      const hold = this.#gate.hold()
      this.#hold = hold
      // A retry gives its first lease back only now: in between, the service would have been unused, and free to sleep.
      this.#release()
      this.#entrant.held()
      const lease = await hold.lease
      this.#settled()
      this.#heldMs += this.#clock.now() - since
      // The client left in the moment it was admitted: nobody else will give the lease back.
      if (this.#left) lease.release()
      else this.#admit(lease)
    } catch (error) {
      this.#settled()
      this.#refuse(error)
    }
  }

  #settled(): void {
    this.#hold = null
    this.#patience?.cancel()
    this.#patience = null
  }

  #admit(lease: Lease): void {
    // In this order for a retry, as above.
    this.#release(lease)
    this.#upstream = lease.upstream
    this.#entrant.admitted(lease.upstream)
  }

  #refuse(error: unknown): void {
    if (!this.#left) this.#entrant.refused(error)
  }

  #release(next: Lease | null = null): void {
    const lease = this.#lease
    this.#lease = next
    lease?.release()
  }
}
