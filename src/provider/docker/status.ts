/**
 * What an inspection means for the core. Pure: Docker's words in, one of the contract's states out.
 */
import { TargetError } from '../../errors.ts'
import type { TargetStatus, Upstream } from '../../domain/ports.ts'
import type { ContainerTarget } from '../../domain/service.ts'
import { locate } from './address.ts'
import type { Vantage } from './address.ts'
import { generation } from './container.ts'
import type { Container } from './container.ts'

/**
 * The status of a container that exists.
 *
 * @param located whose networking counts: the container's own, or that of the container whose network it shares
 *   (`network_mode: container:…`).
 */
export function statusOf(
  target: ContainerTarget,
  container: Container,
  located: Container,
  network: string | null,
  vantage: Vantage,
): TargetStatus {
  const { Status, ExitCode, OOMKilled } = container.State
  switch (Status) {
    case 'running':
    // Podman's word for one whose stop is under way. Its end will be told.
    case 'stopping': {
      const address = locate(target, container, located, network, vantage)
      const run = generation(container)
      if (address instanceof TargetError) return { state: 'unusable', generation: run, error: address }
      const upstream: Upstream = { protocol: target.scheme, ...address, generation: run }
      return { state: 'running', upstream }
    }
    case 'paused':
      return { state: 'paused' }
    case 'restarting':
      return { state: 'restarting', exitCode: ExitCode ?? null }
    case 'created':
    case 'configured':
      // Docker reports exit code 0 for what never ran.
      return { state: 'stopped', exitCode: null, oom: false }
    default:
      return { state: 'stopped', exitCode: ExitCode ?? null, oom: OOMKilled === true }
  }
}

/** Two inspections with one mark show the same thing. The restart count tells two crashes in a row apart. */
export function markOf(container: Container, status: TargetStatus): string {
  const address = status.state === 'running' ? `${status.upstream.host}:${status.upstream.port}` : ''
  const why = status.state === 'unusable' ? status.error.message : ''
  return `${status.state} ${generation(container)} ${container.RestartCount ?? 0} ${address}${why}`
}
