/** One admitted request's claim on its service: however many ways an exchange can end, it is given back exactly once. */
import type { Lease } from './gate.ts'
import type { Upstream } from './ports.ts'

export class ServiceLease implements Lease {
  readonly upstream: Upstream
  #release: (() => void) | null

  constructor(upstream: Upstream, release: () => void) {
    this.upstream = upstream
    this.#release = release
  }

  release(): void {
    const release = this.#release
    this.#release = null
    release?.()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
