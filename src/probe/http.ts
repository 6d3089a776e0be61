/**
 * One HTTP readiness attempt: a GET through the proxy's own pool. GET, because many apps refuse HEAD; no redirect is
 * followed, because any answer is an answer; and the head decides: a body may never end.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { ProbeResult, Upstream } from '../domain/ports.ts'
import type { ReadyCheck } from '../domain/service.ts'
import { describe } from './tcp.ts'

type HttpCheck = Extract<ReadyCheck, { kind: 'http' }>

/**
 * The body is read so that its connection can be used again, but no further than this: beyond, a new connection is
 * cheaper than the rest.
 */
const BODY_LIMIT = 65_536
/** Milliseconds from the head: a body that drips, such as an event stream's, must not hold readiness up. */
const BODY_TIMEOUT = 50

/** Never rejects. `signal` carries the check's timeout too. */
export async function probeHttp(
  dispatcher: Dispatcher,
  upstream: Upstream,
  check: HttpCheck,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const path = check.path.split('?')[0] ?? ''
  try {
    const { statusCode, body } = await dispatcher.request({
      method: 'GET',
      path: check.path,
      headers: { host: check.host, 'user-agent': 'WakeDock-Probe', accept: '*/*' },
      signal,
    })
    // Dropping the body closes its connection; that is all that can go wrong here.
    await body.dump({ limit: BODY_LIMIT, signal: AbortSignal.timeout(BODY_TIMEOUT) }).catch(() => {})
    // undici takes a connection back one turn of the event loop after its answer: the first request, released by this
    // result, would open another one.
    await nextTurn()
    const [min, max] = check.status
    return statusCode >= min && statusCode <= max
      ? { ready: true }
      : { ready: false, why: `GET ${path} answers ${statusCode}` }
  } catch (error) {
    if (signal.aborted) return { ready: false, why: `GET ${path} gave no answer within ${check.timeout} ms` }
    const failure = error instanceof Error ? error : new Error(String(error))
    return { ready: false, why: describe(failure, upstream.port, upstream.relayed) }
  }
}
