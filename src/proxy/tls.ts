/**
 * How every TLS connection to an upstream is made: those of the pools, and so the readiness probe's, and those beside them
 * (connect.ts). One place, so that none of them can check less than the others.
 */
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  createSecureContext,
  type ConnectionOptions,
  type SecureContext,
} from 'node:tls'
import type { Upstream } from '../domain/ports.ts'
import type { Tls } from '../domain/service.ts'

type Checked = 'secureContext' | 'checkServerIdentity' | 'rejectUnauthorized' | 'ALPNProtocols'

/** Options of tls.connect(), without the address. */
export function tlsOptions({
  host,
  tls,
}: Upstream): Pick<ConnectionOptions, Checked> & { readonly servername: string } {
  const name = tls?.serverName ?? host
  const secureContext = tls && contextOf(tls)
  return {
    ...(secureContext && { secureContext }),
    // RFC 6066 section 3: an address is not sent, and a certificate is checked for it all the same.
    servername: isIP(name) === 0 ? name : '',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    // Said outright: without it NODE_TLS_REJECT_UNAUTHORIZED would decide.
    rejectUnauthorized: tls?.insecure !== true,
    ALPNProtocols: ['http/1.1'],
  }
}

/** Reading the authorities takes longer than a handshake. */
const contexts = new WeakMap<Tls, SecureContext>()

function contextOf(tls: Tls): SecureContext {
  let context = contexts.get(tls)
  if (context === undefined) {
    // As with Go's RootCAs, whatever is named is trusted: an intermediate authority or the very certificate, too.
    const trusted = tls.ca === null ? {} : { ca: tls.ca, allowPartialTrustChain: true }
    context = createSecureContext(trusted)
    contexts.set(tls, context)
  }
  return context
}
