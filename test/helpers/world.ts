/** The whole core on fakes: an activator, a clock, a provider and a probe that a test turns by hand. */
import { Activator } from '../../src/domain/activator.ts'
import type { Gate, Hold, Lease } from '../../src/domain/gate.ts'
import type { step } from '../../src/domain/lifecycle.ts'
import type { DomainEvent, Observer, Upstream } from '../../src/domain/ports.ts'
import type { ReadyCheck, Service } from '../../src/domain/service.ts'
import type { WakeDockError } from '../../src/errors.ts'
import { FakeClock, settled } from './fake-clock.ts'
import { FakeProvider } from './fake-provider.ts'
import { service } from './service.ts'

/** One request, from its arrival to its end. */
export class Client {
  readonly name: string
  outcome: 'waiting' | 'open' | 'done' | 'aborted' | WakeDockError = 'waiting'
  lease: Lease | null = null
  /** null: it was never held. */
  readonly heldSince: number | null
  /** Where it went in: that of a service that may have been replaced since. */
  readonly gate: Gate
  readonly #hold: Hold | null = null

  constructor(world: World, name: string) {
    this.name = name
    const gate = world.activator.gate(name)
    this.gate = gate
    this.lease = gate.tryAcquire()
    this.heldSince = this.lease === null ? world.clock.now() : null
    if (this.lease !== null) {
      this.outcome = 'open'
      return
    }
    this.#hold = gate.hold()
    void this.#hold.lease.then(
      (lease) => {
        // As the exchange does: a client that left while the admission was on its way gives the lease back.
        if (this.outcome === 'aborted') {
          lease.release()
          return
        }
        this.lease = lease
        this.outcome = 'open'
      },
      (error: WakeDockError) => {
        if (this.outcome === 'waiting') this.outcome = error
      },
    )
  }

  get code(): string {
    return typeof this.outcome === 'string' ? this.outcome : this.outcome.code
  }

  finish(): void {
    if (this.outcome !== 'open') return
    this.outcome = 'done'
    this.lease?.release()
  }

  abort(): void {
    if (this.outcome === 'open') this.finish()
    if (this.outcome !== 'waiting') return
    this.outcome = 'aborted'
    this.#hold?.abort()
  }
}

interface WorldOptions {
  readonly maxHeld?: number
  readonly step?: typeof step
  /** Default: settled(). */
  readonly settle?: () => Promise<void>
}

export class World {
  readonly clock: FakeClock
  readonly provider = new FakeProvider()
  readonly events: DomainEvent[] = []
  readonly clients: Client[] = []
  /** When each service became awake last. */
  readonly awakeSince = new Map<string, number>()
  readonly activator: Activator
  /** What the probe says of a run. */
  ready: (upstream: Upstream, check: ReadyCheck) => boolean = () => true
  /** Runs of which a probe has said that they are ready, each with the kind of the check. */
  readonly proven = new Set<string>()
  /** Told of everything that happens, as it does. */
  watch: Observer = () => undefined
  /** The probes under way now, by run and kind of check; and the most there ever were for one. */
  readonly #probes = new Map<string, AbortSignal[]>()
  mostProbes = 0
  /** Looks of verify() under way: they probe beside the loops, and are not counted with them. */
  verifying = 0
  readonly #settle: () => Promise<void>

  constructor(services: readonly Service[], options: WorldOptions = {}) {
    this.#settle = options.settle ?? settled
    this.clock = new FakeClock(this.#settle)
    this.activator = new Activator({
      clock: this.clock,
      provider: this.provider,
      probe: async (upstream, check, signal) => {
        const name = `${upstream.generation} ${check.kind}`
        const running = (this.#probes.get(name) ?? []).filter(({ aborted }) => !aborted)
        this.#probes.set(name, [...running, signal])
        if (this.verifying === 0) this.mostProbes = Math.max(this.mostProbes, running.length + 1)
        await this.#settle()
        this.#probes.set(
          name,
          (this.#probes.get(name) ?? []).filter((other) => other !== signal),
        )
        if (!this.ready(upstream, check)) return { ready: false, why: 'GET / answers 503' }
        this.proven.add(name)
        return { ready: true }
      },
      observe: (event) => {
        this.events.push(event)
        if (event.type === 'state' && event.to === 'awake')
          this.awakeSince.set(event.service, this.clock.now())
        this.watch(event)
      },
      maxHeld: () => options.maxHeld ?? 10_000,
      ...(options.step && { step: options.step }),
    })
    this.activator.configure(services)
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await this.#settle()
  }

  async advance(ms: number): Promise<void> {
    await this.settle()
    await this.clock.advance(ms)
    await this.settle()
  }

  request(name: string): Client {
    const client = new Client(this, name)
    this.clients.push(client)
    return client
  }

  state(name: string): string {
    return this.activator.gate(name).state.name
  }

  told<T extends DomainEvent['type']>(type: T): Extract<DomainEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<DomainEvent, { type: T }> => event.type === type)
  }
}

/** A world with one service, blog, that sleeps and is known to. */
export async function sleeping(changes: Partial<Service> = {}): Promise<World> {
  const world = new World([service('blog', changes)])
  await world.settle()
  return world
}

/** The same after a first request, which has ended. */
export async function awake(changes: Partial<Service> = {}): Promise<World> {
  const world = await sleeping(changes)
  const client = world.request('blog')
  await world.settle()
  client.finish()
  return world
}
