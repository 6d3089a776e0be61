/** One readiness attempt, by the check a service wants. The loop around it, and its pace, are the core's. */
import type { Dispatcher } from 'undici'
import type { Probe, ProbeResult, Upstream } from '../domain/ports.ts'
import type { ReadyCheck } from '../domain/service.ts'
import { probeHttp } from './http.ts'
import { probeTcp } from './tcp.ts'

export interface ProbeOptions {
  /**
   * The connection pool that the proxy uses for this upstream: the first request then rides the connection that the
   * probe has opened.
   */
  readonly dispatcher: (upstream: Upstream) => Dispatcher
  /** Runs the target's own HEALTHCHECK once. Asked only of an upstream that has one. Never rejects. */
  readonly health: (upstream: Upstream, signal: AbortSignal) => Promise<ProbeResult>
}

const READY: ProbeResult = { ready: true }

export function createProbe({ dispatcher, health }: ProbeOptions): Probe {
  /** A HEALTHCHECK has a timeout of its own: the check's is for what WakeDock itself sends. */
  const healthy = async (upstream: Upstream, signal: AbortSignal): Promise<ProbeResult> =>
    upstream.healthcheck ? health(upstream, signal) : { ready: false, why: 'it has no HEALTHCHECK' }

  /**
   * A bare connection before the HEALTHCHECK: it costs a hundredth, fails as long as the app boots, and shows the moment at which
   * the HEALTHCHECK is worth its price. Where requests go, nothing is ready without it. null: it is accepted.
   */
  const refusal = (upstream: Upstream, check: ReadyCheck, signal: AbortSignal): Promise<string | null> =>
    upstream.host === '' ? Promise.resolve(null) : probeTcp(upstream, check, signal)

  return async (upstream, check, signal) => {
    switch (check.kind) {
      case 'completed':
        return { ready: false, why: 'it is a job, and ready when it has ended' }
      case 'running':
        return check.health && upstream.healthcheck ? health(upstream, signal) : READY
      case 'health': {
        const refused = await refusal(upstream, check, signal)
        return refused === null ? healthy(upstream, signal) : { ready: false, why: refused }
      }
      case 'tcp':
      case 'http': {
        const refused = await probeTcp(upstream, check, within(check, signal))
        if (refused !== null) return { ready: false, why: refused }
        // Before the request, which may be dear, and whose connection is for the first client.
        const own = check.health ? await healthy(upstream, signal) : READY
        if (!own.ready || check.kind === 'tcp') return own
        return probeHttp(dispatcher(upstream), upstream, check, within(check, signal))
      }
    }
  }
}

type Timed = Extract<ReadyCheck, { kind: 'http' | 'tcp' }>

function within({ timeout }: Timed, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeout)])
}
