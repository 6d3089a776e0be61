/**
 * Containers of a Docker Engine (or Podman's compatible API) as targets. It puts the parts of this folder together:
 * engine.ts speaks, events.ts listens, status.ts and address.ts understand, ../follow.ts keeps the order.
 * Nothing is loaded or connected before the first container is watched, started or asked for.
 */
import type { TargetError } from '../../errors.ts'
import type { Clock, Provider, ProviderListener } from '../../domain/ports.ts'
import type { ContainerTarget, Target } from '../../domain/service.ts'
import { Follower } from '../follow.ts'
import type { Observation } from '../follow.ts'
import { createCanon } from '../upstreams.ts'
import { isNamed } from './container.ts'
import type { Container } from './container.ts'
import { createEngine, DEADLINES, parseHost } from './engine.ts'
import { followEvents } from './events.ts'
import type { Change } from './events.ts'
import { findSelf } from './self.ts'
import type { Self } from './self.ts'
import { markOf, statusOf } from './status.ts'
import { createVerbs } from './verbs.ts'

export interface DockerProviderOptions {
  /** unix:///path, tcp://host:port or http(s)://host:port. */
  readonly host: string
  /** Network on which containers are reached; null: found out, see address.ts. */
  readonly network: string | null
  readonly clock: Clock
  /** Hears of every call of the API that has ended, and how many seconds it took. */
  readonly called?: (operation: string, seconds: number) => void
}

/** Questions at once. One takes 1 to 3 ms: more only makes each of them slower. */
const AT_ONCE = 16

/** @throws Error when `host` has a form that is not supported. */
export function createDockerProvider({ host, network, clock, called }: DockerProviderOptions): Provider {
  const { options, place, remote } = parseHost(host)
  const engine = createEngine(options, place, DEADLINES, called)
  const canon = createCanon()
  /** Last known container of each target: events of networks name containers by id alone. */
  const ids = new Map<string, string>()
  let self: Promise<Self> | null = null
  let following: AbortController | null = null
  let listener: ProviderListener | null = null
  let lost: boolean | null = null

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
    const [, sharing] = container.HostConfig.NetworkMode?.match(/^container:(.+)/) ?? []
    const located = sharing === undefined ? container : ((await engine.inspect(sharing)) ?? container)
    const { vantage } = await whereWeAre()
    const status = canon(target, statusOf(target, container, located, network, vantage))
    return { status, mark: markOf(container, status) }
  }

  const follower = new Follower<ContainerTarget>({ ask, clock, limit: AT_ONCE })

  const verbs = createVerbs({ engine, clock, find, ask })

  function onChange({ names }: Change): void {
    void concernsSelf(names)
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
    const onUp = (): void => {
      if (signal.aborted) return
      self = null
      if (lost !== false) listener?.back('docker')
      lost = false
      follower.resync()
    }
    void followEvents({ engine, clock, onUp, onLost, onChange, onCheck: () => follower.resync() }, signal)
    return stop
  }

  function onLost(error: TargetError): void {
    lost = true
    follower.suspend()
    listener?.lost('docker', error)
  }

  return {
    name: 'docker',
    start: (target) => follower.verb(container(target), () => verbs.start(container(target))),
    stop: (target, grace) => follower.verb(container(target), () => verbs.stop(container(target), grace)),
    inspect: (target) => follower.inspect(container(target)),
    watch(targets, to) {
      listener = to
      follower.watch(
        targets.filter((target) => target.kind === 'container'),
        to,
      )
      if (targets.length > 0) following ??= follow()
      else unfollow()
    },
    close() {
      unfollow()
      listener = null
      follower.close()
      engine.close()
      return Promise.resolve()
    },
  }

  /** Without containers to follow there is no reason to complain about a Docker that is not there. */
  function unfollow(): void {
    following?.abort()
    following = null
    lost = null
    follower.suspend()
  }
}

function container(target: Target): ContainerTarget {
  if (target.kind === 'container') return target
  throw new Error(`${target.key} is no container`)
}
