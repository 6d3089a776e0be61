/** One readiness attempt, by the check a service wants. The loop around it, and its pace, are the core's. */
import type { Dispatcher } from 'undici'
import type { Probe, Upstream } from '../domain/ports.ts'
import { probeHttp } from './http.ts'
import { probeTcp } from './tcp.ts'

export interface ProbeOptions {
  /**
   * The connection pool that the proxy uses for this upstream: the first request then rides the connection that the
   * probe has opened.
   */
  readonly dispatcher: (upstream: Upstream) => Dispatcher
}

export function createProbe({ dispatcher }: ProbeOptions): Probe {
  return async (upstream, check, signal) => {
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(check.timeout)])
    const refused = await probeTcp(upstream, check, attempt)
    if (refused !== null) return { ready: false, why: refused }
    if (check.kind === 'tcp') return { ready: true }
    return probeHttp(dispatcher(upstream), upstream, check, attempt)
  }
}
