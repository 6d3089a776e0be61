/**
 * What the log says of upstreams that fail requests although their service is awake: a wake that fails has a line of its own
 * (log-sentences.ts), but of these the clients' 502 would be all there is. A broken service fails every request, so it gets one
 * line at once and then at most one a minute, which counts.
 *
 * Only what the upstream did is said, never what was asked of it: paths, queries and headers carry secrets.
 */
import type { Clock } from './domain/ports.ts'
import type { Logger } from './log.ts'
import { count } from './log-sentences.ts'

/** One request that failed for good. */
export interface UpstreamFailure {
  readonly service: string
  /** As in wakedock_upstream_errors_total. */
  readonly reason: string
  /** "http://172.17.0.3:8080"; null: there was none yet. */
  readonly address: string | null
  /** Node's, OpenSSL's or the parser's code and words; '' for none. */
  readonly code: string
  readonly message: string
}

/** Milliseconds between two lines of a service. */
const QUIET = 60_000
/** Characters of a message; a certificate may be for hundreds of names. */
const MOST = 300

/** What happened, as the end of "… failed: ADDRESS", and an imperative sentence. */
type Words = readonly [what: string, remedy: string]

const WORDS: Readonly<Record<string, Words>> = {
  refused: [
    'refused the connection',
    'Check in its log that the app runs and listens on this port on all interfaces, and `port`.',
  ],
  timeout: [
    'did not accept the connection in time',
    'Check the network in between, and whether the app is overloaded.',
  ],
  unreachable: [
    'cannot be reached from here',
    'Check the route to it and the firewall; with containers, that WakeDock shares a network with them.',
  ],
  dns: [
    'has a name that cannot be resolved here',
    'Check the host in its `url`, and the DNS of this machine.',
  ],
  reset: [
    'closed the connection without an answer',
    'See the log of the app: it has crashed, is restarting, or closes idle connections early.',
  ],
  retired: ['was stopped or replaced meanwhile', 'Nothing is to be done if that was meant to be.'],
  tls: [
    'has no certificate that is accepted here',
    'Name who signed it in `tls: { ca_file: … }`, or whom it is for in `tls: { server_name: … }`.',
  ],
  protocol: [
    'broke off its answer, or gave one that is not valid HTTP',
    'See the log of the app; check that this is its port for HTTP (`port`, `scheme`).',
  ],
  descriptors: [
    'was not asked, because WakeDock has no file descriptor left',
    'Raise its limit: `ulimit -n`, `LimitNOFILE=` of systemd, `--ulimit nofile=` of Docker.',
  ],
}
const OTHER: Words = ['failed it', 'See the log of the app.']

/** Where the code of a failed handshake says more than that it failed. */
const TLS_WORDS: readonly (readonly [code: RegExp, words: Words])[] = [
  [/^CERT_HAS_EXPIRED$/, ['has a certificate that has expired', 'Renew it.']],
  [/^CERT_NOT_YET_VALID$/, ['has a certificate that is not valid yet', 'Check the clocks of both machines.']],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    ['has a certificate for another name', 'Write the name that it is for into `tls: { server_name: … }`.'],
  ],
  [
    /^ERR_SSL_|^EPROTO$/,
    [
      'does not speak TLS, or none that is spoken here',
      'Check `port` and `scheme`: `scheme: http` if it is meant to be plain.',
    ],
  ],
]

/** `requests`: those it speaks of, of which this is the last; null: the one that has just failed. */
export function describeFailure(
  failure: UpstreamFailure,
  requests: number | null,
): { text: string; hint: string } {
  const { service, reason, address, code, message } = failure
  const [, tls] = (reason === 'tls' && TLS_WORDS.find(([codes]) => codes.test(code))) || []
  const [what, hint] = tls ?? WORDS[reason] ?? OTHER
  const cause = message === '' ? code : message.slice(0, MOST)
  const who =
    requests === null ? 'a request failed' : `${count(requests, 'more request')} failed within a minute`
  const last = requests === null || requests === 1 ? '' : 'the last one: '
  return {
    text: `${service}: ${who}: ${last}${address ?? 'its address'} ${what}${cause === '' ? '' : ` (${cause})`}. ${hint}`,
    hint,
  }
}

/** Call it for every failure. */
export function createUpstreamLog(
  log: Pick<Logger, 'warn'>,
  clock: Clock,
): (failure: UpstreamFailure) => void {
  /** Services that have had their line, and what has failed since. */
  const quiet = new Map<string, { failed: number; last: UpstreamFailure }>()

  const say = (failure: UpstreamFailure, requests: number | null): void => {
    const { service, reason, address, message } = failure
    const { text, hint } = describeFailure(failure, requests)
    const error = message.slice(0, MOST)
    log.warn(
      { event: 'upstream_failed', service, reason, address, error, hint, requests: requests ?? 1 },
      text,
    )
    clock.setTimer(QUIET, () => look(service))
    quiet.set(service, { failed: 0, last: failure })
  }
  const look = (service: string): void => {
    const since = quiet.get(service)
    quiet.delete(service)
    if (since !== undefined && since.failed > 0) say(since.last, since.failed)
  }

  return (failure) => {
    // The client's own: a head that nobody could send on. No admin can do anything about it.
    if (failure.reason === 'request') return
    const since = quiet.get(failure.service)
    if (since === undefined) say(failure, null)
    else {
      since.failed++
      since.last = failure
    }
  }
}
