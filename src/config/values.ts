/**
 * The other values with a grammar of their own, and the table of all of them. The schema names a row of the table (x-kind)
 * wherever such a value stands, so a value is understood, and refused, in one way everywhere.
 */
import ipaddr from 'ipaddr.js'
import type { UrlTarget } from '../domain/service.ts'
import { parseListen } from './listen.ts'
import { Problem } from './problem.ts'
import { parseHost, parseRequestPath, parseRoutePath, parseServerName } from './route.ts'
import { parseDays, parseEndTime, parseTime, parseTimeZone } from './schedule-values.ts'
import { parseCpu, parseDuration, parsePositiveDuration, parsePositiveSize, parseRate } from './units.ts'

/** Caddy's private_ranges (modules/internal/network.go): the private networks, and the loopback of both families. */
export const PRIVATE_RANGES = [
  '192.168.0.0/16',
  '172.16.0.0/12',
  '10.0.0.0/8',
  '127.0.0.1/8',
  'fd00::/8',
  '::1',
] as const

/** The networks that one entry of trusted_proxies stands for: a CIDR, an address, or private_ranges. */
export function parseNetwork(text: string): readonly string[] | Problem {
  if (text === 'private_ranges') return PRIVATE_RANGES
  const valid = text.includes('/')
    ? ipaddr.isValidCIDR(text)
    : ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text)
  return valid
    ? [text]
    : new Problem('is not a network', 'write it like 10.0.0.0/8, 192.0.2.7 or private_ranges')
}

/** The name rule of the engine (moby daemon/names/names.go). */
export function parseContainerName(text: string): string | Problem {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text)) return text
  const hint = text.startsWith('/') ? `write ${text.slice(1)}` : 'write the name that "docker ps" shows'
  return new Problem('is not a container name', hint)
}

/** A service of a Compose project, and the project. */
export interface ComposeName {
  readonly project: string
  readonly service: string
}

/** "project/service", by the name rules of Compose (compose-spec: 04-version-and-name.md, schema/compose-spec.json). */
export function parseCompose(text: string): ComposeName | Problem {
  const [project = '', service, ...rest] = text.split('/')
  if (service === undefined || rest.length > 0)
    return new Problem('is not a project and a service', 'write it like nextcloud/app')
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(project))
    return new Problem('has no valid project name', 'write the one that "docker compose ls" shows')
  if (!/^[a-zA-Z0-9._-]+$/.test(service))
    return new Problem('has no valid service name', 'write the one that stands in your compose file')
  return { project, service }
}

/** A word to look for in a User-Agent, in lower case. */
export function parseUserAgent(text: string): string | Problem {
  // An empty one, or a blank, would be found in every header.
  return text.trim() === '' ? new Problem('is empty', 'write a word of it, or remove it') : text.toLowerCase()
}

/** An HTTP method in upper case. Any token is one (RFC 9110 section 9.1), but only words of letters are in use. */
export function parseMethod(text: string): string | Problem {
  return /^[a-z]+(-[a-z]+)*$/i.test(text)
    ? text.toUpperCase()
    : new Problem('is not an HTTP method', 'write it like OPTIONS')
}

/** Inclusive bounds of the statuses that "<500", "200" or "200-399" stands for. */
export function parseStatus(value: string | number): readonly [min: number, max: number] | Problem {
  const text = String(value)
  const family = /^([1-5])xx$/i.exec(text)?.[1]
  if (family) return new Problem('is not a status range', `write ${family}00-${family}99`)
  const { below, from, to } =
    /^(?:<(?<below>\d{3})|(?<from>\d{3})(?:-(?<to>\d{3}))?)$/.exec(text)?.groups ?? {}
  const min = Number(from ?? 100)
  const max = below === undefined ? Number(to ?? from) : Number(below) - 1
  if (min >= 100 && min <= max && max <= 599) return [min, max]
  return new Problem('is not a range of HTTP statuses', 'write it like "<500", 200 or 200-399')
}

/** An always-on upstream by its origin. The host comes back without brackets, the port always. */
export function parseOrigin(text: string): Omit<UrlTarget, 'kind'> | Problem {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (!url) return new Problem('is not an http or https URL', 'write it like http://192.0.2.10:3000')
  if (url.username || url.password)
    return new Problem('must not hold credentials', 'let clients send them; WakeDock adds none')
  if (url.pathname !== '/' || url.search || url.hash)
    return new Problem('must be an origin, without path or query', `write ${url.origin}`)
  if (url.port === '0')
    return new Problem('cannot have port 0', 'write the port that the upstream listens on')
  const scheme = url.protocol === 'https:' ? 'https' : 'http'
  const port = url.port ? Number(url.port) : scheme === 'https' ? 443 : 80
  return { key: `url:${url.origin}`, scheme, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }
}

/** Where the engine listens, in the forms of DOCKER_HOST that need no other program. */
export function parseDockerHost(text: string): string | Problem {
  if (/^unix:\/\/\/./.test(text)) return text
  if (text.startsWith('/')) return new Problem('needs a scheme', `write unix://${text}`)
  const url = /^(tcp|https?):\/\//.test(text) ? URL.parse(text.replace(/^tcp/, 'http')) : null
  if (url?.hostname && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password)
    return text
  if (text.startsWith('ssh://'))
    return new Problem('cannot go through ssh', 'forward the socket with "ssh -L" and name the local end')
  return new Problem(
    'is not an address of a Docker engine',
    'write unix:///path, tcp://host:port or https://host:port',
  )
}

/** Where events are sent. It may hold credentials and a query: for some services they are how it is known who sends. */
export function parseWebhookUrl(text: string): URL | Problem {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (!url)
    return new Problem('is not an http or https URL', 'write it like https://hooks.example.com/wakedock')
  if (url.port === '0')
    return new Problem('cannot have port 0', 'write the port that the receiver listens on')
  // They are sent decoded, and a password may well hold a percent sign.
  if (!isDecodable(url.username) || !isDecodable(url.password))
    return new Problem(
      'has a "%" before its "@" that stands for no character',
      'write %25 for a percent sign',
    )
  return url
}

/** Whether decodeURIComponent() takes it: URL itself lets everything pass. */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** `number`: a bare number in the file reaches the parser, which knows best what to say of it. */
interface Kind {
  readonly number: boolean
  readonly parse: (text: string) => unknown
}

/** Every grammar by the name that the schema calls it by. */
export const KINDS = {
  duration: { number: true, parse: parseDuration },
  'positive-duration': { number: true, parse: parsePositiveDuration },
  'positive-size': { number: true, parse: parsePositiveSize },
  listen: { number: true, parse: parseListen },
  status: { number: true, parse: parseStatus },
  host: { number: false, parse: parseHost },
  'server-name': { number: false, parse: parseServerName },
  'route-path': { number: false, parse: parseRoutePath },
  'request-path': { number: false, parse: parseRequestPath },
  network: { number: false, parse: parseNetwork },
  container: { number: false, parse: parseContainerName },
  origin: { number: false, parse: parseOrigin },
  'docker-host': { number: false, parse: parseDockerHost },
  'webhook-url': { number: false, parse: parseWebhookUrl },
  compose: { number: false, parse: parseCompose },
  'user-agent': { number: false, parse: parseUserAgent },
  method: { number: false, parse: parseMethod },
  days: { number: false, parse: parseDays },
  time: { number: true, parse: parseTime },
  'end-time': { number: true, parse: parseEndTime },
  'time-zone': { number: false, parse: parseTimeZone },
  cpu: { number: true, parse: parseCpu },
  rate: { number: true, parse: parseRate },
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof KINDS
