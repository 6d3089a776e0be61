/** Containers at addresses known beforehand: a floor must not have to ask the engine where the app is. */
import type { FloorApp } from './contestants/wake-floor.ts'
import type { ContainerOptions, TestDocker } from '../test/helpers/docker.ts'

export interface FixedNetwork {
  /** Name of the network; to be the NetworkMode of every container on it. */
  readonly name: string
  /** Creates one there, whose address is the network's `last`th and stays the same over restarts. It is not started. */
  create(suffix: string, options: ContainerOptions, last: number): Promise<FloorApp>
}

/** `third` keeps the networks of two workloads apart. RFC 2544 sets 198.18.0.0/15 aside for benchmarks: no machine uses it. */
export async function createFixedNetwork(
  docker: TestDocker,
  suffix: string,
  third: number,
): Promise<FixedNetwork> {
  const prefix = `198.18.${third}`
  const IPAM = { Driver: 'default', Config: [{ Subnet: `${prefix}.0/24` }] }
  const name = await docker.network(suffix, { IPAM })
  return {
    name,
    async create(of, options, last) {
      const { id } = await docker.create(of, { ...options, host: { ...options.host, NetworkMode: name } })
      const host = `${prefix}.${last}`
      const endpoint = { IPAMConfig: { IPv4Address: host } }
      await docker.api.getNetwork(name).disconnect({ Container: id })
      await docker.api.getNetwork(name).connect({ Container: id, EndpointConfig: endpoint })
      return { id, host, port: 3000 }
    },
  }
}
