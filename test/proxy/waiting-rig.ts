/** What the waiting page's tests stand on: the proxy's rig with a clock, a service and a feed that a test turns by hand. */
import type { FeedEvent } from '../../src/domain/feed.ts'
import type { ServiceSnapshot } from '../../src/domain/gate.ts'
import type { Upstream } from '../../src/domain/ports.ts'
import type { Waiting } from '../../src/domain/service.ts'
import type { ProxyServerOptions } from '../../src/proxy/server.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { rig, type Rig } from './rig.ts'
import { message, type Teardown } from './wire.ts'

/** A person opens a page. */
export const navigation = (...more: string[]): string =>
  message('GET /x?y=1 HTTP/1.1', 'Host: a', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', ...more)

/** A feed without a memory. */
export class FakeFeed {
  readonly #listeners = new Set<(event: FeedEvent) => void>()

  get listeners(): number {
    return this.#listeners.size
  }

  readonly follow = (listener: (event: FeedEvent) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(type: 'service_added' | 'service_removed', service: string): void {
    for (const listener of this.#listeners) listener({ id: '1', at: 0, type, service })
  }
}

export interface WaitingRig extends Rig {
  readonly clock: FakeClock
  readonly feed: FakeFeed
  /** What the gate's snapshot says from now on, beside what follows from the gate itself. */
  readonly see: (changes: Partial<ServiceSnapshot>) => void
}

/** A proxy with one service on host "a", whose wakes take 10 s. */
export async function waitingRig(
  t: Teardown,
  upstream: Upstream | null,
  waiting: Partial<Waiting> = {},
  options: Partial<ProxyServerOptions> & Parameters<typeof rig>[2] = {},
): Promise<WaitingRig> {
  const [clock, feed] = [new FakeClock(), new FakeFeed()]
  const sources = { estimate: () => 10_000, follow: feed.follow }
  const made = await rig(t, upstream, { clock, waiting: sources, ...options })
  const { gate } = made
  gate.service = {
    ...gate.service,
    waiting: { page: 'auto', holdFirst: 2_000, title: null, theme: 'auto', ...waiting },
  }
  let seen: Partial<ServiceSnapshot> = { waking: { since: clock.wallTime(), phase: 'start' } }
  const usual = gate.snapshot.bind(gate)
  gate.snapshot = () => ({ ...usual(), ...seen })
  return { ...made, clock, feed, see: (changes) => (seen = changes) }
}
