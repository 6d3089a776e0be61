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

export class Activator implements Control {
  readonly #parts: Parts
  readonly #listener: ProviderListener
  #runtimes = new Map<string, ServiceRuntime>()
  #byTarget = new Map<string, ServiceRuntime>()
  /** Services a reload has removed and whose last requests still run, by name. */
  readonly #leaving = new Map<string, Promise<void>>()

  constructor({ maxHeld, ...parts }: ActivatorOptions) {
    this.#parts = { step, ...parts, budget: new HoldBudget(maxHeld) }
    this.#listener = {
      status: (target, status) => this.#onStatus(target, status),
      lost: (provider, error) => parts.observe({ type: 'provider_lost', provider, error }),
      back: (provider) => parts.observe({ type: 'provider_back', provider }),
    }
  }

  /**
   * Puts this set of services in force. A service that stays keeps its state, holds, leases and timers; one with
   * another target is a new service; a removed one lets its requests end.
   */
  configure(services: readonly Service[]): void {
    const before = this.#runtimes
    this.#runtimes = new Map()
    this.#byTarget = new Map()
    for (const service of services) {
      const kept = before.get(service.name)
      const stays = kept !== undefined && kept.service.target.key === service.target.key
      if (kept !== undefined && !stays) this.#retire(kept)
      const runtime = stays ? kept : new ServiceRuntime(service, this.#parts, this.#leaving.get(service.name))
      this.#runtimes.set(service.name, runtime)
      this.#byTarget.set(service.target.key, runtime)
      if (stays) kept.reconfigure(service)
      else this.#parts.observe({ type: 'service_added', service: service.name })
    }
    for (const [name, runtime] of before) {
      if (this.#runtimes.has(name)) continue
      this.#retire(runtime)
      this.#parts.observe({ type: 'service_removed', service: name })
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

  /** A container is left as it is; a local process is our child, and ends when its last request has. */
  #retire(runtime: ServiceRuntime): void {
    const { name, target, drainTimeout, stopTimeout } = runtime.service
    runtime.close('rejected', () => new WakeDockError('WAKEDOCK_SERVICE_REMOVED', { retryAfter: 1 }))
    const left = runtime
      .drained(drainTimeout)
      .then(() => (target.kind === 'process' ? this.#parts.provider.stop(target, stopTimeout) : undefined))
      // It cannot be stopped: its successor will find the port taken, and say so.
      .catch(() => undefined)
      .finally(() => {
        if (this.#leaving.get(name) === left) this.#leaving.delete(name)
      })
    this.#leaving.set(name, left)
  }
}
