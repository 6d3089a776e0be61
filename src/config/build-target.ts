/**
 * What is behind a service, from a config without faults. The keys made here say when two services, or two readings of a
 * file, mean the same thing: they survive a reload, and edges between services are written with them.
 */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { ContainerTarget, Target } from '../domain/service.ts'
import { SERVICE_DEFAULTS } from './defaults.ts'
import type { DefaultsConfig } from './policy-schema.ts'
import { parsed } from './problem.ts'
import type { ServiceConfig } from './service-schema.ts'
import type { Authorities, Reached } from './settings.ts'
import { buildTls } from './tls.ts'
import { parseCompose, parseOrigin, type ComposeName } from './values.ts'

/** What options of a target refer to. */
export interface Beside {
  /** What a process's `cwd` starts from. */
  readonly folder: string
  readonly authorities: Authorities
}

/** The target of service `name`. */
export function buildTarget(
  name: string,
  own: ServiceConfig,
  defaults: DefaultsConfig,
  { folder, authorities }: Beside,
): Target {
  const { url, container, containers, compose } = own
  if (url !== undefined) return urlTarget(url, own, defaults, authorities)
  if (container !== undefined) return containerTarget(container, reachedBy(own, defaults, authorities))
  const main = containers?.at(-1)
  if (containers && main !== undefined)
    return {
      kind: 'group',
      key: `stack:${name}/${main}`,
      name: containers.join(', '),
      main: containerKey(main),
    }
  if (compose !== undefined) {
    const stack = parsed(parseCompose(compose))
    return { kind: 'group', key: `compose:${compose}`, name: compose, main: containerKey(guessedMain(stack)) }
  }
  return processTarget(name, own, folder, reachedBy(own, defaults, authorities))
}

/**
 * How the service's options say that requests reach it. Nobody sends requests to one without hosts, so it needs no port and no
 * address; unless its own port or check says that it has them.
 */
export function reachedBy(own: ServiceConfig, defaults: DefaultsConfig, authorities: Authorities): Reached {
  const { port, scheme } = { ...SERVICE_DEFAULTS, ...defaults, ...own }
  const probed = own.ready !== undefined && own.ready !== 'health'
  const addressed = own.hosts !== undefined || typeof own.port === 'number' || probed
  const tls = scheme === 'https' && buildTls(own, defaults, authorities)
  return { port, scheme, addressed, ...(tls && { tls }) }
}

/** It is no run of anything that another one could follow: with other TLS settings it is another upstream, and so another key. */
function urlTarget(
  url: string,
  own: ServiceConfig,
  defaults: DefaultsConfig,
  authorities: Authorities,
): Target {
  const origin = parsed(parseOrigin(url))
  if (origin.scheme === 'http') return { kind: 'url', ...origin }
  const tls = buildTls(own, defaults, authorities, origin.host)
  if (tls.ca === null && tls.serverName === origin.host && !tls.insecure) return { kind: 'url', ...origin }
  return { kind: 'url', ...origin, key: `${origin.key}#${digest(tls)}`, tls }
}

/** The same for the same content. */
function digest(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
}

/** One key for a container wherever it stands: a part of a stack that is a service of its own as well runs once. */
export function containerKey(name: string): string {
  return `container:${name}`
}

export function containerTarget(name: string, reached: Reached): ContainerTarget {
  return { kind: 'container', key: containerKey(name), name, ...reached }
}

/**
 * The name that Compose gives the first container of a service (docker/compose pkg/compose/containers.go), which stands for
 * it until the engine has listed the real one: requests for it can wait, and are told when there is no such container.
 */
export function guessedMain({ project, service }: ComposeName): string {
  return `${project}-${service}-1`
}

function processTarget(
  name: string,
  own: ServiceConfig,
  folder: string,
  { port, scheme, tls }: Reached,
): Target {
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
  // Another command or environment is another process: a reload then ends the old one and starts the new. How we look at its
  // certificate is no business of its own.
  return { kind: 'process', key: `process:${name}:${digest(definition)}`, ...definition, ...(tls && { tls }) }
}
