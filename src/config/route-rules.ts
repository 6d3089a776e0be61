/**
 * The rules about hosts and paths: every address leads to one service.
 */
import { SERVICE_DEFAULTS } from './defaults.ts'
import type { Findings } from './fault.ts'
import { each, services, type LooseConfig } from './loose.ts'
import { Problem, parsed } from './problem.ts'
import { parseHost, parseRoutePath } from './route.ts'
import type { Path } from './schema-node.ts'

/** No host and path twice. */
export function checkRoutes(config: LooseConfig, findings: Findings): void {
  const taken = new Map<string, Path>()
  for (const [path, service] of services(config)) {
    const own = new Map<string, Path>()
    const paths = [...each(service.paths ?? SERVICE_DEFAULTS.paths, [...path, 'paths'])]
    for (const [host, hostPath] of each(service.hosts, [...path, 'hosts'])) {
      const routes = paths.map(([route]) => `${parsed(parseHost(host))}${parsed(parseRoutePath(route))}`)
      const rival = routes.map((route) => taken.get(route) ?? own.get(route)).find(Boolean)
      if (rival)
        findings.fault(
          hostPath,
          new Problem(
            `is the same host and path as ${findings.line(rival)}`,
            'remove one, or tell them apart by paths',
          ),
        )
      for (const route of routes) own.set(route, hostPath)
    }
    checkRepeatedPaths(paths, findings)
    for (const [route, hostPath] of own) if (!taken.has(route)) taken.set(route, hostPath)
  }
}

function checkRepeatedPaths(paths: readonly [string, Path][], findings: Findings): void {
  const seen = new Map<string, Path>()
  for (const [text, path] of paths) {
    const route = parsed(parseRoutePath(text))
    const first = seen.get(route)
    if (first) findings.fault(path, new Problem(`is the same path as ${findings.line(first)}`, 'remove one'))
    seen.set(route, first ?? path)
  }
}
