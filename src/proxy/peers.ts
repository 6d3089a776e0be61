/**
 * Who is on the other end of a connection, whether its X-Forwarded-* are believed, and who the client behind it is. The
 * connection is asked once: address parsing is far too slow for every request, and neither answer changes while it lasts.
 */
import ipaddr from 'ipaddr.js'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

export interface Peer {
  /** Without the ::ffff: of IPv4 on an IPv6 socket; null on a unix socket. */
  readonly address: string | null
  readonly trusted: boolean
}

export interface Peers {
  of(socket: Socket): Peer
  /**
   * The address of the client itself. What a trusted peer says in X-Forwarded-For is read from its end, because only there it
   * was written by somebody we trust: past the trusted proxies, up to the first address that is none. null: it cannot be told.
   */
  clientOf(req: IncomingMessage): string | null
}

/**
 * `trusted`: CIDRs or single addresses. Throws on anything else; the config has checked them. A unix socket is always
 * trusted: only who may open the file gets here, and a peer without an address could not be listed anyway.
 */
export function createPeers(trusted: readonly string[]): Peers {
  const isTrusted = addressesIn(trusted)
  const known = new WeakMap<Socket, Peer>()

  const of = (socket: Socket): Peer => {
    const seen = known.get(socket)
    if (seen !== undefined) return seen
    const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null
    const peer = { address, trusted: address === null || isTrusted(address) }
    known.set(socket, peer)
    return peer
  }

  return {
    of,
    clientOf(req) {
      const peer = of(req.socket)
      if (!peer.trusted) return peer.address
      let client = peer.address
      for (const hop of hopsOf(req).toReversed()) {
        // A word ("unknown") or a broken address: whoever is behind it, it is not who stands before it.
        if (!ipaddr.isValid(hop)) return null
        client = hop
        if (!isTrusted(hop)) break
      }
      return client
    },
  }
}

/** Whether an address is in one of these CIDRs or single addresses. IPv4 in IPv6 counts as IPv4. Throws on a list that is none. */
export function addressesIn(cidrs: readonly string[]): (address: string) => boolean {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr.includes('/') ? cidr : `${cidr}/${bits(cidr)}`))
  return (address) => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range))
  }
}

const bits = (address: string): number => (ipaddr.parse(address).kind() === 'ipv6' ? 128 : 32)

/** X-Forwarded-For, several of them as one list, without the ports that some load balancers write. */
function hopsOf(req: IncomingMessage): string[] {
  const chain = [req.headers['x-forwarded-for'] ?? []].flat().join(',')
  return chain
    .split(',')
    .map((hop) => hop.trim().replace(/^\[(.*)\](?::\d+)?$|^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1$2'))
    .filter((hop) => hop !== '')
}
