/**
 * The requests we refuse before anybody else sees them. Node's parser is strict about framing but lets through heads
 * that two servers can read in two ways (measured, see design/data-path.md); such a request must not reach an upstream,
 * because the difference is what request smuggling and cache poisoning are made of. Everything refused here
 * closes its connection: what follows such a head cannot be trusted either.
 */
import { WakeDockError } from '../errors.ts'

/** The part of http.IncomingMessage that is looked at. */
export interface RequestHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  readonly rawHeaders: readonly string[]
}

export interface RequestTarget {
  /** For routing: lower case, no port, no trailing dot. '' for an HTTP/1.0 request without Host. */
  readonly host: string
  /** For the upstream's Host: as the client wrote it. */
  readonly authority: string
  /** Path and query, byte for byte; starts with "/". Or "*", of OPTIONS only. */
  readonly path: string
  /** What frames the request's body. */
  readonly body: 'none' | 'length' | 'chunked'
  /** Bytes announced by Content-Length; null without one. */
  readonly length: number | null
}

/**
 * RFC 9110 section 4.2.3: uri-host [":" port]. Sub-delimiters are left out of the name on purpose: no DNS name has
 * them, and a comma is how two merged Host fields look.
 */
const AUTHORITY = /^(?:\[[\da-f:.]+\]|[\w.~%-]*)(?::\d{0,5})?$/i
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i

/** One in front of another is a set-up; more of them are one, met again and again: a url that leads back here. */
const MAX_PASSES = 3

const bad = (): WakeDockError => new WakeDockError('WAKEDOCK_BAD_REQUEST')

/** Returns where the request goes, or why it is refused. */
export function checkRequest(req: RequestHead): RequestTarget | WakeDockError {
  // "HTTP/2.0" in text passes Node's parser; its preface and semantics are not ours (RFC 9112 section 2.3).
  if (req.httpVersionMajor !== 1) return bad()
  // TRACE shows the caller what the proxy in front added, credentials included (RFC 9110 section 9.3.8).
  if (req.method === 'TRACE') return new WakeDockError('WAKEDOCK_METHOD_NOT_ALLOWED')

  let authority: string | null = null
  let length: number | null = null
  let chunked = false
  let passes = 0
  const raw = req.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    // Lengths first: almost every header is dismissed without making a lower-case copy of its name.
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (authority !== null || !AUTHORITY.test(value)) return bad()
      authority = value
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== null) return bad()
      length = Number(value)
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      // HTTP/1.0 has no transfer codings: an upstream that honours it and one that does not see different bodies.
      if (req.httpVersionMinor === 0) return bad()
      // RFC 9112 section 6.1: a coding that is not understood is answered with 501.
      if (chunked || value.toLowerCase() !== 'chunked') return new WakeDockError('WAKEDOCK_NOT_IMPLEMENTED')
      chunked = true
    } else if (name.length === 3 && name.toLowerCase() === 'via') {
      // RFC 9110 section 7.6.3: Via is what makes a loop visible. headers.ts adds ours.
      passes += value.match(/\bwakedock\b/gi)?.length ?? 0
    }
  }
  if (passes > MAX_PASSES) return new WakeDockError('WAKEDOCK_LOOP')
  // RFC 9112 section 6.3: both together are an attack or a broken client. Node refuses them too; this does not rely on it.
  if (chunked && length !== null) return bad()
  if (length !== null && !Number.isSafeInteger(length)) return bad()
  const body = chunked ? 'chunked' : length !== null && length > 0 ? 'length' : 'none'

  const url = req.url ?? ''
  // A fragment never goes over the wire; some upstreams cut the target there, which our routing would not have seen.
  if (url.includes('#')) return bad()
  if (url.startsWith('/')) {
    // RFC 9112 section 3.2: only HTTP/1.0 may leave Host out.
    if (authority === null && req.httpVersionMinor !== 0) return bad()
    return { host: routingHost(authority ?? ''), authority: authority ?? '', path: url, body, length }
  }
  const asks = req.method === 'OPTIONS'
  if (url === '*' && asks) {
    if (authority === null && req.httpVersionMinor !== 0) return bad()
    return { host: routingHost(authority ?? ''), authority: authority ?? '', path: '*', body, length }
  }

  const absolute = ABSOLUTE.exec(url)
  const named = absolute?.[1] ?? ''
  if (named === '' || !AUTHORITY.test(named)) return bad()
  if (authority === null && req.httpVersionMinor !== 0) return bad()
  if (authority !== null && authority.toLowerCase() !== named.toLowerCase()) return bad()
  const rest = absolute?.[2] ?? ''
  // RFC 9112 section 3.2.4: this is how "OPTIONS *" looks on its way through a proxy.
  const path = rest.startsWith('/') ? rest : rest === '' && asks ? '*' : `/${rest}`
  return { host: routingHost(named), authority: named, path, body, length }
}

/** "Blog.Example.com.:8080" → "blog.example.com"; an IPv6 literal keeps its brackets. */
export function routingHost(authority: string): string {
  const colon = authority.lastIndexOf(':')
  const name = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

/** The path without its query: what routes are matched against. "*" is about all of the host: its root. */
export function pathOf(target: string): string {
  if (target === '*') return '/'
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}

/** The target without a route's prefix; starts with "/", unless it is "*", which no route with a prefix gets. */
export function stripPrefix(target: string, prefix: string): string {
  if (prefix === '') return target
  const rest = target.slice(prefix.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Upgrades that must not pass: h2c opens a tunnel past every check above ("h2c smuggling"), TLS hides the rest from us. */
const REFUSED_UPGRADE = /^(?:h2c|http\/|tls\/)/i

/**
 * Whether this request may become a tunnel. Otherwise its Upgrade is ignored, as RFC 9110 section 7.8 allows, and it is an
 * ordinary request: h2c and TLS, HTTP/1.0, several protocols at once, and anything with a body, whose bytes would
 * otherwise be taken for the first bytes of the new protocol.
 */
export function mayUpgrade(req: RequestHead): boolean {
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor === 0) return false
  let protocol: string | null = null
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] ?? '').toLowerCase()
    const value = req.rawHeaders[i + 1] ?? ''
    if (name === 'transfer-encoding') return false
    if (name === 'content-length' && Number(value) !== 0) return false
    if (name === 'upgrade') {
      if (protocol !== null) return false
      protocol = value.trim()
    }
  }
  return protocol !== null && protocol !== '' && !protocol.includes(',') && !REFUSED_UPGRADE.test(protocol)
}
