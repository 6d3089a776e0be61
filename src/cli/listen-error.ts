/**
 * Why an address could not be listened on, in an admin's words. It is what goes wrong most often at a start, and Node's own
 * "listen EADDRINUSE: address already in use" names neither the option nor a remedy.
 */
import { isIPv6 } from 'node:net'

const REASONS: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EADDRINUSE: [
    'is in use by another program, perhaps another WakeDock',
    'End it ("ss -ltnp" shows who listens), or change listen or admin.listen in the config.',
  ],
  EACCES: [
    'may not be opened by this user',
    'Ports below 1024 need root or CAP_NET_BIND_SERVICE, a socket a folder that exists and may be written; or change listen or admin.listen.',
  ],
  EADDRNOTAVAIL: [
    'is no address of this machine',
    'Correct the host in listen or admin.listen; ":8080" means all interfaces.',
  ],
  ENOTFOUND: ['is no host that is known here', 'Correct the host in listen or admin.listen.'],
}

/** A sentence and its remedy; null for any other error. */
export function whyNoListener(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return null
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return null
  const reason = Object.hasOwn(REASONS, String(error.code)) ? REASONS[String(error.code)] : undefined
  return reason === undefined ? null : `${addressIn(error)} ${reason[0]}. ${reason[1]}`
}

/** The address in Node's error: host and port, or a socket's path (its port is -1), or the name that was looked up. */
function addressIn(error: Error): string {
  const { address, port, hostname } = Object.fromEntries(Object.entries(error))
  if (typeof hostname === 'string') return hostname
  if (typeof address !== 'string') return 'an address'
  if (typeof port !== 'number' || port < 0) return address
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}
