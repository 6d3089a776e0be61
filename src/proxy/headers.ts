/**
 * The headers that are sent on, in both directions. They travel as flat raw arrays, name after name: that keeps case,
 * order, duplicates and Latin-1 bytes, which an object of headers loses.
 *
 * Framing (Content-Length, Transfer-Encoding) is left to who writes the message, undici towards the upstream and node:http
 * towards the client, so that there is exactly one framing field and it is true.
 */
import type { Peer } from './peers.ts'

/** RFC 9110 section 7.6.1, and Proxy-Auth*, which are for this hop (RFC 2616 section 13.5.1 still lists them). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])
/** What Connection may never remove: it would change where a message ends, or whom it is for. */
export const NEVER_NOMINATED: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host'])
/**
 * What a proxy says of its client: believed from a trusted peer only. The first three are written anew at the end from what is known of
 * the peer; the others are what apps read beside them (nginx's realip examples, Traefik's own list).
 */
export const FORWARDED: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-user',
  'x-real-ip',
])
export interface RequestOrigin {
  readonly peer: Peer
  /** "1.1" or "1.0": what Via has to say (RFC 9110 section 7.6.3). */
  readonly httpVersion: string
  /** Sent as Host; '' where the client named none. */
  readonly authority: string
}

/**
 * A request's headers for the upstream, Host first, without framing. Without Expect and Trailer too, which undici cannot keep the
 * promise of; the path that can (plain-dispatch.ts) writes them itself.
 */
export function requestHeaders(raw: readonly string[], origin: RequestOrigin): string[] {
  const { peer, authority } = origin
  const nominated = nominatedIn(raw)
  const out: string[] = authority === '' ? [] : ['Host', authority]
  let forwardedFor = ''
  let proto = ''
  let host = ''
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    const key = name.toLowerCase()
    if (FORWARDED.has(key)) {
      // Believed from a trusted peer only: anybody else could be posing as an address the app lets in.
      if (!peer.trusted) continue
      if (key === 'x-forwarded-for') forwardedFor = forwardedFor === '' ? value : `${forwardedFor}, ${value}`
      else if (key === 'x-forwarded-proto') proto ||= value
      else if (key === 'x-forwarded-host') host ||= value
      else out.push(name, value)
    } else if (key === 'te') {
      // The one TE that is of use to the upstream: trailers come back through us (RFC 9110 section 10.1.4).
      if (/(?:^|,)\s*trailers\s*(?:,|;|$)/i.test(value)) out.push('TE', 'trailers')
    } else if (
      HOP_BY_HOP.has(key) ||
      key === 'host' ||
      key === 'content-length' ||
      key === 'expect' ||
      key === 'trailer' ||
      nominated?.has(key) === true ||
      // CGI and WSGI turn "_" and "-" into the same variable: X_Forwarded_For would be a way around all of this.
      (!peer.trusted && key.includes('_') && FORWARDED.has(key.replaceAll('_', '-')))
    ) {
      continue
    } else {
      out.push(name, value)
    }
  }
  if (peer.address !== null)
    forwardedFor = forwardedFor === '' ? peer.address : `${forwardedFor}, ${peer.address}`
  if (forwardedFor !== '') out.push('X-Forwarded-For', forwardedFor)
  // Our own listener speaks plain HTTP only.
  out.push('X-Forwarded-Proto', proto || 'http')
  if (host || authority) out.push('X-Forwarded-Host', host || authority)
  out.push('Via', `${origin.httpVersion} wakedock`)
  return out
}

export type RawField = string | Buffer

/** undici gives bytes, node:http Latin-1 strings; one character a byte in both. */
export const text = (field: RawField | undefined): string =>
  typeof field === 'string' ? field : (field?.toString('latin1') ?? '')

/** What of a request decides how its answer can be framed. */
export interface Asked {
  readonly method?: string | undefined
  readonly httpVersionMinor: number
}

/**
 * "identity" is RFC 2616's way to say that there is none. undici leaves the spaces behind a value where they are; behind a tab its
 * parser does not know "chunked" any more, so neither may this.
 */
const KNOWN_CODING = /^(?:chunked|identity)? *$/i

/**
 * Nobody asked for another transfer coding (RFC 9112 section 7.4): passed on without its Transfer-Encoding, the body would be
 * taken for something it is not. The code is one of the parser's, as it is the same fault.
 */
class UnknownCoding extends Error {
  readonly code = 'HPE_INVALID_TRANSFER_ENCODING'

  constructor() {
    super('an answer in a transfer coding that nobody asked for')
  }
}

/**
 * A response's headers for the client. Content-Length stays (node:http writes it as the one framing field), except on
 * 204, where RFC 9110 section 8.6 forbids it. Transfer-Encoding goes: node:http frames anew. Trailer stays only on an answer that
 * will be chunked; on any other, node:http would throw (ERR_HTTP_TRAILER_INVALID).
 * Throws on a transfer coding we cannot undo, with a code as of Node's parser.
 */
export function responseHeaders(raw: readonly RawField[], status: number, asked: Asked): string[] {
  const fields = raw.map(text)
  const nominated = nominatedIn(fields)
  const out: string[] = []
  const bodied = asked.method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304
  let chunked = bodied && asked.httpVersionMinor !== 0
  let announced = false
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? ''
    const key = name.toLowerCase()
    if (bodied && key === 'transfer-encoding' && !KNOWN_CODING.test(fields[i + 1] ?? ''))
      throw new UnknownCoding()
    if (HOP_BY_HOP.has(key) || nominated?.has(key) === true) continue
    if (key === 'content-length') {
      if (status === 204) continue
      chunked = false
    } else if (key === 'trailer') {
      announced = true
    }
    out.push(name, fields[i + 1] ?? '')
  }
  if (announced && !chunked)
    for (let i = out.length - 2; i >= 0; i -= 2) if (out[i]?.toLowerCase() === 'trailer') out.splice(i, 2)
  // undici does not say which HTTP/1 minor version the upstream spoke.
  out.push('Via', '1.1 wakedock')
  return out
}

/** Whether an answer with these headers is an event stream: open for as long as somebody listens. */
export function isEventStream(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name.length === 12 && name.toLowerCase() === 'content-type') {
      return /^text\/event-stream\b/i.test(headers[i + 1] ?? '')
    }
  }
  return false
}

/**
 * The reason phrase in Latin-1. undici has decoded it as UTF-8, so the bytes are got back first; where they were no UTF-8 they
 * are lost, and the status' own phrase (undefined) is better than a mangled one.
 */
export function reasonPhrase(decoded: string): string | undefined {
  return decoded.includes('\uFFFD') ? undefined : Buffer.from(decoded, 'utf8').toString('latin1')
}

/** The names in Connection that are not protected, in lower case; null when there are none, which is the rule. */
export function nominatedIn(raw: readonly string[]): Set<string> | null {
  let found: Set<string> | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = (raw[i + 1] ?? '').toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    for (const token of value.split(',')) {
      const key = token.trim()
      if (key !== '' && !NEVER_NOMINATED.has(key)) (found ??= new Set()).add(key)
    }
  }
  return found
}
