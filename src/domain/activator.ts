/**
 * All services at run time: makes and retires their runtimes as the config says, hands each the news of its target, and
 * is the Control that the admin side works with.
 */
import { WakeDockError } from '../errors.ts'
import { Agenda } from './agenda.ts'
import type { ActionResult, Control, ServiceSnapshot } from './gate.ts'
import { HoldBudget } from './hold-queue.ts'
import { step } from './lifecycle.ts'
import type { Clock, Observer, Probe, Provider, ProviderListener, TargetStatus } from './ports.ts'
import type { Service, Target } from './service.ts'
import { ServiceRuntime, type Before, type Parts } from './service-runtime.ts'
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
  /** In the order of the config, each followed by its parts. */
  #runtimes = new Map<string, ServiceRuntime>()
  #byTarget = new Map<string, ServiceRuntime>()
  /** Stacks, by the target of their main part. */
  #byMain = new Map<string, ServiceRuntime[]>()
  readonly #leaving = new Set<Leaving>()

  constructor({ maxHeld, ...parts }: ActivatorOptions) {
    this.#parts = {
      step,
      ...parts,
      budget: new HoldBudget(maxHeld),
      agenda: new Agenda(),
      find: (key) => this.#byTarget.get(key),
      groupsOf: (key) => this.#byMain.get(key) ?? NONE,
    }
    this.#listener = {
      status: (target, status) => this.#onStatus(target, status),
      lost: (provider, error) => {
        // A local process is WakeDock's own child: nothing happens to it unseen.
        for (const runtime of this.#runtimes.values())
          if (runtime.service.target.kind !== 'process') runtime.outage()
        parts.observe({ type: 'provider_lost', provider, error })
      },
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
    this.#byMain = new Map()
    const names = new Set(services.map(({ name }) => name))
    const goesOn = heirs([...before.values()])
    const staying = new Set(services.map(goesOn))
    // First, so that whoever gets a target of theirs can wait for them.
    for (const [name, runtime] of before) {
      if (!staying.has(runtime)) this.#retire(runtime)
      if (!names.has(name) && !runtime.service.part)
        this.#parts.observe({ type: 'service_removed', service: name })
    }
    for (const service of services) {
      const { name, target, part } = service
      const runtime = goesOn(service) ?? new ServiceRuntime(service, this.#parts, this.#earlier(service))
      this.#runtimes.set(name, runtime)
      this.#byTarget.set(target.key, runtime)
      if (target.kind === 'group')
        this.#byMain.set(target.main, [...(this.#byMain.get(target.main) ?? []), runtime])
      if (!before.has(name) && !part) this.#parts.observe({ type: 'service_added', service: name })
    }
    // Only now: each may need any other.
    this.#parts.agenda.do(() => {
      for (const service of services) this.#runtimes.get(service.name)?.reconfigure(service)
    })
    const targets = services.map(({ target }) => target)
    this.#parts.provider.watch(
      targets.filter(({ kind }) => kind !== 'url' && kind !== 'group'),
      this.#listener,
    )
  }

  /** Where the requests of a service go in. Throws for a name that is not configured: that is a bug. */
  gate(name: string): ServiceRuntime {
    const runtime = this.#runtimes.get(name)
    if (runtime === undefined) throw new Error(`no service ${name}`)
    return runtime
  }

  list(): ServiceSnapshot[] {
    const all = [...this.#runtimes.values()]
    return all.filter(({ service }) => !service.part).map((runtime) => runtime.snapshot())
  }

  get(name: string): ServiceSnapshot | undefined {
    return this.#named(name)?.snapshot()
  }

  wake(name: string): Promise<ActionResult> | undefined {
    const runtime = this.#named(name)
    if (runtime !== undefined) this.#retryNeeds(runtime)
    return runtime?.order('wake')
  }

  sleep(name: string, { force }: { force: boolean }): Promise<ActionResult> | undefined {
    const runtime = this.#named(name)
    if (force && runtime !== undefined)
      for (const other of this.#dependents(runtime)) void other.order('sleep', true)
    return runtime?.order('sleep', force)
  }

  pin(name: string, duration: number | null): ServiceSnapshot | undefined {
    const runtime = this.#named(name)
    runtime?.pin(duration ?? Infinity)
    return runtime?.snapshot()
  }

  unpin(name: string): ServiceSnapshot | undefined {
    const runtime = this.#named(name)
    runtime?.unpin()
    return runtime?.snapshot()
  }

  /** Ends every hold and lets nobody in any more. Running requests go on; no target is stopped. */
  close(): void {
    for (const runtime of this.#runtimes.values()) {
      runtime.close('shutdown', () => new WakeDockError('WAKEDOCK_SHUTTING_DOWN', { retryAfter: 2 }))
    }
  }

  /** A part is its stack's business, and cannot be told apart from the outside. */
  #named(name: string): ServiceRuntime | undefined {
    const runtime = this.#runtimes.get(name)
    return runtime?.service.part === true ? undefined : runtime
  }

  #needs({ service }: ServiceRuntime): ServiceRuntime[] {
    return service.needs.flatMap(({ key }) => this.#byTarget.get(key) ?? [])
  }

  /** An operator's order ignores a backoff, also of what the service needs. */
  #retryNeeds(runtime: ServiceRuntime): void {
    for (const other of this.#needs(runtime)) {
      this.#retryNeeds(other)
      if (other.state.name === 'failed') other.dispatch({ type: 'wake' })
    }
  }

  /** Everything that needs it, whoever is needed by none of the others first. */
  #dependents(runtime: ServiceRuntime): ServiceRuntime[] {
    const direct = [...this.#runtimes.values()].filter((other) => this.#needs(other).includes(runtime))
    return [...new Set(direct.flatMap((other) => this.#dependents(other).concat(other)))]
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
    const { name, target, part, drainTimeout, stopTimeout } = runtime.service
    await runtime.drained(drainTimeout)
    // Another reload may have given the target to somebody else, who goes on with the same run.
    const others = [...this.#runtimes.values(), ...[...this.#leaving].map((other) => other.runtime)]
    const heirs = others.filter((other) => other !== runtime && other.service.target.key === target.key)
    runtime.bonds.release()
    const upstream = servingOf(runtime.state)
    // A part has no connections: they are its stack's. What was a stack may go on as the container that was its main part.
    const goesOn = others.some(
      (other) => other !== runtime && !other.service.part && other.state.upstream === upstream,
    )
    if (upstream !== null && !part && !goesOn) {
      this.#parts.observe({ type: 'upstream_retired', service: name, upstream })
    }
    if (target.kind !== 'process' || heirs.length > 0) return
    // It cannot be stopped: its successor will find the port taken, and say so.
    leaving.verb = this.#parts.provider.stop(target, stopTimeout).catch(() => undefined)
    await leaving.verb
  }

  /** What has to be over before this service is started: a verb on its target, or the process that it replaces. */
  #earlier({ name, target }: Service): Before {
    const waits = [...this.#leaving].flatMap(({ runtime, verb, gone }) => {
      const other = runtime.service.target
      if (other.key === target.key) return [verb]
      if (other.kind !== 'process' || target.kind !== 'process') return []
      return runtime.service.name === name || other.port === target.port ? [gone] : []
    })
    const same = [...this.#leaving].findLast(({ runtime }) => runtime.service.target.key === target.key)
    return { after: Promise.all(waits), runtime: same?.runtime ?? null }
  }
}

const NONE: readonly ServiceRuntime[] = []

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
