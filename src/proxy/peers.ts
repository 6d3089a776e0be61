/**
 * Who is on the other end of a connection, and whether its X-Forwarded-* are believed. Asked once per connection: address
 * parsing is far too slow for every request, and neither answer changes while a connection lasts.
 */
import ipaddr from 'ipaddr.js'
import type { Socket } from 'node:net'

export interface Peer {
  /** Without the ::ffff: of IPv4 on an IPv6 socket; null on a unix socket. */
  readonly address: string | null
  readonly trusted: boolean
}

export interface Peers {
  of(socket: Socket): Peer
}

/**
 * `trusted`: CIDRs or single addresses. Throws on anything else; the config has checked them. A unix socket is always
 * trusted: only who may open the file gets here, and a peer without an address could not be listed anyway.
 */
export function createPeers(trusted: readonly string[]): Peers {
  const ranges = trusted.map((cidr) => ipaddr.parseCIDR(cidr.includes('/') ? cidr : `${cidr}/${bits(cidr)}`))
  const known = new WeakMap<Socket, Peer>()

  const isTrusted = (address: string): boolean => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => parsed.kind() === range[0].kind() && parsed.match(range))
  }

  return {
    of(socket) {
      const seen = known.get(socket)
      if (seen !== undefined) return seen
      const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null
      const peer = { address, trusted: address === null || isTrusted(address) }
      known.set(socket, peer)
      return peer
    },
  }
}

const bits = (address: string): number => (ipaddr.parse(address).kind() === 'ipv6' ? 128 : 32)
