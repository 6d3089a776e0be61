/**
 * Finds out where WakeDock itself runs, as far as the engine is concerned: in one of its containers, on its host, or
 * elsewhere. That decides which addresses of a container lead anywhere (address.ts).
 */
import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import type { Vantage } from './address.ts'
import type { Container } from './container.ts'

export interface Self {
  readonly vantage: Vantage
  /** Id of WakeDock's own container, when it runs in one of this engine. */
  readonly id: string | null
}

/**
 * Ids under which the engine may know the container this runs in, best first. Docker and Podman mount a container's
 * hostname, hosts and resolv.conf from a folder that carries its id; this works with both cgroup versions, unlike
 * /proc/self/cgroup. Only those three mount points count: a host's own table lists every container's shm. The host
 * name is Docker's short id unless somebody set another.
 *
 * @param mountinfo the text of /proc/self/mountinfo (proc(5): field 4 is the root, field 5 the mount point)
 */
export function ownIds(mountinfo: string, host: string): string[] {
  const ids = []
  for (const line of mountinfo.split('\n')) {
    const [, , , root = '', point = ''] = line.split(' ')
    if (!['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'].includes(point)) continue
    const [, id] = root.match(/containers\/([0-9a-f]{64})\//) ?? []
    if (id !== undefined) ids.push(id)
  }
  if (/^[0-9a-f]{12}$/.test(host)) ids.push(host)
  return [...new Set(ids)]
}

/**
 * @param remote host name of an engine that is spoken to over the network; null: a unix socket
 * @param inspect asks that engine for a container
 */
export async function findSelf(
  remote: string | null,
  inspect: (id: string) => Promise<Container | null>,
): Promise<Self> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  for (const id of ownIds(mountinfo, hostname())) {
    const own = await inspect(id)
    if (own === null || !own.Id.startsWith(id)) continue
    if (own.HostConfig.NetworkMode === 'host') return { vantage: onHost(), id: own.Id }
    const endpoints = Object.values(own.NetworkSettings.Networks ?? {})
    const networks = new Set(endpoints.map((endpoint) => endpoint.NetworkID ?? ''))
    return { vantage: { kind: 'container', networks }, id: own.Id }
  }
  const local = remote === null || remote === 'localhost' || remote === '::1' || remote.startsWith('127.')
  return { vantage: local ? onHost() : { kind: 'remote', host: remote }, id: null }
}

/** Asked for each time: a network that is created later adds an interface. */
function onHost(): Vantage {
  return {
    kind: 'host',
    get interfaces() {
      return Object.values(networkInterfaces())
        .flat()
        .flatMap((one) => one?.cidr ?? [])
    },
  }
}
