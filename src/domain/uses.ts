/**
 * Who uses a service now, and when that last was: its leases, and those that a predecessor on the same target has left. A
 * service that a reload takes out and puts back is another one, but its container still serves the requests of the first.
 */
import type { Lease } from './gate.ts'
import { ServiceLease } from './lease.ts'
import type { Clock, Upstream } from './ports.ts'

export class Uses {
  readonly #clock: Clock
  readonly #ended: () => void
  #own = 0
  #last = -Infinity
  #before: Uses | null
  #heir: Uses | null = null

  /** `ended` is called whenever nothing is in flight any more. `before`: the uses that this one goes on with. */
  constructor(clock: Clock, ended: () => void, before: Uses | null) {
    this.#clock = clock
    this.#ended = ended
    this.#before = before
    if (before !== null) before.#heir = this
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#own + (this.#before?.inFlight ?? 0)
  }

  /** Without those of predecessors. */
  get own(): number {
    return this.#own
  }

  /** End of the last use; -Infinity: none yet. */
  get last(): number {
    return this.#last
  }

  /** It was used, if only to be refused. */
  touch(): void {
    this.#last = this.#clock.now()
  }

  lease(upstream: Upstream): Lease {
    this.#own++
    return new ServiceLease(upstream, this.#release)
  }

  readonly #release = (): void => {
    this.#own--
    if (this.#own === 0) this.#over()
  }

  /** Nothing of its own is in flight any more. Whoever it stands before still is where those before it are. */
  #over(): void {
    this.touch()
    this.#ended()
    const heir = this.#heir
    if (heir === null || this.#before !== null) return
    heir.#before = null
    if (heir.#own === 0) heir.#over()
    else heir.touch()
  }
}
