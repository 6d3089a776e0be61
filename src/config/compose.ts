/**
 * What the labels of Docker Compose say of a project: which container is which replica of which service, and what has to
 * be the case before it may start. Compose writes them in pkg/compose/create.go (prepareLabels) and reads them back in
 * pkg/compose/compose.go (projectFromName); where its compose file is, nobody needs to know.
 */
import type { FoundContainer } from '../domain/ports.ts'
import type { Need } from '../domain/service.ts'

const LABEL = 'com.docker.compose'
const PROJECT_LABEL = `${LABEL}.project`
const SERVICE_LABEL = `${LABEL}.service`

/** One replica of a service. */
export interface Member {
  readonly service: string
  /** Counted from 1. */
  readonly number: number
  readonly container: string
  readonly dependsOn: readonly Dependency[]
}

export interface Dependency {
  readonly service: string
  readonly until: Need['until']
  /** Its HEALTHCHECK is what is waited for. */
  readonly healthy: boolean
}

/** The containers of every project by its name, ordered by service and number. */
export type Projects = ReadonlyMap<string, readonly Member[]>

/** What `found` has of Compose projects. */
export function projectsOf(found: readonly FoundContainer[]): Projects {
  const projects = new Map<string, Member[]>()
  for (const { name: container, labels } of lasting(found)) {
    const [project, service] = [labels[PROJECT_LABEL], labels[SERVICE_LABEL]]
    if (project === undefined || service === undefined) continue
    const dependsOn = dependenciesOf(labels[`${LABEL}.depends_on`] ?? '')
    const members = projects.get(project) ?? []
    members.push({ service, number: numberOf(labels), container, dependsOn })
    projects.set(project, members)
  }
  for (const members of projects.values())
    members.sort((a, b) => compare(a.service, b.service) || a.number - b.number)
  return projects
}

function numberOf(labels: FoundContainer['labels']): number {
  return Number.parseInt(labels[`${LABEL}.container-number`] ?? '', 10) || 1
}

/**
 * Without the containers that Compose makes in passing: those of `compose run`, and while it recreates one, the one of the two that
 * will go. Containers that are not Compose's all stay.
 */
export function lasting(found: readonly FoundContainer[]): readonly FoundContainer[] {
  const best = new Map<string, FoundContainer>()
  for (const container of found) {
    const { name, labels } = container
    if (labels[`${LABEL}.oneoff`]?.toLowerCase() === 'true') continue
    const service = labels[SERVICE_LABEL]
    const place = service === undefined ? name : `${labels[PROJECT_LABEL]}/${service}/${numberOf(labels)}`
    const rival = best.get(place)
    if (!rival || isPreferred(container, rival)) best.set(place, container)
  }
  return [...best.values()]
}

/**
 * For the time of a recreate one of the two has its id before its name: the new one, or in old versions the old one. The plain name
 * is the one that lasts; with two of them, the newer is meant.
 */
function isPreferred(a: FoundContainer, b: FoundContainer): boolean {
  const [aside, bside] = [a, b].map(({ name }) => /^[0-9a-f]{12}_/.test(name))
  if (aside !== bside) return !aside
  return a.created === b.created ? a.name < b.name : a.created > b.created
}

/**
 * "db:service_healthy:false,cache:service_started:true": service, condition, and whether Compose restarts this one along with
 * it, which does not matter here. The label is there, and empty, where nothing is needed.
 */
function dependenciesOf(label: string): readonly Dependency[] {
  return label.split(',').flatMap((entry) => {
    const [service = '', condition] = entry.trim().split(':')
    if (service === '') return []
    return [{ service, until: untilOf(condition), healthy: condition === 'service_healthy' }]
  })
}

/** No condition (Compose before 2.3) is read as Compose reads it: running, or healthy where it has a HEALTHCHECK. */
function untilOf(condition: string | undefined): Need['until'] {
  switch (condition) {
    case undefined:
    case 'service_running_or_healthy':
    case 'service_healthy':
      return 'ready'
    case 'service_completed_successfully':
      return 'completed'
    default:
      return 'running'
  }
}

/** By code units: the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
