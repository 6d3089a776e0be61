/**
 * One service from a config without faults: its options over the defaults, in plain units. Shared by the file and by labels.
 */
import type { Need, ReadyCheck, Route, Service, Target } from '../domain/service.ts'
import { buildBusy, buildIgnore, buildSchedule, buildWaiting } from './build-policy.ts'
import { READY_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts'
import type { DefaultsConfig } from './policy-schema.ts'
import { parsed } from './problem.ts'
import { parseHost, parseRoutePath } from './route.ts'
import type { ServiceConfig } from './service-schema.ts'
import { parseDuration } from './units.ts'
import { parseStatus } from './values.ts'

/** The service `name`. `targets` are those of all services that it may depend on, by name, and its own. `routes`: other than its options say. */
export function buildService(
  name: string,
  own: ServiceConfig,
  defaults: DefaultsConfig,
  targets: ReadonlyMap<string, Target>,
  routes: readonly Route[] = buildRoutes(own, defaults),
): Service {
  const options = { ...SERVICE_DEFAULTS, ...defaults, ...own }
  const target = targets.get(name)
  if (!target) throw new Error(`service ${name} is built without a target`)
  const { kind } = target
  // Defaults are meant for what can make use of them: a url never sleeps, a process cannot be paused.
  const sleeps = kind !== 'url'
  return {
    name,
    routes,
    target,
    part: false,
    needs: buildNeeds(own, targets),
    ready: buildReady(own, defaults, kind),
    idleTimeout: sleeps ? ms(options.idle_timeout) : 0,
    streamIdleTimeout: sleeps ? ms(options.stream_idle_timeout) : 0,
    minAwake: ms(options.min_awake),
    startTimeout: ms(options.start_timeout),
    holdTimeout: ms(options.hold_timeout ?? options.start_timeout),
    stopTimeout: ms(options.stop_timeout),
    sleepMode: sleeps && kind !== 'process' ? options.sleep_mode : 'stop',
    drainTimeout: ms(options.drain_timeout),
    maxHeld: options.max_held,
    waiting: buildWaiting(own, defaults),
    ignore: sleeps ? buildIgnore(own, defaults) : null,
    schedule: sleeps ? buildSchedule(options.schedule, options.timezone) : null,
    busy: sleeps ? buildBusy(own, defaults, kind === 'process') : null,
  }
}

/** Every host with every path. */
export function buildRoutes(own: ServiceConfig, defaults: DefaultsConfig): readonly Route[] {
  const { paths, strip_prefix: stripPrefix } = { ...SERVICE_DEFAULTS, ...defaults, ...own }
  return hostsOf(own).flatMap((host) =>
    list(paths).map((path): Route => ({ host, path: parsed(parseRoutePath(path)), stripPrefix })),
  )
}

/** A name by which clients know the service. Where only wildcards are known, any name they cover will do. */
export function nameFor(own: ServiceConfig): string | undefined {
  const hosts = hostsOf(own)
  return hosts.find((name) => !name.startsWith('*')) ?? hosts[0]?.replace('*', 'wakedock')
}

function hostsOf({ hosts = [] }: ServiceConfig): readonly string[] {
  return list(hosts).map((host) => parsed(parseHost(host)))
}

function ms(value: string | number): number {
  return parsed(parseDuration(value))
}

/** What is always on needs no waiting for. */
function buildNeeds(own: ServiceConfig, targets: ReadonlyMap<string, Target>): readonly Need[] {
  const names = new Set(list(own.depends_on ?? SERVICE_DEFAULTS.depends_on))
  return [...names].flatMap((name): Need[] => {
    const target = targets.get(name)
    if (!target) throw new Error(`a service depends on ${name}, which was not checked`)
    return target.kind === 'url' ? [] : [{ key: target.key, until: 'ready' }]
  })
}

/**
 * Merged key by key; `tcp` in one place and an HTTP check in the other do not mix, but for timeout and health, which both
 * have. The default check is of no use without hosts: nobody knows what such a service speaks.
 */
function buildReady(own: ServiceConfig, defaults: DefaultsConfig, kind: Target['kind']): ReadyCheck {
  const hosts = hostsOf(own)
  // A process has no HEALTHCHECK, so `health` is not meant for it where it comes from the defaults.
  const container = kind === 'container' || kind === 'group'
  if (own.ready === undefined && hosts.length === 0) return { kind: 'running', health: true }
  const common = typeof defaults.ready === 'object' ? defaults.ready : {}
  const wanted = own.ready ?? defaults.ready ?? {}
  if (wanted === 'health' && container) return { kind: 'health' }
  const check = { ...READY_DEFAULTS, ...common, ...(typeof wanted === 'object' ? wanted : {}) }
  const timeout = ms(check.timeout)
  const health = check.health && container
  if (wanted === 'tcp') return { kind: 'tcp', timeout, health }
  // Apps with a list of allowed hosts answer 400 to others.
  const host = nameFor(own) ?? 'wakedock'
  return { kind: 'http', path: check.path, status: parsed(parseStatus(check.status)), timeout, host, health }
}

/** A value that may stand alone, as the list that it stands for. */
export function list<T extends string>(value: T | readonly T[]): readonly T[] {
  return typeof value === 'string' ? [value] : value
}
