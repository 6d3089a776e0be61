/** What is fuzzed: WakeDock's proxy, with everything but a container behind it. An interface, so that the oracle can be shown bad ones. */
import { rig } from '../proxy/rig.ts'
import { upstreamAt } from '../proxy/wire.ts'

export interface Subject {
  readonly port: number
  /** Lets the service be asleep for the requests to come. */
  sleep(): void
  /** Wakes it; waits a moment for a request to be held first. */
  wake(): Promise<void>
  /** What is still counted as under way; null when nothing is. */
  readonly leak: () => string | null
  /** Exceptions it has met and survived, since the last call. */
  readonly bugs: () => unknown[]
  close(): Promise<void>
}

export async function wakedock(upstreamPort: number): Promise<Subject> {
  const endings: (() => unknown)[] = []
  const upstream = upstreamAt(upstreamPort)
  const { address, gate, metrics, unrouted, lines, bugs } = await rig(
    { teardown: (action) => void endings.push(action) },
    upstream,
  )
  return {
    port: Number(address.split(':').at(-1)),
    sleep: () => (gate.upstream = null),
    async wake() {
      for (let turns = 0; turns < 20 && gate.held.length === 0; turns++)
        await new Promise((resolve) => setImmediate(resolve))
      gate.wake(upstream)
    },
    leak() {
      const { inFlight } = gate
      if (inFlight !== 0) return `${inFlight} leases`
      if (metrics.streams !== 0) return `${metrics.streams} streams`
      // Grown by every request: of no use here.
      metrics.told.length = unrouted.told.length = lines.length = 0
      return null
    },
    bugs: () => bugs.splice(0),
    async close() {
      for (const end of endings) await end()
    },
  }
}
