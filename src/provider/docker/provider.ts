/**
 * Containers of a Docker Engine (or Podman's compatible API) as targets. It puts the parts of this folder together:
 * engine.ts speaks, events.ts listens, status.ts and address.ts understand, discovery.ts lists, healthcheck.ts checks,
 * logs.ts reads, ../follow.ts keeps the order. Nothing is loaded or connected before the first container is watched, started, listed or
 * asked for.
 */
import { TargetError } from '../../errors.ts'
import type {
  Clock,
  FoundContainer,
  Insight,
  ProbeResult,
  Provider,
  ProviderListener,
  TargetStatus,
  Upstream,
  Usage,
} from '../../domain/ports.ts'
import type { ContainerTarget, Target } from '../../domain/service.ts'
import { Follower } from '../follow.ts'
import type { Observation } from '../follow.ts'
import { createCanon } from '../upstreams.ts'
import { isNamed } from './container.ts'
import type { Container } from './container.ts'
import { DEADLINES, parseHost } from './connection.ts'
import type { Deadlines } from './connection.ts'
import { Discovery } from './discovery.ts'
import type { Wanted } from './discovery.ts'
import { createEngine } from './engine.ts'
import { followEvents } from './events.ts'
import type { Change } from './events.ts'
import { missing } from './faults.ts'
import { createHealthchecks } from './healthcheck.ts'
import { createLogs } from './logs.ts'
import { findSelf } from './self.ts'
import type { Self } from './self.ts'
import { markOf, statusOf } from './status.ts'
import { memoryOf, notRunning, usageOf } from './usage.ts'
import { createVerbs } from './verbs.ts'

export interface DockerProviderOptions {
  /** unix:///path, tcp://host:port or http(s)://host:port. */
  readonly host: string
  /** Network on which containers are reached; null: found out, see address.ts. */
  readonly network: string | null
  readonly clock: Clock
  /** Hears of every call of the API that has ended, and how many seconds it took. */
  readonly called?: (operation: string, seconds: number) => void
  /** Default: DEADLINES. */
  readonly deadlines?: Deadlines
}

export interface DockerProvider extends Provider, Insight {
  /**
   * Runs the container's own HEALTHCHECK once, as Docker does: in the container, as its user, in its environment and folder. A
   * call rests first where the last one has only just ended. Ready at once when Docker itself says healthy. The
   * time it may take is the container's (`--health-timeout`, 30 s where it names none). Never rejects.
   */
  runHealthcheck(upstream: Upstream, signal: AbortSignal): Promise<ProbeResult>
  /**
   * Lists the wanted containers at every (re)connect, before `back` is told, and whenever they may have changed; null: none.
   * While something is wanted the engine is followed even if no container is watched.
   *
   * @param heard called with all of them when they differ from the last time; never from within this call
   * @param failed called once when they cannot be listed although Docker answers (a socket proxy that forbids it); it
   *   is tried again every second
   */
  discover(
    wanted: Wanted | null,
    heard: (found: readonly FoundContainer[]) => void,
    failed?: (error: TargetError) => void,
  ): void
}

/** Questions at once. One takes 1 to 3 ms: more only makes each of them slower. */
const AT_ONCE = 16

/** States in which an engine counts what a container uses. */
const COUNTED = new Set(['running', 'paused', 'stopping'])

/** @throws Error when `host` has a form that is not supported. */
export function createDockerProvider({
  host,
  network,
  clock,
  called,
  deadlines = DEADLINES,
}: DockerProviderOptions): DockerProvider {
  const { options, place, remote } = parseHost(host)
  const engine = createEngine(options, place, deadlines, called)
  const discovery = new Discovery(engine, clock)
  const healthchecks = createHealthchecks({ engine, clock })
  const canon = createCanon()
  /** Last known container of each target: events of networks name containers by id alone. */
  const ids = new Map<string, string>()
  let self: Promise<Self> | null = null
  let following: AbortController | null = null
  let listener: ProviderListener | null = null
  let watching = false
  let lost: boolean | null = null
  /** Why Docker does not answer; null: it does, or has not been asked yet. */
  let outage: TargetError | null = null

  /** Forgotten with every connection, and when it could not be told. */
  function whereWeAre(): Promise<Self> {
    if (self === null) {
      const asked = findSelf(remote, (id) => engine.inspect(id))
      self = asked
      asked.catch(() => {
        if (self === asked) self = null
      })
    }
    return self
  }

  async function find(name: string): Promise<Container | null> {
    const container = await engine.inspect(name)
    return container !== null && isNamed(container, name) ? container : null
  }

  async function ask(target: ContainerTarget): Promise<Observation> {
    const container = await find(target.name)
    if (container === null) {
      ids.delete(target.key)
      return { status: { state: 'missing' }, mark: 'missing' }
    }
    ids.set(target.key, container.Id)
    const status = canon(target, await understand(target, container))
    if (status.state === 'running') healthchecks.learn(status.upstream, container)
    return { status, mark: markOf(container, status) }
  }

  async function understand(target: ContainerTarget, container: Container): Promise<TargetStatus> {
    if (!target.addressed) return statusOf(target, container, container, network, null)
    const [, sharing] = container.HostConfig.NetworkMode?.match(/^container:(.+)/) ?? []
    const located = sharing === undefined ? container : ((await engine.inspect(sharing)) ?? container)
    const { vantage } = await whereWeAre()
    return statusOf(target, container, located, network, vantage)
  }

  async function usage({ name }: ContainerTarget): Promise<Usage> {
    const found = await find(name)
    if (found === null) throw missing(name)
    if (!COUNTED.has(found.State.Status)) throw notRunning(name)
    const stats = await engine.stats(found)
    if (stats === null) throw missing(name)
    return usageOf(name, stats)
  }

  async function memory({ name }: ContainerTarget): Promise<number | null> {
    const found = await find(name)
    if (found === null) throw missing(name)
    const stats = COUNTED.has(found.State.Status) ? await engine.stats(found) : null
    return stats && memoryOf(stats)
  }

  const logs = createLogs({ engine, clock, find })
  const follower = new Follower<ContainerTarget>({ ask, clock, limit: AT_ONCE })

  const verbs = createVerbs({ engine, clock, find, ask })

  function onChange(change: Change): void {
    const { names } = change
    void concernsSelf(names)
    discovery.changed(change)
    logs.changed(names)
    follower.changed((target) => names.includes(target.name) || names.includes(ids.get(target.key) ?? ''))
  }

  /** WakeDock's own container was connected to a network: containers there can be reached now. */
  async function concernsSelf(names: readonly string[]): Promise<void> {
    const known = await self?.catch(() => null)
    if (!known?.id || !names.includes(known.id)) return
    self = null
    follower.resync()
  }

  function follow(): AbortController {
    const stop = new AbortController()
    const { signal } = stop
    const onUp = async (): Promise<void> => {
      if (signal.aborted) return
      self = null
      // Services are made of what is listed: they are to be there when the statuses come.
      await discovery.connected()
      if (signal.aborted) return
      if (lost !== false) listener?.back('docker')
      lost = false
      outage = null
      follower.resync()
    }
    const onCheck = (): void => {
      void discovery.list()
      follower.resync()
    }
    void followEvents({ engine, clock, onUp, onLost, onChange, onCheck }, signal)
    return stop
  }

  function onLost(error: TargetError): void {
    lost = true
    outage = error
    discovery.disconnected()
    follower.suspend()
    listener?.lost('docker', error)
  }

  return {
    name: 'docker',
    start(target) {
      // What it needs may be on a list that is still to come: then it would be started without that.
      if (discovery.pending) return Promise.reject(outage ?? notListed())
      return follower.verb(container(target), () => verbs.start(container(target)))
    },
    stop: (target, grace) => follower.verb(container(target), () => verbs.stop(container(target), grace)),
    inspect: (target) => follower.inspect(container(target)),
    pause: (target) => follower.verb(container(target), () => verbs.pause(container(target))),
    usage: (target) => usage(container(target)),
    memory: (target) => memory(container(target)),
    logs: (target, options) => logs.read(container(target).name, options),
    runHealthcheck: (upstream, signal) => healthchecks.run(upstream, signal),
    watch(targets, to) {
      // Whoever comes after the connection has not heard of it.
      if (listener === null) unfollow()
      listener = to
      const own = targets.filter((target) => target.kind === 'container')
      follower.watch(own, to)
      watching = own.length > 0
      followOrNot()
    },
    discover(wanted, heard, failed = () => undefined) {
      discovery.want(wanted, { heard, failed })
      followOrNot()
    },
    close() {
      unfollow()
      listener = null
      follower.close()
      logs.close()
      engine.close()
      return Promise.resolve()
    },
  }

  /** With nothing to follow there is no reason to complain about a Docker that is not there. */
  function followOrNot(): void {
    if (watching || discovery.wants) following ??= follow()
    else unfollow()
  }

  function unfollow(): void {
    following?.abort()
    following = null
    lost = null
    discovery.disconnected()
    follower.suspend()
  }
}

function notListed(): TargetError {
  return new TargetError(
    'unreachable',
    'Docker has not listed its containers yet',
    'Wait a moment; if it lasts, see whether Docker answers.',
  )
}

function container(target: Target): ContainerTarget {
  if (target.kind === 'container') return target
  throw new Error(`${target.key} is no container`)
}
