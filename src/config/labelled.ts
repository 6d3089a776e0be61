/**
 * The services that containers declare by their labels, as far as they fit beside those of the file. One container's mistake
 * leaves out that service and says so: it must not take down the others, and nobody refuses a `docker run`.
 */
import type { FoundContainer } from '../domain/ports.ts'
import type { Route, Service, Target } from '../domain/service.ts'
import { buildRoutes, buildService, list } from './build-service.ts'
import { buildTarget, containerKey } from './build-target.ts'
import { lasting, type Projects } from './compose.ts'
import { mainContainer } from './compose-stack.ts'
import { readLabels } from './labels.ts'
import { NAME_PATTERN, NAME_RULE } from './names.ts'
import type { ServiceConfig } from './service-schema.ts'
import type { Settings } from './settings.ts'
import { nearest } from './spelling.ts'

const ENABLE_LABEL = 'wakedock.enable'
const NAME_LABEL = 'wakedock.name'

interface Candidate {
  readonly name: string
  readonly container: string
  readonly config: ServiceConfig
  readonly target: Target
  readonly routes: readonly Route[]
}

/** Tells of a container what is wrong with it. */
type Warn = (container: string, sentence: string) => void

/** The services and, as sentences, what is wrong with the others; the oldest container first, by age then by name. */
export function labelledServices(
  settings: Settings,
  found: readonly FoundContainer[],
  projects: Projects,
): { services: readonly Service[]; warnings: readonly string[] } {
  if (!settings.labelled) return { services: [], warnings: [] }
  const { labelled } = settings
  const { defaults } = labelled
  const warnings: string[] = []
  const warn: Warn = (container, sentence) => warnings.push(`container ${container}: ${sentence}`)
  const candidates = lasting(found)
    .filter(({ labels }) => labels[ENABLE_LABEL] === 'true')
    .toSorted((a, b) => a.created - b.created || (a.name < b.name ? -1 : 1))
    .flatMap((container) => candidate(container, labelled, warn))
  const own = apart(candidates, settings, projects, warn)
  const placed = withTheirNeeds(withFreeRoutes(own, settings.services, warn), settings.services, warn)
  const targets = new Map(
    [...settings.services, ...placed].map(({ name, target }): [string, Target] => [name, target]),
  )
  const services = placed.map(({ name, config, routes }) =>
    buildService(name, config, defaults, targets, routes),
  )
  return { services, warnings }
}

function candidate(
  { name: container, labels }: FoundContainer,
  { defaults, authorities }: NonNullable<Settings['labelled']>,
  warn: Warn,
): Candidate[] {
  const { config, faults, warnings } = readLabels(container, labels, defaults)
  for (const sentence of [...faults, ...warnings]) warn(container, sentence)
  const name = labels[NAME_LABEL] ?? container.toLowerCase().slice(0, 63)
  const named = new RegExp(NAME_PATTERN).test(name)
  if (!named) warn(container, `label ${NAME_LABEL} is not a service name; ${NAME_RULE}`)
  if (!config || !named) return []
  const target = buildTarget(name, config, defaults, { folder: '', authorities })
  return [{ name, container, config, target, routes: buildRoutes(config, defaults) }]
}

/** Without those whose name or container belongs to the file or to an older container. */
function apart(
  candidates: readonly Candidate[],
  settings: Settings,
  projects: Projects,
  warn: Warn,
): readonly Candidate[] {
  const names = new Map(settings.services.map(({ name }) => [name, 'the config file']))
  const keys = new Map(settings.services.map(({ name, target }) => [target.key, name]))
  for (const stack of settings.compose) keys.set(containerKey(mainContainer(stack, projects)), stack.owner)
  return candidates.filter(({ name, container, target }) => {
    const owner = keys.get(target.key)
    const rival = names.get(name)
    if (owner !== undefined)
      // A part is the stack's.
      warn(
        container,
        `it belongs to service ${owner.split('/')[0]} of the config file, which wins; remove its labels`,
      )
    else if (rival !== undefined)
      warn(container, `there is a service ${name} in ${rival} already; set label ${NAME_LABEL}`)
    if (owner !== undefined || rival !== undefined) return false
    names.set(name, `the labels of container ${container}`)
    return true
  })
}

/** Without the routes that the file or an older container has. */
function withFreeRoutes(
  candidates: readonly Candidate[],
  others: readonly Service[],
  warn: Warn,
): readonly Candidate[] {
  const owners = new Map<string, string>()
  for (const { name, routes } of others) for (const route of routes) owners.set(address(route), name)
  return candidates.map((candidate) => {
    const routes = candidate.routes.filter((route) => {
      const owner = owners.get(address(route))
      if (owner !== undefined)
        warn(
          candidate.container,
          `${address(route)} leads to service ${owner} already; change label wakedock.hosts or wakedock.paths`,
        )
      return owner === undefined
    })
    for (const route of routes) owners.set(address(route), candidate.name)
    return { ...candidate, routes }
  })
}

function address({ host, path }: Route): string {
  return `${host}${path}`
}

/** Without those that need what is not there, or that nothing would ever wake; until nothing changes any more. */
function withTheirNeeds(
  candidates: readonly Candidate[],
  others: readonly Service[],
  warn: Warn,
): readonly Candidate[] {
  const names = [...others.filter(({ part }) => !part), ...candidates].map(({ name }) => name)
  const needed = new Set(
    candidates.flatMap(({ name, config }) => dependsOn(config).filter((other) => other !== name)),
  )
  const left = candidates.filter(({ name, container, config, routes }) => {
    const unknown = dependsOn(config).find((other) => other === name || !names.includes(other))
    if (unknown === name) warn(container, 'label wakedock.depends_on is the service itself; remove it')
    else if (unknown !== undefined) {
      const near = nearest(
        unknown,
        names.filter((known) => known !== name),
      )
      const hint = near ? `did you mean ${near}?` : 'label it, or remove it here'
      warn(container, `label wakedock.depends_on names ${unknown}, which is not one of the services; ${hint}`)
    }
    if (unknown !== undefined) return false
    if (routes.length > 0 || needed.has(name)) return true
    // With hosts that are all taken, that has been said.
    if (config.hosts === undefined)
      warn(container, 'label wakedock.hosts is missing; add it, for example wakedock.hosts=blog.example.com')
    return false
  })
  return left.length === candidates.length ? left : withTheirNeeds(left, others, warn)
}

function dependsOn({ depends_on = [] }: ServiceConfig): readonly string[] {
  return list(depends_on)
}
