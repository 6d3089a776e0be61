/**
 * What the proxy's tests stand on: a proxy on a free port, with a gate that does as it is told and metrics that remember.
 */
import { once } from 'node:events'
import type { Gate, Hold, Lease, ServiceSnapshot } from '../../src/domain/gate.ts'
import type { Clock, Upstream } from '../../src/domain/ports.ts'
import type { Service } from '../../src/domain/service.ts'
import { WakeDockError } from '../../src/errors.ts'
import type { IgnoreMatcher } from '../../src/proxy/ignore.ts'
import { createPools, type Pools } from '../../src/proxy/pools.ts'
import type { AccessLine, RouteMatch, ServiceMetrics } from '../../src/proxy/route-match.ts'
import { createProxyServer, type ProxyServer, type ProxyServerOptions } from '../../src/proxy/server.ts'
import { snapshot } from '../helpers/fake-control.ts'
import { connectTo, eventually, Wire, type Teardown } from './wire.ts'

export const clock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimer(delay, callback) {
    const timer = setTimeout(callback, delay)
    return { cancel: () => clearTimeout(timer) }
  },
}

const SERVICE: Service = {
  name: 'blog',
  routes: [],
  target: { kind: 'url', key: 'url:test', scheme: 'http', host: '127.0.0.1', port: 1 },
  part: false,
  needs: [],
  ready: { kind: 'tcp', timeout: 1000, health: false },
  idleTimeout: 0,
  streamIdleTimeout: 0,
  minAwake: 0,
  startTimeout: 1000,
  holdTimeout: 1000,
  stopTimeout: 1000,
  sleepMode: 'stop',
  drainTimeout: 1000,
  maxHeld: 1000,
  waiting: { page: 'never', holdFirst: 2000, title: null, theme: 'auto' },
  ignore: null,
  schedule: null,
  busy: null,
}

/** Awake while `upstream` is set. Counts leases; a second release of one does not count. */
export class FakeGate implements Gate {
  service = SERVICE
  upstream: Upstream | null
  acquired = 0
  released = 0
  aborted = 0
  /** How each of those is counted. */
  readonly outcomes: string[] = []
  /** An abort comes too late: the lease was given in the same moment. */
  admitsAtAbort = false
  verified = 0
  /** The fewest requests in flight at any hold and at any lease after the first: 0 is a moment in which it could have slept. */
  fewest = Number.POSITIVE_INFINITY
  held: { resolve(): void; reject(error: WakeDockError): void }[] = []
  onVerify: (upstream: Upstream) => void | Promise<void> = () => {}

  constructor(upstream: Upstream | null) {
    this.upstream = upstream
  }

  get inFlight(): number {
    return this.acquired - this.released
  }

  /** What the waiting page is told. */
  snapshot(): ServiceSnapshot {
    return {
      ...snapshot(this.service.name),
      state: this.upstream === null ? 'waking' : 'awake',
      service: this.service,
    }
  }

  tryAcquire(): Lease | null {
    if (this.upstream === null) return null
    if (this.acquired > 0) this.fewest = Math.min(this.fewest, this.inFlight)
    this.acquired++
    let open = true
    const release = (): void => {
      if (open) this.released++
      open = false
    }
    return { upstream: this.upstream, release, [Symbol.dispose]: release }
  }

  resume(upstream: Upstream): Lease | null {
    return this.peek() === upstream ? this.tryAcquire() : null
  }

  peek(): Upstream | null {
    return this.upstream
  }

  hold(): Hold {
    this.fewest = Math.min(this.fewest, this.inFlight)
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    // Nobody needs to listen after abort().
    promise.catch(() => {})
    let aborted = false
    this.held.push({
      resolve: () => {
        const lease = aborted ? null : this.tryAcquire()
        if (lease !== null) resolve(lease)
      },
      reject,
    })
    return {
      lease: promise,
      abort: (outcome = 'aborted') => {
        if (aborted) return
        this.aborted++
        this.outcomes.push(outcome)
        const lease = this.admitsAtAbort ? this.tryAcquire() : null
        if (lease !== null) resolve(lease)
        aborted = true
        reject(new WakeDockError('WAKEDOCK_WAKE_TIMEOUT'))
      },
    }
  }

  async untilHeld(count = 1): Promise<void> {
    await eventually(() => this.held.length >= count)
  }

  wake(upstream: Upstream): void {
    this.upstream = upstream
    for (const hold of this.held.splice(0)) hold.resolve()
  }

  async verify(upstream: Upstream): Promise<void> {
    this.verified++
    await this.onVerify(upstream)
  }
}

/** Remembers what it was told, as text: "finish GET 200 warm", "retry refused". */
export class Tally implements ServiceMetrics {
  readonly told: string[] = []
  streams = 0

  finish(method: string, code: number, cold: boolean): void {
    this.told.push(`finish ${method} ${code} ${cold ? 'cold' : 'warm'}`)
  }

  streamOpened(): void {
    this.streams++
    this.told.push('stream opened')
  }

  streamClosed(): void {
    this.streams--
    this.told.push('stream closed')
  }

  retry(reason: string): void {
    this.told.push(`retry ${reason}`)
  }

  upstreamError(reason: string): void {
    this.told.push(`upstream error ${reason}`)
  }
}

export interface Rig {
  readonly gate: FakeGate
  readonly metrics: Tally
  readonly unrouted: Tally
  readonly lines: AccessLine[]
  readonly bugs: unknown[]
  readonly pools: Pools
  readonly server: ProxyServer
  readonly address: string
  /** All that are listened on; the first is `address`. */
  readonly addresses: readonly string[]
  readonly client: () => Promise<Wire>
  /** Sends the text on a fresh connection. */
  readonly ask: (text: string) => Promise<Wire>
}

/** A proxy with one service on host "a". */
export async function rig(
  t: Teardown,
  upstream: Upstream | null,
  options: Partial<ProxyServerOptions> & { prefix?: string; ignores?: IgnoreMatcher } = {},
): Promise<Rig> {
  const gate = new FakeGate(upstream)
  const metrics = new Tally()
  const unrouted = new Tally()
  const lines: AccessLine[] = []
  const bugs: unknown[] = []
  const pools = createPools({ connectTimeout: 1000, clock })
  const match: RouteMatch = { gate, metrics, prefix: options.prefix ?? '', ignores: options.ignores ?? null }
  const server = createProxyServer({
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    trustedProxies: [],
    route: (host) => (host === 'a' ? match : null),
    pools,
    heldBodyMemory: 64 * 1024 * 1024,
    clock,
    log: { error: (fields) => bugs.push(fields) },
    unrouted,
    access: (line) => lines.push(line),
    ...options,
  })
  const addresses = await server.listen()
  const [address = ''] = addresses
  const open: Wire[] = []
  t.teardown(async () => {
    for (const wire of open) wire.socket.destroy()
    await server.close(0)
    await pools.close()
  })
  const client = async (): Promise<Wire> => {
    const socket = connectTo(address)
    await once(socket, 'connect')
    const wire = new Wire(socket)
    open.push(wire)
    return wire
  }
  const ask = async (text: string): Promise<Wire> => {
    const wire = await client()
    wire.send(text)
    return wire
  }
  return { gate, metrics, unrouted, lines, bugs, pools, server, address, addresses, client, ask }
}
