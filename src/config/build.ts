/**
 * From a config without faults to Settings: defaults merged, units converted, names expanded, paths absolute. Everything here
 * was checked before; a value that does not parse is a bug.
 */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { ReadyCheck, Route, Service, Target } from '../domain/service.ts'
import type { Environment } from './environment.ts'
import { parseListen } from './listen.ts'
import { parsed } from './problem.ts'
import { parseHost, parseRoutePath } from './route.ts'
import { READY_DEFAULTS, ROOT_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts'
import type { Config } from './schema.ts'
import type { DefaultsConfig, ServiceConfig } from './service-schema.ts'
import type { Settings, Token } from './settings.ts'
import { parseDuration, parseSize } from './units.ts'
import { parseNetwork, parseOrigin, parseStatus } from './values.ts'

interface Surroundings {
  /** Absolute path of the config file. */
  readonly file: string
  /** Its folder: what relative paths in it start from. */
  readonly folder: string
  readonly env: Environment
  readonly tokens: readonly Token[]
}

/** The settings of a config that has no faults. */
export function buildSettings(config: Config, { file, folder, env, tokens }: Surroundings): Settings {
  const { admin, limits, log, docker } = config
  return {
    file,
    listen: list(config.listen ?? ROOT_DEFAULTS.listen).map((text) => parsed(parseListen(text))),
    trustedProxies: [
      ...new Set(
        list(config.trusted_proxies ?? ROOT_DEFAULTS.trusted_proxies).flatMap((text) =>
          parsed(parseNetwork(text)),
        ),
      ),
    ],
    admin: { listen: parsed(parseListen(admin?.listen ?? ROOT_DEFAULTS.admin.listen)), tokens },
    limits: {
      heldRequests: limits?.held_requests ?? ROOT_DEFAULTS.limits.held_requests,
      heldBodyMemory: parsed(parseSize(limits?.held_body_memory ?? ROOT_DEFAULTS.limits.held_body_memory)),
    },
    log: { ...ROOT_DEFAULTS.log, ...log },
    docker: {
      host: docker?.host ?? (env['DOCKER_HOST'] || ROOT_DEFAULTS.docker.host),
      network: docker?.network ?? ROOT_DEFAULTS.docker.network,
    },
    services: Object.entries(config.services ?? {}).map(([name, service]) =>
      buildService(name, service, config.defaults ?? {}, folder),
    ),
  }
}

function buildService(name: string, own: ServiceConfig, defaults: DefaultsConfig, folder: string): Service {
  const options = { ...SERVICE_DEFAULTS, ...defaults, ...own }
  const target = buildTarget(name, own, options, folder)
  const hosts = list(own.hosts).map((host) => parsed(parseHost(host)))
  const paths = list(options.paths).map((path) => parsed(parseRoutePath(path)))
  return {
    name,
    routes: hosts.flatMap((host) =>
      paths.map((path): Route => ({ host, path, stripPrefix: options.strip_prefix })),
    ),
    target,
    ready: buildReady(own, defaults, hosts),
    // A default idle_timeout is meant for what can sleep.
    idleTimeout: target.kind === 'url' ? 0 : ms(options.idle_timeout),
    minAwake: ms(options.min_awake),
    startTimeout: ms(options.start_timeout),
    holdTimeout: ms(options.hold_timeout ?? options.start_timeout),
    stopTimeout: ms(options.stop_timeout),
    drainTimeout: ms(options.drain_timeout),
    maxHeld: options.max_held,
  }
}

function ms(value: string | number): number {
  return parsed(parseDuration(value))
}

function buildTarget(
  name: string,
  own: ServiceConfig,
  { port, scheme }: { port: number | null; scheme: 'http' | 'https' },
  folder: string,
): Target {
  if (own.url !== undefined) return { kind: 'url', ...parsed(parseOrigin(own.url)) }
  if (own.container !== undefined)
    return { kind: 'container', key: `container:${own.container}`, name: own.container, port, scheme }
  const [program, ...args] = own.process?.command ?? []
  if (!own.process || program === undefined || port === null)
    throw new Error(`service ${name} passed validation without a whole target`)
  const env = Object.entries(own.process.env ?? {}).map(([key, value]) => [key, String(value)] as const)
  const definition = {
    name,
    command: [program, ...args] as const,
    cwd: resolve(folder, own.process.cwd ?? '.'),
    env: Object.fromEntries(env),
    port,
    scheme,
  }
  // Another command or environment is another process: a reload then ends the old one and starts the new.
  const mark = createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 12)
  return { kind: 'process', key: `process:${name}:${mark}`, ...definition }
}

/** Merged key by key; `tcp` in one place and an HTTP check in the other do not mix, but for the default timeout. */
function buildReady(own: ServiceConfig, defaults: DefaultsConfig, hosts: readonly string[]): ReadyCheck {
  const common = typeof defaults.ready === 'object' ? defaults.ready : {}
  const wanted = own.ready ?? defaults.ready ?? {}
  const check = { ...READY_DEFAULTS, ...common, ...(wanted === 'tcp' ? {} : wanted) }
  const timeout = ms(check.timeout)
  if (wanted === 'tcp') return { kind: 'tcp', timeout }
  // Apps with a list of allowed hosts answer 400 to others; where only wildcards are known, any name they cover will do.
  const host = hosts.find((name) => !name.startsWith('*')) ?? hosts[0]?.replace('*', 'wakedock') ?? 'wakedock'
  return { kind: 'http', path: check.path, status: parsed(parseStatus(check.status)), timeout, host }
}

function list<T extends string>(value: T | readonly T[]): readonly T[] {
  return typeof value === 'string' ? [value] : value
}
