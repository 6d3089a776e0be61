/**
 * The rules about several options at once, which a schema cannot express. They run on whatever the schema has left of the
 * file, and name the places of both sides; never a value, which may come from the environment.
 */
import type { Environment } from './environment.ts'
import type { Findings } from './fault.ts'
import { isLoopback, overlaps, parseListen } from './listen.ts'
import { Problem, parsed } from './problem.ts'
import { parseHost, parseRoutePath } from './route.ts'
import { READY_DEFAULTS, ROOT_DEFAULTS, SERVICE_DEFAULTS } from './defaults.ts'
import type { Config } from './schema.ts'
import type { Path } from './schema-node.ts'
import type { ServiceConfig } from './service-schema.ts'
import type { Listen } from './settings.ts'
import { parseDuration } from './units.ts'
import type { Loose } from './validate.ts'
import { parseDockerHost, parseOrigin } from './values.ts'

type LooseConfig = Loose<Config>
type LooseService = Loose<ServiceConfig>

/** Reports every broken rule but those about tokens, which are in tokens.ts. */
export function checkRules(config: LooseConfig, env: Environment, findings: Findings): void {
  checkRoutes(config, findings)
  checkContainers(config, findings)
  checkAddresses(config, findings)
  checkLoops(config, findings)
  checkTimes(config, findings)
  checkDockerHost(config, env, findings)
}

function services(config: LooseConfig): readonly [path: Path, service: LooseService][] {
  return Object.entries(config.services ?? {}).flatMap(([name, service]) =>
    service ? [[['services', name], service] as const] : [],
  )
}

/** A value, or the list of them, each with its path; holes are left out. */
function* each(value: Loose<string | string[]> | undefined, path: Path): Generator<[string, Path]> {
  if (typeof value === 'string') yield [value, path]
  else
    for (const [index, item] of (value ?? []).entries())
      if (item !== undefined) yield [item, [...path, index]]
}

function checkRoutes(config: LooseConfig, findings: Findings): void {
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

/** Two services on one container would put it to sleep under each other. */
function checkContainers(config: LooseConfig, findings: Findings): void {
  const taken = new Map<string, Path>()
  for (const [path, { container }] of services(config)) {
    if (container === undefined) continue
    const here = [...path, 'container']
    const rival = taken.get(container)
    if (rival)
      findings.fault(
        here,
        new Problem(`is the same container as ${findings.line(rival)}`, 'give one service the hosts of both'),
      )
    taken.set(container, rival ?? here)
    // Short and full form, as "docker ps" and "docker inspect" print them. A name may look like that too.
    if (/^([0-9a-f]{12}|[0-9a-f]{64})$/.test(container))
      findings.warn(
        here,
        new Problem('looks like a container id, which every recreate changes', 'write the name'),
      )
  }
}

/** Whatever opens a port on this machine: listen, admin.listen, and the processes (on an interface of their choice). */
function checkAddresses(config: LooseConfig, findings: Findings): void {
  const open: (readonly [Listen, Path, what: string])[] = []
  const claim = (listen: Listen, path: Path, what: string): void => {
    const rival = open.find(([other]) => overlaps(listen, other))
    if (rival)
      findings.fault(
        path,
        new Problem(`is the same ${what} as ${findings.line(rival[1])}`, 'choose another one'),
      )
    open.push([listen, path, what])
  }
  for (const [text, path] of each(config.listen ?? ROOT_DEFAULTS.listen, ['listen']))
    claim(parsed(parseListen(text)), path, 'address')
  claim(
    parsed(parseListen(config.admin?.listen ?? ROOT_DEFAULTS.admin.listen)),
    ['admin', 'listen'],
    'address',
  )
  for (const [path, { process, port }] of services(config))
    if (process && port) claim({ kind: 'tcp', host: '::', port }, [...path, 'port'], 'port')
}

/** A url that leads back here: one request would be sent round until no connection is left. */
function checkLoops(config: LooseConfig, findings: Findings): void {
  const own = [...each(config.listen ?? ROOT_DEFAULTS.listen, ['listen'])].map(([text]) =>
    parsed(parseListen(text)),
  )
  for (const [path, { url }] of services(config)) {
    if (url === undefined) continue
    const { host, port } = parsed(parseOrigin(url))
    const target: Listen = { kind: 'tcp', host, port }
    // Of a listener on all interfaces only the loopback is certainly this machine.
    const same = (listen: Listen): boolean =>
      listen.kind === 'tcp' && (listen.host === host || isLoopback(target)) && overlaps(listen, target)
    if (own.some(same))
      findings.fault(
        [...path, 'url'],
        new Problem("is WakeDock's own address: requests would go round in circles", "write the app's"),
      )
  }
}

/** Times that do not fit each other. They work, so these are warnings. */
function checkTimes(config: LooseConfig, findings: Findings): void {
  for (const [path, own] of services(config)) {
    if (own.url !== undefined) continue
    const defaults = config.defaults ?? {}
    const given = (key: TimeOption): number => time(own[key] ?? defaults[key] ?? SERVICE_DEFAULTS[key])
    const warn = (key: string, message: string, hint: string): void =>
      findings.warn([...path, key], new Problem(message, hint))
    const [idle, awake, start] = [given('idle_timeout'), given('min_awake'), given('start_timeout')]
    if (given('hold_timeout') > start)
      warn('hold_timeout', 'is longer than start_timeout, when the wake is given up', 'raise start_timeout')
    if (idle > 0 && awake > idle)
      warn(
        'min_awake',
        'is longer than idle_timeout, and so decides when it sleeps',
        'lower min_awake or raise idle_timeout',
      )
    if (readyTimeout(own, config) > start)
      warn('ready', 'has a timeout longer than start_timeout', 'raise start_timeout')
  }
}

type TimeOption = 'idle_timeout' | 'min_awake' | 'start_timeout' | 'hold_timeout'

/** null (no hold_timeout) compares as nothing at all. */
function time(value: string | number | null): number {
  return value === null ? 0 : parsed(parseDuration(value))
}

function readyTimeout(own: LooseService, config: LooseConfig): number {
  const timeouts = [own.ready, config.defaults?.ready].map((ready) =>
    typeof ready === 'object' ? ready.timeout : undefined,
  )
  return time(timeouts.find((timeout) => timeout !== undefined) ?? READY_DEFAULTS.timeout)
}

/** DOCKER_HOST may be meant for other programs: it is only looked at where it would be used. */
function checkDockerHost(config: LooseConfig, env: Environment, findings: Findings): void {
  const { DOCKER_HOST: host } = env
  if (!host || config.docker?.host !== undefined) return
  if (!services(config).some(([, { container }]) => container !== undefined)) return
  const problem = parseDockerHost(host)
  if (problem instanceof Problem)
    findings.fault(
      ['docker', 'host'],
      new Problem(
        `is taken from DOCKER_HOST, which ${problem.message}`,
        'set docker.host, or change DOCKER_HOST',
      ),
    )
}
