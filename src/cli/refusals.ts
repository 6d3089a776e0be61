/**
 * Every way in which the admin API may not be there, or not do what was asked, as a sentence with a remedy. What a tired admin
 * reads at night: it names what was tried, what came back, and what to do next.
 */
import { DEFAULT_ADMIN, type AdminAddress, type GivenToken } from './admin-address.ts'
import { CliError } from './command.ts'

/** Nobody answers, or not to the end. It may be there again in a moment. */
export class Unreachable extends CliError {}

/** An answer of the API that is not success. */
export class ApiError extends CliError {
  readonly code: string
  readonly status: number
  /** Lines of what is wrong with a config. */
  readonly faults: readonly string[]

  constructor(code: string, status: number, message: string, faults: readonly string[] = []) {
    super(message)
    this.code = code
    this.status = status
    this.faults = faults
  }
}

/** Whether asking again later may do. */
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && error.status >= 500)
}

const NAME_IT = 'name its address with --admin URL or $WAKEDOCK_ADMIN'

/** What Node, undici and the kernel call it, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no such socket',
  ENOTSOCK: 'that is no socket',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'it does not take the connection',
  ETIMEDOUT: 'it does not take the connection',
  UND_ERR_HEADERS_TIMEOUT: 'it takes the connection, and says nothing',
  UND_ERR_BODY_TIMEOUT: 'it has gone silent',
}

/** Something is there, but TLS comes to nothing with it. */
const TLS: Readonly<Record<string, string>> = {
  EPROTO: 'does not speak TLS: write http:// instead of https://',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS: write http:// instead of https://',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'does not speak TLS: write http:// instead of https://',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that nothing vouches for: name it in $NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of a CA that is not known: name that in $NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'has a certificate of a CA that is not known: name that in $NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name: use the name that stands in it',
}

/** For a connection that could not be made, or broke before the answer. */
export function unreachable({ base, socketPath, isDefault }: AdminAddress, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EACCES' || code === 'EPERM') {
    return new CliError(
      `${base} does not let this user in: run it as a member of the socket's group ("ls -l ${socketPath ?? base}" shows it), or as root.`,
    )
  }
  if (Object.hasOwn(TLS, code)) return new CliError(`${base} ${TLS[code]}.`)
  if (error instanceof Error && error.name === 'HTTPParserError')
    return notOurs(base, 'it does not speak HTTP')
  const why = Object.hasOwn(REASONS, code)
    ? REASONS[code]
    : error instanceof Error
      ? error.message
      : String(error)
  const tried = isDefault ? `${base} (the default)` : base
  const other = isDefault
    ? `or, if admin.listen in its config says something else, ${NAME_IT}`
    : `or ${NAME_IT}`
  return new Unreachable(
    `no WakeDock daemon answers at ${tried}: ${why}.\nStart it with "wakedock serve", ${other}.`,
  )
}

/** A proxy in front of it answers for a daemon that is not there: it may be back in a moment, after a restart. */
export function behindProxy(base: string, status: number): Unreachable {
  return new Unreachable(
    `what answers at ${base} says ${status}: a proxy, it seems, that got no answer from the WakeDock daemon behind it.\nSee that the daemon runs, or ${NAME_IT}.`,
  )
}

/** Another program. */
export function notOurs(base: string, why = ''): CliError {
  const because = why === '' ? '' : `: ${why}`
  const clash =
    base === DEFAULT_ADMIN ? ' (Prometheus, for one, uses the same port unless it is told otherwise)' : ''
  return new CliError(
    `what answers at ${base} is not WakeDock's admin API${because}${clash}. Name its address with --admin or $WAKEDOCK_ADMIN.`,
  )
}

/** The one mix-up that is easy to make and hard to see: both are WakeDock. */
export function wrongSide(base: string): CliError {
  return new CliError(
    `${base} is where WakeDock takes the requests for its services (listen), not its admin API. Name the address of that (admin.listen, by default ${DEFAULT_ADMIN}) with --admin or $WAKEDOCK_ADMIN.`,
  )
}

/** `theirs`: the daemon's version; null: not known. */
export function otherVersion(base: string, theirs: string | null, ours: string): CliError {
  if (theirs === null || theirs === ours)
    return new CliError(
      `the daemon at ${base} speaks another version of the API. Update it, or this command.`,
    )
  return new CliError(
    `the daemon at ${base} is WakeDock ${theirs}, and this command is ${ours}: they do not understand each other. After an update the daemon has to be started again.`,
  )
}

/** For an answer of the admin API that is not success. Never shows the token. */
export function refused(
  base: string,
  status: number,
  problem: Readonly<Record<string, unknown>>,
  token: GivenToken,
): ApiError {
  const detail = textOf(problem['detail']) || `the daemon answered ${status}`
  const hint = textOf(problem['hint'])
  const code = textOf(problem['code'])
  if (code === 'WAKEDOCK_UNAUTHORIZED') {
    const why =
      token.value === null
        ? 'wants a token, and none was given. Put one of its admin.tokens into $WAKEDOCK_TOKEN, or name a file that holds it with --token-file.'
        : `does not take the token of ${token.source}: it is not one of its admin.tokens.`
    return new ApiError(code, status, `the daemon at ${base} ${why}`)
  }
  if (code === 'WAKEDOCK_FORBIDDEN') {
    const remedy = `It comes from ${token.source}; this takes one whose scope is operate.`
    return new ApiError(code, status, `${detail} ${remedy}`)
  }
  const message = hint === '' || detail.includes(hint) ? detail : `${detail}\n${hint}`
  const faults = Array.isArray(problem['faults']) ? problem['faults'].map(String) : []
  return new ApiError(code, status, message, faults)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
