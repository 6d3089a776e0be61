/**
 * Who may ask the admin API, and for what. With tokens, a bearer token decides. Without them only this machine can
 * reach the listener, but so can every web page open in a browser on it: DNS rebinding makes such a page "same
 * origin", and a plain form can POST across sites. Host, Origin and Sec-Fetch-Site keep pages out.
 */
import type { IncomingMessage } from 'node:http'
import { createHash, timingSafeEqual } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import type { Listen, Scope, Token } from '../config/settings.ts'
import { AdminError } from './problems.ts'

/** The parts of a request that access depends on. */
export interface Caller {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Address of the socket's other end; undefined on a unix socket. */
  readonly address: string | undefined
}

/** Addresses are the socket's: the admin listener believes no X-Forwarded-For. */
export function callerOf(request: IncomingMessage): Caller {
  return { method: request.method ?? '', headers: request.headers, address: request.socket.remoteAddress }
}

export interface Access {
  /** Who asks: the token's name, or null where no tokens are configured. Throws AdminError. */
  authorize(caller: Caller, scope: Scope): string | null
  /** The same question without an exception, where the answer is only a little longer for those who may. */
  allows(caller: Caller, scope: Scope): boolean
  /** Once more for a caller that has been let in: an answer that lasts must not outlive its token. Counts as no guess. */
  holds(caller: Caller, scope: Scope): boolean
  /** Why these tokens cannot be taken over: it would open the API to the network. null: they can. */
  objection(tokens: readonly Token[]): string | null
  /** Replaces the tokens; takes effect with the next request. Throws where there is an objection. */
  update(tokens: readonly Token[]): void
}

/** A wrong token more often than this in a minute, from one address, and the address has to wait. */
const MAX_FAILURES = 20
const WINDOW_MS = 60_000

/** @param now milliseconds on a clock that never jumps. */
export function createAccess(listen: Listen, tokens: readonly Token[], now: () => number): Access {
  const failures = new LRUCache<string, { count: number }>({
    // Enough addresses for a homelab's worth of mistakes; an attacker with more of them gains nothing on a long token.
    max: 1000,
    ttl: WINDOW_MS,
    ttlResolution: 0,
    perf: { now },
  })
  let known = prepare(listen, tokens)

  /** A valid token passes all the same: behind a shared address (NAT, docker-proxy) guesses must not lock anybody out. */
  const refuse = (address: string): AdminError => {
    const failed = failures.get(address)
    if (failed !== undefined && failed.count >= MAX_FAILURES) {
      return new AdminError('WAKEDOCK_TOO_MANY_ATTEMPTS', 'Wait a minute, then use a valid token.', {
        headers: { 'retry-after': String(WINDOW_MS / 1000) },
      })
    }
    if (failed === undefined) failures.set(address, { count: 1 })
    else failed.count++
    return unauthorized('The token is not one of admin.tokens.', ', error="invalid_token"')
  }

  const authorize = (caller: Caller, scope: Scope): string | null => {
    if (known.length === 0) {
      if (listen.kind === 'tcp') checkHost(caller, listen)
      checkSite(caller)
      return null
    }
    const given = bearer(caller)
    // No token at all is a browser, or a scraper not set up yet: not a guess, and not counted as one.
    if (given === null) throw unauthorized('Send "Authorization: Bearer TOKEN".', '')
    const token = match(known, given)
    if (token === null) throw refuse(caller.address ?? 'unix')
    if (scope === 'operate' && token.scope === 'read') {
      throw new AdminError('WAKEDOCK_FORBIDDEN', `The token "${token.name}" may read, not operate.`, {
        headers: { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope"` },
      })
    }
    return token.name
  }

  const allows = (caller: Caller, scope: Scope): boolean => {
    try {
      authorize(caller, scope)
      return true
    } catch {
      return false
    }
  }

  return {
    authorize,
    allows,
    holds(caller, scope) {
      if (known.length === 0) return allows(caller, scope)
      const given = bearer(caller)
      const token = given === null ? null : match(known, given)
      return token !== null && (scope === 'read' || token.scope === 'operate')
    },
    objection: (next) => objectionTo(listen, next),
    update(next) {
      known = prepare(listen, next)
    },
  }
}

const CHALLENGE = 'Bearer realm="wakedock"'

/** RFC 6750 section 3: the challenge carries an error code only when a token was given. */
function unauthorized(detail: string, error: string): AdminError {
  return new AdminError('WAKEDOCK_UNAUTHORIZED', detail, {
    headers: { 'www-authenticate': `${CHALLENGE}${error}` },
  })
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether only this machine can reach the address. */
export function isPrivate(listen: Listen): boolean {
  if (listen.kind === 'unix') return true
  const family = isIP(listen.host)
  return family === 0
    ? listen.host === 'localhost'
    : LOOPBACK.check(listen.host, family === 4 ? 'ipv4' : 'ipv6')
}

interface KnownToken {
  readonly name: string
  readonly scope: Scope
  readonly digest: Buffer
}

/**
 * The config loader refuses an open listener as well; this is the last place where it can be refused. `listen`: what is listened on,
 * which a reload does not change.
 */
function objectionTo(listen: Listen, tokens: readonly Token[]): string | null {
  if (tokens.length > 0 || isPrivate(listen)) return null
  return 'admin.listen is reachable from other machines and admin.tokens is empty: anybody could start and stop services. Add a token, or listen on 127.0.0.1 or a unix socket, and start WakeDock again.'
}

function prepare(listen: Listen, tokens: readonly Token[]): KnownToken[] {
  const objection = objectionTo(listen, tokens)
  if (objection !== null) throw new Error(objection)
  return tokens.map(({ name, scope, token }) => ({ name, scope, digest: digest(token.reveal()) }))
}

/** Digests have one length, which timingSafeEqual demands and which hides that of the token. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** Compares with every token, found or not: the time tells nothing of which one was near. */
function match(tokens: readonly KnownToken[], given: string): KnownToken | null {
  const wanted = digest(given)
  let found: KnownToken | null = null
  for (const token of tokens) {
    if (timingSafeEqual(token.digest, wanted)) found = token
  }
  return found
}

function bearer(caller: Caller): string | null {
  const value = caller.headers['authorization']
  if (typeof value !== 'string') return null
  const [scheme = '', token = ''] = value.trim().split(/\s+/u)
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : null
}

/** DNS rebinding: the page's own host name points here, so the browser sends it as Host. */
function checkHost(caller: Caller, listen: Extract<Listen, { kind: 'tcp' }>): void {
  const host = single(caller.headers['host']).toLowerCase()
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':', 1)[0] ?? '')
  if (['localhost', '127.0.0.1', '::1', listen.host].includes(name)) return
  throw new AdminError(
    'WAKEDOCK_HOST_REFUSED',
    'Without tokens the admin API answers to localhost, 127.0.0.1 and [::1] only. Use one of them, or set admin.tokens.',
  )
}

/** https://w3c.github.io/webappsec-fetch-metadata/: by a page of this very origin, or by a person. */
const OWN_SITES = new Set(['same-origin', 'none'])

/**
 * "same-site" is not enough: another port of localhost is the same site, and may be any app. What another page reads this way it
 * cannot see, but it could keep streams open or have much work done; a link to the dashboard may be followed from anywhere.
 */
function checkSite(caller: Caller): void {
  const reads = caller.method === 'GET' || caller.method === 'HEAD'
  if (reads && single(caller.headers['sec-fetch-mode']) === 'navigate') return
  const site = single(caller.headers['sec-fetch-site'])
  const origin = single(caller.headers['origin'])
  // What a browser says of itself counts before what Host looks like: in front of a socket, a proxy may speak https.
  if (
    site === '' ? origin === '' || origin === `http://${single(caller.headers['host'])}` : OWN_SITES.has(site)
  )
    return
  throw new AdminError(
    'WAKEDOCK_CROSS_SITE',
    'A web page of another origin sent this. Without tokens only this machine is trusted; set admin.tokens to call the API from other pages.',
  )
}

function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
