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
  const answer = await statusOf(dispatcher, upstream, check, signal)
  if (typeof answer === 'number') {
    // undici takes a connection back one turn of the event loop after its answer: the first request, released by this
    // result, would open another one.
    await nextTurn()
    const [min, max] = check.status
    return answer >= min && answer <= max
      ? { ready: true }
      : { ready: false, why: `GET ${path} answers ${answer}` }
  }
  if (signal.aborted) return { ready: false, why: `GET ${path} gave no answer within ${check.timeout} ms` }
  return { ready: false, why: describe(answer, upstream) }
}

/** The status of the answer, or why there was none. */
function statusOf(
  dispatcher: Dispatcher,
  { protocol, host }: Upstream,
  check: HttpCheck,
  signal: AbortSignal,
): Promise<number | Error> {
  const { promise, resolve } = Promise.withResolvers<number | Error>()
  const headers = { host: check.host, 'user-agent': 'WakeDock-Probe', accept: '*/*' }
  let status = 0
  let seen = 0
  let giveUp = (): void => resolve(new Error('the probe was called off'))
  let drip: NodeJS.Timeout | undefined
  const onAbort = (): void => giveUp()
  signal.addEventListener('abort', onAbort, { once: true })

  // The same as the proxy says: undici would drop the connection where they differ.
  const servername = protocol === 'https' ? { servername: host } : {}
  const options = { method: 'GET', path: check.path, headers, ...servername } as const
  dispatcher.dispatch(options, {
    onRequestStart(controller) {
      giveUp = () => controller.abort(new Error('the probe was called off'))
      if (signal.aborted) giveUp()
    },
    onResponseStart(_controller, statusCode) {
      if (statusCode < 200) return
      status = statusCode
      // Dropping the rest of a body closes its connection; that is all that it costs.
      drip = setTimeout(() => giveUp(), BODY_TIMEOUT)
    },
    onResponseData(_controller, chunk) {
      seen += chunk.length
      if (seen > BODY_LIMIT) giveUp()
    },
    onResponseEnd: () => resolve(status),
    onResponseError: (_controller, error) => resolve(status > 0 ? status : error),
  })
  return promise.finally(() => {
    clearTimeout(drip)
    signal.removeEventListener('abort', onAbort)
  })
}
