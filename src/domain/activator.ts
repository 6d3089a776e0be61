/**
 * All services at run time: makes and retires their runtimes as the config says, hands each the news of its target, and
 * is the Control that the admin side works with.
 */
import { WakeDockError } from '../errors.ts'
import type { ActionResult, Control, ServiceSnapshot } from './gate.ts'
import { HoldBudget } from './hold-queue.ts'
import { step } from './lifecycle.ts'
import type { Clock, Observer, Probe, Provider, ProviderListener, TargetStatus } from './ports.ts'
import type { Service, Target } from './service.ts'
import { ServiceRuntime, type Parts } from './service-runtime.ts'
import { servingOf } from './state.ts'

export interface ActivatorOptions {
  readonly clock: Clock
  readonly provider: Provider
  readonly probe: Probe
  readonly observe: Observer
  /** Requests that may wait at once, all services together; read at each hold. */
  readonly maxHeld: () => number
  /** Default: the lifecycle of lifecycle.ts. */
  readonly step?: Parts['step']
}

/** A service that a reload has taken out of force, and whose last requests still run. */
interface Leaving {
  readonly runtime: ServiceRuntime
  /** Its last verb. Never rejects. */
  verb: Promise<unknown>
  /** Settles when nothing of it is left. Never rejects. */
  gone: Promise<unknown>
}

export class Activator implements Control {
  readonly #parts: Parts
  readonly #listener: ProviderListener
  #runtimes = new Map<string, ServiceRuntime>()
  #byTarget = new Map<string, ServiceRuntime>()
  readonly #leaving = new Set<Leaving>()

  constructor({ maxHeld, ...parts }: ActivatorOptions) {
    this.#parts = { step, ...parts, budget: new HoldBudget(maxHeld) }
    this.#listener = {
      status: (target, status) => this.#onStatus(target, status),
      lost: (provider, error) => parts.observe({ type: 'provider_lost', provider, error }),
      back: (provider) => parts.observe({ type: 'provider_back', provider }),
    }
  }

  /**
   * Puts this set of services in force. A service that stays, under its name or another, keeps its state, holds, leases
   * and timers; one with another target is a new service; a removed one lets its requests end.
   */
  configure(services: readonly Service[]): void {
    const before = this.#runtimes
    this.#runtimes = new Map()
    this.#byTarget = new Map()
    const names = new Set(services.map(({ name }) => name))
    const goesOn = heirs([...before.values()])
    const staying = new Set(services.map(goesOn))
    // First, so that whoever gets a target of theirs can wait for them.
    for (const [name, runtime] of before) {
      if (!staying.has(runtime)) this.#retire(runtime)
      if (!names.has(name)) this.#parts.observe({ type: 'service_removed', service: name })
    }
    for (const service of services) {
      const runtime = goesOn(service) ?? new ServiceRuntime(service, this.#parts, this.#earlier(service))
      this.#runtimes.set(service.name, runtime)
      this.#byTarget.set(service.target.key, runtime)
      if (!before.has(service.name)) this.#parts.observe({ type: 'service_added', service: service.name })
      if (staying.has(runtime)) runtime.reconfigure(service)
    }
    const targets = services.map(({ target }) => target).filter(({ kind }) => kind !== 'url')
    this.#parts.provider.watch(targets, this.#listener)
  }

  /** Where the requests of a service go in. Throws for a name that is not configured: that is a bug. */
  gate(name: string): ServiceRuntime {
    const runtime = this.#runtimes.get(name)
    if (runtime === undefined) throw new Error(`no service ${name}`)
    return runtime
  }

  list(): ServiceSnapshot[] {
    return [...this.#runtimes.values()].map((runtime) => runtime.snapshot())
  }

  get(name: string): ServiceSnapshot | undefined {
    return this.#runtimes.get(name)?.snapshot()
  }

  wake(name: string): Promise<ActionResult> | undefined {
    return this.#runtimes.get(name)?.order('wake')
  }

  sleep(name: string, options: { force: boolean }): Promise<ActionResult> | undefined {
    return this.#runtimes.get(name)?.order('sleep', options.force)
  }

  /** Ends every hold and lets nobody in any more. Running requests go on; no target is stopped. */
  close(): void {
    for (const runtime of this.#runtimes.values()) {
      runtime.close('shutdown', () => new WakeDockError('WAKEDOCK_SHUTTING_DOWN', { retryAfter: 2 }))
    }
  }

  #onStatus(target: Target, status: TargetStatus): void {
    this.#byTarget.get(target.key)?.dispatch({ type: 'status', status })
  }

  #retire(runtime: ServiceRuntime): void {
    runtime.close('rejected', () => new WakeDockError('WAKEDOCK_SERVICE_REMOVED', { retryAfter: 1 }))
    const leaving: Leaving = { runtime, verb: runtime.verb, gone: Promise.resolve() }
    this.#leaving.add(leaving)
    leaving.gone = this.#leave(leaving).finally(() => this.#leaving.delete(leaving))
  }

  /** A container is left as it is; a local process is our child, and ends when its last request has. */
  async #leave(leaving: Leaving): Promise<void> {
    const { runtime } = leaving
    const { name, target, drainTimeout, stopTimeout } = runtime.service
    await runtime.drained(drainTimeout)
    // Another reload may have given the target to somebody else, who goes on with the same run.
    const others = [...this.#runtimes.values(), ...[...this.#leaving].map((other) => other.runtime)]
    const heirs = others.filter((other) => other !== runtime && other.service.target.key === target.key)
    const upstream = servingOf(runtime.state)
    if (upstream !== null && !heirs.some((heir) => heir.state.upstream === upstream)) {
      this.#parts.observe({ type: 'upstream_retired', service: name, upstream })
    }
    if (target.kind !== 'process' || heirs.length > 0) return
    // It cannot be stopped: its successor will find the port taken, and say so.
    leaving.verb = this.#parts.provider.stop(target, stopTimeout).catch(() => undefined)
    await leaving.verb
  }

  /** What has to be over before this service is started: a verb on its target, or the process that it replaces. */
  #earlier({ name, target }: Service): Promise<unknown> {
    const waits = [...this.#leaving].flatMap(({ runtime, verb, gone }) => {
      const other = runtime.service.target
      if (other.key === target.key) return [verb]
      if (other.kind !== 'process' || target.kind !== 'process') return []
      return runtime.service.name === name || other.port === target.port ? [gone] : []
    })
    return Promise.all(waits)
  }
}

/**
 * Who goes on under a new config: the service with the same target, whatever it is called now. Several services may share
 * one url, so there the name counts; it has no state to lose.
 */
function heirs(before: readonly ServiceRuntime[]): (service: Service) => ServiceRuntime | undefined {
  const idOf = ({ name, target }: Service): string =>
    target.kind === 'url' ? `${name} ${target.key}` : target.key
  const known = new Map(before.map((runtime) => [idOf(runtime.service), runtime]))
  return (service) => known.get(idOf(service))
}
