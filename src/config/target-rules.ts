/**
 * The rules about what is behind the services: each target belongs to one of them, and what they need of each other can be had.
 */
import { findCircles } from './circles.ts'
import type { Findings } from './fault.ts'
import { each, services, type LooseConfig, type Spoiled } from './loose.ts'
import { Problem } from './problem.ts'
import type { Path } from './schema-node.ts'
import { nearest } from './spelling.ts'

/** Two services on one container, or one project's service, would put it to sleep under each other. */
export function checkTargets(config: LooseConfig, findings: Findings): void {
  const taken = new Map<string, Path>()
  const claim = (key: string, here: Path, owner: Path, what: string): void => {
    const rival = taken.get(key)
    taken.set(key, rival ?? here)
    if (!rival) return
    const own = owner.every((step, index) => rival[index] === step)
    const plain = here.at(-1) === 'container' && rival.at(-1) === 'container'
    const hint = own
      ? 'remove one'
      : plain || what !== 'container'
        ? 'give one service the hosts of both'
        : 'give it a service of its own, and name that in depends_on'
    findings.fault(here, new Problem(`is the same ${what} as ${findings.line(rival)}`, hint))
  }
  for (const [path, { container, containers, compose }] of services(config)) {
    const named = [...each(container, [...path, 'container']), ...each(containers, [...path, 'containers'])]
    for (const [name, here] of named) {
      claim(`container:${name}`, here, path, 'container')
      // Short and full form, as "docker ps" and "docker inspect" print them. A name may look like that too.
      if (/^([0-9a-f]{12}|[0-9a-f]{64})$/.test(name))
        findings.warn(
          here,
          new Problem('looks like a container id, which every recreate changes', 'write the name'),
        )
    }
    if (compose !== undefined)
      claim(`compose:${compose}`, [...path, 'compose'], path, 'service of a Compose project')
  }
}

/** depends_on names other services, and leads nowhere back. */
export function checkDependencies(config: LooseConfig, spoiled: Spoiled, findings: Findings): void {
  const all = new Map(services(config).map(([path, service]) => [String(path.at(-1)), service]))
  const needed = new Set<string>()
  const edges = new Map<string, readonly (readonly [string, Path])[]>()
  for (const [name, service] of all) {
    const entries = [...each(service.depends_on, ['services', name, 'depends_on'])]
    for (const [other, here] of entries) {
      const problem = dependencyProblem(name, other, [...all.keys()], spoiled)
      if (problem) findings.fault(here, problem)
      needed.add(all.has(other) ? other : (nearest(other, [...all.keys()]) ?? other))
      if (all.get(other)?.url !== undefined)
        findings.warn(here, new Problem('is a url, which is always on and need not be woken', 'remove it'))
    }
    edges.set(
      name,
      entries.filter(([other]) => other !== name),
    )
  }
  for (const circle of findCircles([...all.keys()], (name) =>
    (edges.get(name) ?? []).map(([other]) => other),
  )) {
    const [first = '', last = ''] = [circle[0], circle.at(-1)]
    const here = edges.get(last)?.find(([other]) => other === first)?.[1]
    const names = [...circle, first].join(' → ')
    findings.fault(
      here ?? ['services', last],
      new Problem(`closes a circle: ${names}`, 'remove one of these'),
    )
  }
  checkHosts(config, needed, spoiled, findings)
}

function dependencyProblem(
  name: string,
  other: string,
  names: readonly string[],
  spoiled: Spoiled,
): Problem | undefined {
  if (other === name) return new Problem('is the service itself', 'remove it')
  // A service that was refused has its own fault.
  if (names.includes(other) || spoiled(['services', other])) return undefined
  const near = nearest(
    other,
    names.filter((known) => known !== name),
  )
  return new Problem(
    'is not one of the services',
    near ? `did you mean ${near}?` : 'add it, or remove it here',
  )
}

/** Nothing would ever wake a service without hosts that no other one needs. A url is for hosts only. */
function checkHosts(
  config: LooseConfig,
  needed: ReadonlySet<string>,
  spoiled: Spoiled,
  findings: Findings,
): void {
  // With a depends_on that nobody can read, any service may be needed.
  const unclear = services(config).some(([path]) => spoiled([...path, 'depends_on']))
  for (const [path, { hosts, url }] of services(config)) {
    if (hosts !== undefined || spoiled([...path, 'hosts'])) continue
    if (url === undefined && (unclear || needed.has(String(path.at(-1))))) continue
    findings.fault(path, new Problem('needs hosts', 'add it, for example hosts: "blog.example.com"'), 'key')
  }
}
