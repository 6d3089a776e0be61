/**
 * From a config without faults to Settings: defaults merged, units converted, names expanded, paths absolute. Everything here
 * was checked before; a value that does not parse is a bug.
 */
import type { Service, Target } from '../domain/service.ts'
import { buildService, list } from './build-service.ts'
import { buildTarget, reachedBy, type Beside } from './build-target.ts'
import type { Environment } from './environment.ts'
import { parseListen } from './listen.ts'
import { parsed } from './problem.ts'
import { ROOT_DEFAULTS } from './defaults.ts'
import type { Config } from './schema.ts'
import type { Authorities, ComposeStack, Settings, Token } from './settings.ts'
import { containerParts } from './stack.ts'
import { parseSize } from './units.ts'
import { parseCompose, parseNetwork } from './values.ts'
import { buildWebhooks } from './webhooks.ts'

interface Surroundings extends Beside {
  /** Absolute path of the config file. */
  readonly file: string
  readonly env: Environment
  readonly tokens: readonly Token[]
}

/** The settings of a config that has no faults. */
export function buildSettings(config: Config, surroundings: Surroundings): Settings {
  const { file, authorities, env, tokens } = surroundings
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
    webhooks: buildWebhooks(config),
    services: buildServices(config, surroundings),
    compose: composeStacks(config, authorities),
    labelled:
      (docker?.labels ?? ROOT_DEFAULTS.docker.labels)
        ? { defaults: config.defaults ?? {}, authorities }
        : null,
  }
}

function buildServices({ services, defaults = {} }: Config, beside: Beside): Service[] {
  const entries = Object.entries(services ?? {})
  // All targets first: a service may depend on one that stands further down.
  const targets = new Map(
    entries.map(([name, own]): [string, Target] => [name, buildTarget(name, own, defaults, beside)]),
  )
  return entries.flatMap(([name, own]) => {
    const service = buildService(name, own, defaults, targets)
    return own.containers
      ? containerParts(service, own.containers, reachedBy(own, defaults, beside.authorities))
      : [service]
  })
}

function composeStacks({ services, defaults = {} }: Config, authorities: Authorities): ComposeStack[] {
  return Object.entries(services ?? {}).flatMap(([owner, own]) =>
    own.compose === undefined
      ? []
      : [{ owner, ...parsed(parseCompose(own.compose)), reached: reachedBy(own, defaults, authorities) }],
  )
}
