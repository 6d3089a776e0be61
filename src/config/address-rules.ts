/**
 * The rules about addresses: what is opened on this machine, and what leads back to it.
 */
import { ROOT_DEFAULTS } from './defaults.ts'
import type { Environment } from './environment.ts'
import type { Findings } from './fault.ts'
import { isLoopback, overlaps, parseListen } from './listen.ts'
import { each, services, type LooseConfig } from './loose.ts'
import { Problem, parsed } from './problem.ts'
import type { Path } from './schema-node.ts'
import type { Listen } from './settings.ts'
import { parseDockerHost, parseOrigin } from './values.ts'

/** Whatever opens a port on this machine: listen, admin.listen, and the processes (on an interface of their choice). */
export function checkAddresses(config: LooseConfig, findings: Findings): void {
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
export function checkLoops(config: LooseConfig, findings: Findings): void {
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

/** DOCKER_HOST may be meant for other programs: it is only looked at where it would be used. */
export function checkDockerHost(config: LooseConfig, env: Environment, findings: Findings): void {
  const { DOCKER_HOST: host } = env
  if (!host || config.docker?.host !== undefined) return
  const used = services(config).some(([, { container, containers, compose }]) =>
    [container, containers, compose].some((target) => target !== undefined),
  )
  if (!used && config.docker?.labels !== true) return
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
