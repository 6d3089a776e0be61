/**
 * From the settings and what the engine lists to the whole set of services: Compose projects become stacks, labelled
 * containers become services. Called again whenever the list changes; the services of the file alone stay the same objects.
 */
import type { FoundContainer } from '../domain/ports.ts'
import type { Service } from '../domain/service.ts'
import { findCircles } from './circles.ts'
import { projectsOf, type Projects } from './compose.ts'
import { projectServices, type OwnedStack } from './compose-stack.ts'
import { labelledServices } from './labelled.ts'
import type { Settings } from './settings.ts'

/** What has to be listed. */
export interface Wanted {
  /** Compose projects, all containers of each. */
  readonly projects: readonly string[]
  /** Containers with the label wakedock.enable=true. */
  readonly labelled: boolean
}

export interface Resolved {
  /** In the order of the file, parts after their owner; labelled ones at the end, the oldest container first. */
  readonly services: readonly Service[]
  /** Sentences for the log. */
  readonly warnings: readonly string[]
}

/** null: nothing, the settings are complete. */
export function wantedOf(settings: Settings): Wanted | null {
  const projects = [...new Set(settings.compose.map(({ project }) => project))]
  const labelled = settings.labelled !== null
  return projects.length > 0 || labelled ? { projects, labelled } : null
}

/**
 * Every service there is. Where nothing is found (yet), a Compose service is a guessed container, so that requests for it
 * wait and are told what is missing. Containers that nobody asked for are ignored.
 */
export function resolveServices(settings: Settings, found: readonly FoundContainer[]): Resolved {
  const projects = projectsOf(found)
  const labelled = labelledServices(settings, found, projects)
  const known = [...settings.services, ...labelled.services]
  const { services, warnings } = withoutCircles(withProjects(settings, known, projects))
  return { services, warnings: [...labelled.warnings, ...warnings] }
}

function withProjects(settings: Settings, known: readonly Service[], found: Projects): readonly Service[] {
  const byName = new Map(known.map((service) => [service.name, service]))
  const projects = new Map<string, [OwnedStack, ...OwnedStack[]]>()
  for (const stack of settings.compose) {
    const owner = byName.get(stack.owner)
    if (!owner) throw new Error(`there is no service ${stack.owner} for its Compose project`)
    const stacks = projects.get(stack.project)
    if (stacks) stacks.push({ stack, owner })
    else projects.set(stack.project, [{ stack, owner }])
  }
  const taken = new Set(known.map(({ target }) => target.key))
  // Of each owner, what takes its place.
  const complete = new Map<string, readonly Service[]>()
  for (const stacks of projects.values()) {
    const { owners, parts } = projectServices(stacks, taken, found)
    for (const [index, owner] of owners.entries())
      complete.set(owner.name, index === 0 ? [owner, ...parts] : [owner])
  }
  return known.flatMap((service) => complete.get(service.name) ?? [service])
}

/** Compose refuses circles, and so does the file; but the two, or labels, can still make one together. */
function withoutCircles(services: readonly Service[]): Resolved {
  const byKey = new Map(services.map((service) => [service.target.key, service]))
  const circles = findCircles([...byKey.keys()], (key) =>
    (byKey.get(key)?.needs ?? []).map((need) => need.key),
  )
  if (circles.length === 0) return { services, warnings: [] }
  const dropped = new Map<string, Set<string>>()
  const warnings = circles.map((circle) => {
    const [first = '', last = ''] = [circle[0], circle.at(-1)]
    dropped.set(last, (dropped.get(last) ?? new Set()).add(first))
    const names = [...circle, first].map((key) => byKey.get(key)?.name ?? key)
    return `service ${names.at(-2)}: it needs ${names.at(-1)}, which closes a circle (${names.join(' → ')}), and is woken without it; change depends_on of one of these`
  })
  return {
    services: services.map((service) => {
      const without = dropped.get(service.target.key)
      return without ? { ...service, needs: service.needs.filter(({ key }) => !without.has(key)) } : service
    }),
    warnings,
  }
}
