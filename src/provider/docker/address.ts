/**
 * Which address and port reach a container, seen from where WakeDock runs. Pure: an inspection in, an address or a
 * failure with its remedy out. The order of preference is the order of trust: a network the admin named; one that
 * WakeDock shares with the container; the container's address on a bridge of this host; and last a published port,
 * which docker-proxy answers before the app does (moby#16976).
 */
import { BlockList, isIPv6 } from 'node:net'
import { TargetError } from '../../errors.ts'
import type { ContainerTarget } from '../../domain/service.ts'
import type { Binding, Container, Endpoint } from './container.ts'

/** Where WakeDock stands, as far as reaching containers goes. */
export type Vantage =
  /** In a container of the same engine, on these networks (NetworkID). */
  | { readonly kind: 'container'; readonly networks: ReadonlySet<string> }
  /** On the engine's host. `interfaces` are the host's own addresses, as CIDRs. */
  | { readonly kind: 'host'; readonly interfaces: readonly string[] }
  /** Elsewhere: only what the engine's host publishes can be reached, under `host`. */
  | { readonly kind: 'remote'; readonly host: string }

export interface Address {
  readonly host: string
  readonly port: number
  readonly relayed: boolean
}

/** The address, or a `no_address` failure that says what to change. */
export function locate(
  target: ContainerTarget,
  container: Container,
  located: Container,
  network: string | null,
  vantage: Vantage,
): Address | TargetError {
  const port = choosePort(target, container)
  if (port instanceof TargetError) return port
  const networks = located.NetworkSettings.Networks ?? {}

  if (located.HostConfig.NetworkMode === 'host') return onHostNetwork(target, port, vantage)
  if (network !== null) {
    const host = addressOf(networks[network])
    if (host !== null) return { host, port, relayed: false }
    const message = `container ${target.name} is not on the network ${network}`
    return noAddress(
      message,
      `Connect it (docker network connect ${network} ${target.name}), or correct docker.network.`,
    )
  }
  for (const endpoint of Object.values(networks)) {
    const host = addressOf(endpoint)
    if (host !== null && isDirect(endpoint, host, vantage)) return { host, port, relayed: false }
  }
  const published = publishedAt(located.NetworkSettings.Ports?.[`${port}/tcp`] ?? [], vantage)
  return published ?? unreachable(target, port, networks, vantage)
}

/** The configured port, or the only TCP port the container exposes. */
function choosePort(target: ContainerTarget, container: Container): number | TargetError {
  if (target.port !== null) return target.port
  const named = { ...container.Config.ExposedPorts, ...container.NetworkSettings.Ports }
  const ports = Object.keys(named)
    .filter((name) => name.endsWith('/tcp'))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((a, b) => a - b)
  const [first] = ports
  if (first !== undefined && ports.length === 1) return first
  return first === undefined
    ? noAddress(`container ${target.name} exposes no TCP port`, 'Set `port:` to the port its app listens on.')
    : noAddress(
        `container ${target.name} exposes several ports: ${ports.join(', ')}`,
        `Set \`port:\` to the one that serves HTTP, for example port: ${first}.`,
      )
}

function addressOf(endpoint: Endpoint | undefined): string | null {
  return endpoint?.IPAddress || endpoint?.GlobalIPv6Address || null
}

/** Whether packets from here reach the container's own address. */
function isDirect(endpoint: Endpoint, host: string, vantage: Vantage): boolean {
  if (vantage.kind === 'container') return vantage.networks.has(endpoint.NetworkID ?? '')
  if (vantage.kind === 'remote') return false
  // On Linux a bridge network's gateway is an address of this host. With macvlan, or with the engine in a virtual machine
  // (Docker Desktop), it is not, and the container's address leads nowhere. An internal network names no gateway.
  const gateway = isIPv6(host) ? endpoint.IPv6Gateway : endpoint.Gateway
  return gateway
    ? vantage.interfaces.some((cidr) => cidr.split('/')[0] === gateway)
    : vantage.interfaces.some((cidr) => contains(cidr, host))
}

function contains(cidr: string, host: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  if (isIPv6(network) !== isIPv6(host)) return false
  const family = isIPv6(host) ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(host, family)
}

function onHostNetwork(target: ContainerTarget, port: number, vantage: Vantage): Address | TargetError {
  if (vantage.kind === 'host') return { host: '127.0.0.1', port, relayed: false }
  if (vantage.kind === 'remote') return { host: vantage.host, port, relayed: false }
  return noAddress(
    `container ${target.name} uses the host's network, which WakeDock's container cannot reach`,
    'Run WakeDock with network_mode: host too, or put both on one Docker network.',
  )
}

/** IPv4 first: it is what Docker always publishes on. */
function publishedAt(bindings: readonly Binding[], vantage: Vantage): Address | null {
  if (vantage.kind === 'container') return null
  const sorted = bindings.toSorted((a, b) => Number(isIPv6(a.HostIp ?? '')) - Number(isIPv6(b.HostIp ?? '')))
  for (const { HostIp = '', HostPort = '' } of sorted) {
    const host = hostOf(HostIp, vantage)
    if (host !== null && HostPort !== '') return { host, port: Number(HostPort), relayed: true }
  }
  return null
}

function hostOf(bound: string, vantage: Exclude<Vantage, { kind: 'container' }>): string | null {
  const any = bound === '' || bound === '0.0.0.0' || bound === '::'
  if (vantage.kind === 'host') return any ? (bound === '::' ? '::1' : '127.0.0.1') : bound
  if (any) return vantage.host
  return bound.startsWith('127.') || bound === '::1' ? null : bound
}

function unreachable(
  target: ContainerTarget,
  port: number,
  networks: Readonly<Record<string, Endpoint>>,
  vantage: Vantage,
): TargetError {
  const names = Object.keys(networks).filter((name) => name !== 'none')
  const list = names.length === 0 ? 'no network' : `only ${names.join(', ')}`
  if (vantage.kind === 'container') {
    const remedy = `docker network connect ${names[0] ?? 'NETWORK'} with WakeDock's container, or the other way round`
    return noAddress(
      `container ${target.name} is on ${list}, where WakeDock is not`,
      `Put both on one network: ${remedy}.`,
    )
  }
  const from = vantage.kind === 'host' ? 'this host' : 'here'
  return noAddress(
    `container ${target.name} is on ${list}, which ${from} cannot reach, and port ${port} is not published`,
    `Publish it (ports: "127.0.0.1:${port}:${port}"), or name a reachable network in docker.network.`,
  )
}

function noAddress(message: string, hint: string): TargetError {
  return new TargetError('no_address', message, hint)
}
