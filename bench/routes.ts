/**
 * What finding the service costs: each request is for another host, drawn from 10, 1,000 or 10,000. The hosts belong to ten
 * services, so that only the look-up grows; 1,000 services of one host each have a pool of connections each as well.
 */
import { CADDY, CONTESTANTS, DIRECT, HTTP_PROXY_3, installed, whoIsThere } from './contestants/proxy.ts'
import type { NamedProxy } from './contestants/proxy-contestant.ts'
import { wakeDock } from './contestants/proxy-wakedock.ts'
import { rateTable } from './load-report.ts'
import { findLoadGenerator } from './load.ts'
import { startOrigin } from './origin.ts'
import { checkProxy } from './proxy-check.ts'
import { interleave, withCpu } from './rounds.ts'
import type { Workload } from './workload.ts'

const ROUNDS = 5
/** Seconds of load in a turn. */
const SECONDS = 2
const DOMAIN = 'example.com'
const SERVICES = 10
const FEW = `${wakeDock.name}, 10 hosts`

export const run: Workload = async ({ main, scope, progress, ...options }) => {
  const rounds = options.cycles ?? ROUNDS
  const seconds = options.seconds ?? SECONDS
  const generator = findLoadGenerator('load')
  const origin = await startOrigin(scope, 'load')
  // Neither of the two has routes.
  const routing = CONTESTANTS.filter(({ name }) => name !== DIRECT && name !== HTTP_PROXY_3)
  const { present, missing } = installed(routing)
  const entries = [
    ...[10, 1000, 10_000].map((hosts) => ({ contestant: wakeDock, hosts, services: SERVICES })),
    { contestant: wakeDock, hosts: 1000, services: 1000 },
    ...present
      .filter((one) => one !== wakeDock)
      .map((contestant) => ({ contestant, hosts: 1000, services: SERVICES })),
  ]
  const running: (NamedProxy & { readonly hosts: number })[] = []
  for (const { contestant, hosts, services } of entries) {
    const name = `${contestant.name}, ${hosts.toLocaleString('en-US')} ${services === hosts && hosts > SERVICES ? 'services' : 'hosts'}`
    const groups = spreadHosts(hosts, services)
    const setup = { main, upstream: origin.port, services: groups, core: 'proxy' } as const
    const proxy = await contestant.start(scope, setup)
    for (const index of [0, hosts - 1]) await checkProxy(name, proxy.port, hostAt(index))
    running.push({ name, hosts, ...proxy })
  }
  const series = await interleave(running, { rounds, seconds }, (one, seconds) => {
    progress(`${one.name}, ${seconds} s`)
    const get = { method: 'GET', path: '/1k', connections: 64, sends: 0, receives: 1024 } as const
    const load = { ...get, host: DOMAIN, routes: one.hosts }
    return withCpu(one.pids, 'proxy', () => generator.run(load, one.port, seconds))
  })
  return [
    `GET 1 KiB, 64 connections, a random host each time. Load by ${generator.name}, app: ${origin.name}, both on one core; the proxy on the other. ${rounds} rounds of ${seconds} s each, medians.`,
    whoIsThere(present, missing),
    rateTable({ title: '', shows: 'rate', series }, [FEW, `${CADDY}, 1,000 hosts`]),
  ].join('\n\n')
}

/** As the load generators name them. */
function hostAt(index: number): string {
  return `r${index}.${DOMAIN}`
}

/** All hosts, dealt to the services in turn. */
export function spreadHosts(hosts: number, services: number): readonly (readonly string[])[] {
  const groups: string[][] = Array.from({ length: services }, () => [])
  for (let index = 0; index < hosts; index += 1) groups[index % services]?.push(hostAt(index))
  return groups
}
