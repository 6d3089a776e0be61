/**
 * Listen addresses: how they are written, which of them only this machine can reach, and which two cannot be open at once.
 */
import ipaddr from 'ipaddr.js'
import { Problem } from './problem.ts'
import type { Listen } from './settings.ts'

/** sun_path in Linux's unix(7) is 108 bytes with its closing zero; Node would report a longer one as EINVAL. */
const MAX_SOCKET_PATH = 107
const USAGE = 'write host:port, ":8080" for all interfaces, or unix:/path'

/** "127.0.0.1:80", "[::1]:80", ":80" (host "::", which also takes IPv4), "unix:/path". Port 0: any free one. */
export function parseListen(value: string | number): Listen | Problem {
  const text = String(value)
  if (/^\d+$/.test(text)) return new Problem('needs a colon before the port', `write ":${text}"`)
  if (text.startsWith('unix:')) return parseSocket(text.slice('unix:'.length))
  if (text.includes('/')) return new Problem('must be an address without scheme or path', USAGE)
  const match = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:[\]\s]*)):(?<port>\d{1,5})$/.exec(text)
  const { bracketed, plain, port } = match?.groups ?? {}
  if (port === undefined) {
    const hint = ipaddr.IPv6.isValid(text.replace(/:\d+$/, ''))
      ? 'write an IPv6 address in brackets: "[::1]:8080"'
      : USAGE
    return new Problem('is not a listen address', hint)
  }
  if (Number(port) > 65_535) return new Problem('has a port above 65535', USAGE)
  if (bracketed !== undefined && !ipaddr.IPv6.isValid(bracketed))
    return new Problem('has no IPv6 address in its brackets', USAGE)
  if (plain === '*') return new Problem('cannot have "*" as its host', `write ":${port}" for all interfaces`)
  if (plain && !isHostName(plain)) return new Problem('has no valid host', USAGE)
  const host = bracketed ?? (plain || '::')
  return { kind: 'tcp', host: host.toLowerCase(), port: Number(port) }
}

/** Only programs on this machine can connect. A name other than localhost counts as public: DNS may say anything. */
export function isLoopback(listen: Listen): boolean {
  if (listen.kind === 'unix' || listen.host === 'localhost') return true
  return ipaddr.isValid(listen.host) && ipaddr.process(listen.host).range() === 'loopback'
}

/** Both cannot be open at once. Port 0 is never taken. */
export function overlaps(a: Listen, b: Listen): boolean {
  if (a.kind === 'unix' || b.kind === 'unix')
    return a.kind === 'unix' && b.kind === 'unix' && a.path === b.path
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || covers(a.host, b.host) || covers(b.host, a.host)
}

function covers(wide: string, host: string): boolean {
  if (wide === '::') return true
  if (wide === '0.0.0.0') return !ipaddr.IPv6.isValid(host)
  return wide === 'localhost' && isLoopback({ kind: 'tcp', host, port: 0 })
}

/** Four numbers are an address or a mistake, never a name. */
function isHostName(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return ipaddr.IPv4.isValidFourPartDecimal(text)
  return /^[\w-]+(\.[\w-]+)*\.?$/.test(text)
}

function parseSocket(path: string): Listen | Problem {
  if (path.startsWith('//'))
    return new Problem('has a slash too many', `write unix:${path.replace(/^\/+/, '/')}`)
  if (!path.startsWith('/'))
    return new Problem('needs an absolute path', 'write it like unix:/run/wakedock.sock')
  if (path.endsWith('/') || path.includes('\0')) return new Problem('does not name a socket file', USAGE)
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH)
    return new Problem(
      `is longer than the ${MAX_SOCKET_PATH} bytes a socket path may have`,
      'choose a shorter path',
    )
  return { kind: 'unix', path }
}
