/**
 * A provider whose containers are variables. It keeps the contract of ports.ts (statuses are never older than the last
 * verb, none during one) and says so loudly when the core breaks its side: two verbs at once on one target.
 */
import { TargetError, type FailureReason } from '../../src/errors.ts'
import type {
  Health,
  Provider,
  ProviderListener,
  TargetStatus,
  Upstream,
  Usage,
} from '../../src/domain/ports.ts'
import type { Target } from '../../src/domain/service.ts'

export interface Verb {
  readonly kind: 'start' | 'stop' | 'pause'
  /** Carries it out. */
  succeed(): void
  /** The call fails, with or without having had its effect. */
  fail(reason: FailureReason, effect?: boolean): void
}

interface Container {
  target: Target
  status: TargetStatus
  runs: number
  verb: Verb | null
  /** A change the core has not heard of. */
  unheard: boolean
  /** Watched anew: its status is due whatever a verb under way has told its caller. */
  anew: boolean
}

export class FakeProvider implements Provider {
  readonly name = 'fake'
  readonly calls: string[] = []
  /** What the core did against the contract. */
  readonly violations: string[] = []
  /** What every target has used so far. */
  used: Usage = { cpuSeconds: 0, networkBytes: 0 }
  /** Called before a target is asked for what it has used. May throw: then that cannot be told. */
  beforeUsage: (target: Target) => void = () => undefined
  /** Called before a stop or pause is begun: the place to look whether it may. */
  beforeStop: (target: Target) => void = () => undefined
  /** Called before a start is begun. */
  beforeStart: (target: Target) => void = () => undefined
  /** Verbs succeed at once unless set. */
  manual = false
  /** Changes are heard at once unless set. */
  silent = false
  reachable = true
  readonly #containers = new Map<string, Container>()
  #listener: ProviderListener | null = null
  #watched = new Set<string>()

  /** Keys of targets that end with exit code 0 as soon as they are started. */
  readonly jobs = new Set<string>()
  /** Keys of targets with a HEALTHCHECK, which says nothing yet when they start. */
  readonly checked = new Set<string>()
  /** Keys of targets that run from now on without anybody being able to tell where. */
  readonly addressless = new Set<string>()

  /** Makes a container; stopped unless said otherwise. */
  add(target: Target, status: TargetStatus['state'] = 'stopped'): void {
    const container: Container = {
      target,
      status: stopped(0),
      runs: 0,
      verb: null,
      unheard: false,
      anew: false,
    }
    this.#containers.set(target.key, container)
    if (status === 'running') container.status = this.#run(container)
    if (status === 'missing') container.status = { state: 'missing' }
  }

  status(target: Target): TargetStatus {
    return this.#of(target).status
  }

  verb(target: Target): Verb | null {
    return this.#of(target).verb
  }

  /** Whether the core has been told of its present status. */
  isHeard(target: Target): boolean {
    return this.#containers.get(target.key)?.unheard === false
  }

  /** What is under way, by target. */
  get verbs(): readonly { readonly target: Target; readonly verb: Verb }[] {
    return [...this.#containers.values()].flatMap(({ target, verb }) =>
      verb === null ? [] : [{ target, verb }],
    )
  }

  /** Every target there ever was. */
  get targets(): Target[] {
    return [...this.#containers.values()].map(({ target }) => target)
  }

  /** Somebody else changes the container: a hand, a crash, the engine. */
  change(target: Target, status: TargetStatus | 'running'): void {
    const container = this.#of(target)
    container.status = status === 'running' ? this.#run(container) : status
    container.unheard = true
    if (!this.silent) this.hear()
  }

  /** Delivers what has changed, as the event stream does. */
  hear(): void {
    for (const container of this.#containers.values()) {
      if (
        !this.#answers(container.target) ||
        !container.unheard ||
        container.verb !== null ||
        !this.#watched.has(container.target.key)
      )
        continue
      container.unheard = false
      container.anew = false
      this.#listener?.status(container.target, container.status)
    }
  }

  lose(): void {
    this.reachable = false
    this.#listener?.lost(this.name, unreachable())
  }

  /** Answers again, and resyncs. */
  comeBack(): void {
    this.reachable = true
    this.#listener?.back(this.name)
    for (const container of this.#containers.values()) container.unheard = true
    this.hear()
  }

  /** A local process is WakeDock's own child: no engine stands between. */
  #answers({ kind }: Target): boolean {
    return this.reachable || kind === 'process'
  }

  start(target: Target): Promise<TargetStatus> {
    this.beforeStart(target)
    return this.#verb(target, 'start', (container) => {
      if (container.status.state === 'missing') return Promise.reject(missing())
      if (container.status.state !== 'running') container.status = this.#run(container)
      // A container that has nothing to do any more ends by itself, and did so before the call returned.
      if (this.jobs.has(target.key)) container.status = stopped(0)
      return container.status
    })
  }

  async stop(target: Target): Promise<void> {
    this.beforeStop(target)
    await this.#verb(target, 'stop', (container) => {
      if (container.status.state !== 'missing') container.status = stopped(143)
      return container.status
    })
  }

  async pause(target: Target): Promise<void> {
    this.beforeStop(target)
    await this.#verb(target, 'pause', (container) => {
      const { state } = container.status
      if (state === 'running' || state === 'unusable') container.status = { state: 'paused' }
      return container.status
    })
  }

  usage(target: Target): Promise<Usage> {
    if (!this.#answers(target)) return Promise.reject(unreachable())
    const { state } = this.#of(target).status
    if (state !== 'running' && state !== 'unusable') return Promise.reject(missing())
    try {
      this.beforeUsage(target)
    } catch (error) {
      return Promise.reject(error)
    }
    return Promise.resolve(this.used)
  }

  /** Its own check of its health says so. */
  health(target: Target, health: Health): void {
    const container = this.#of(target)
    if (container.status.state === 'running') this.change(target, { ...container.status, health })
  }

  inspect(target: Target): Promise<TargetStatus> {
    if (!this.#answers(target)) return Promise.reject(unreachable())
    return Promise.resolve(this.#of(target).status)
  }

  watch(targets: readonly Target[], listener: ProviderListener): void {
    this.#listener = listener
    const before = this.#watched
    this.#watched = new Set(targets.map(({ key }) => key))
    for (const target of targets) {
      if (!this.#containers.has(target.key)) this.add(target)
      const container = this.#of(target)
      // Another object is another definition, as far as anybody can tell: its status is told again.
      if (!before.has(target.key) || container.target !== target) {
        container.unheard = true
        container.anew = true
      }
      container.target = target
    }
    queueMicrotask(() => this.hear())
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #verb(
    target: Target,
    kind: Verb['kind'],
    effect: (container: Container) => TargetStatus | Promise<TargetStatus>,
  ): Promise<TargetStatus> {
    const container = this.#of(target)
    this.calls.push(`${kind} ${target.key}`)
    if (container.verb !== null) this.violations.push(`${kind} while ${container.verb.kind} is under way`)
    if (!this.#answers(target)) return Promise.reject(unreachable())
    const { promise, resolve, reject } = Promise.withResolvers<TargetStatus>()
    const end = (settle: () => void): void => {
      container.verb = null
      container.unheard = container.anew
      settle()
    }
    container.verb = {
      kind,
      succeed: () => {
        end(() => {
          resolve(effect(container))
        })
      },
      fail: (reason, hadEffect = false) => {
        // A call that fails tells nothing of the target.
        const { unheard } = container
        end(() => {
          if (hadEffect && container.status.state !== 'missing') void effect(container)
          reject(new TargetError(reason, `${kind} failed`, 'Try again.'))
        })
        container.unheard ||= unheard || hadEffect
      },
    }
    if (!this.manual) container.verb.succeed()
    return promise
  }

  #run(container: Container): TargetStatus {
    container.runs++
    const { key } = container.target
    const generation = `${key}#${container.runs}`
    if (this.addressless.has(key)) return { state: 'unusable', generation, error: noAddress() }
    const healthcheck = this.checked.has(key)
    const upstream: Upstream = {
      protocol: 'http',
      host: '192.0.2.1',
      port: 80,
      generation,
      relayed: false,
      healthcheck,
    }
    return { state: 'running', upstream, health: healthcheck ? 'starting' : null }
  }

  #of(target: Target): Container {
    const container = this.#containers.get(target.key)
    if (container === undefined) throw new Error(`no container ${target.key}`)
    return container
  }
}

export function stopped(exitCode: number, oom = false): TargetStatus {
  return { state: 'stopped', exitCode, oom }
}

function missing(): TargetError {
  return new TargetError('missing', 'no such container', 'Create it.')
}

function unreachable(): TargetError {
  return new TargetError('unreachable', 'the provider does not answer', 'Start it.')
}

function noAddress(): TargetError {
  return new TargetError('no_address', 'nothing says which port it listens on', 'Set port.')
}
