/**
 * What an inspection means for the core. Pure: Docker's words in, one of the contract's states out.
 */
import { TargetError } from '../../errors.ts'
import type { Health, TargetStatus, Upstream } from '../../domain/ports.ts'
import type { ContainerTarget } from '../../domain/service.ts'
import { locate } from './address.ts'
import type { Address, Vantage } from './address.ts'
import { generation } from './container.ts'
import type { Container } from './container.ts'
import { healthcheckOf } from './healthcheck.ts'

/** Of a part of a stack that only has to run. */
const NOWHERE: Address = { host: '', port: 0, relayed: false }

/**
 * The status of a container that exists.
 *
 * @param located whose networking counts: the container's own, or that of the container whose network it shares
 *   (`network_mode: container:…`).
 * @param vantage null: not known, which only a target that nobody sends requests to can do without
 */
export function statusOf(
  target: ContainerTarget,
  container: Container,
  located: Container,
  network: string | null,
  vantage: Vantage | null,
): TargetStatus {
  const { Status, ExitCode, OOMKilled } = container.State
  switch (Status) {
    case 'running':
    // Podman's word for one whose stop is under way. Its end will be told.
    case 'stopping': {
      const address = vantage === null ? NOWHERE : locate(target, container, located, network, vantage)
      const run = generation(container)
      if (address instanceof TargetError) return { state: 'unusable', generation: run, error: address }
      const healthcheck = healthcheckOf(container) !== null
      const { scheme: protocol, tls } = target
      const upstream: Upstream = { protocol, ...(tls && { tls }), ...address, generation: run, healthcheck }
      return { state: 'running', upstream, health: healthOf(container) }
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

/** Docker says `none` where there is no check, and Podman nothing. */
function healthOf({ State }: Container): Health {
  const said = State.Health?.Status
  return said === 'starting' || said === 'healthy' || said === 'unhealthy' ? said : null
}

/** Two inspections with one mark show the same thing. The restart count tells two crashes in a row apart. */
export function markOf(container: Container, status: TargetStatus): string {
  const run = `${status.state} ${generation(container)} ${container.RestartCount ?? 0}`
  if (status.state === 'unusable') return `${run} ${status.error.message}`
  if (status.state !== 'running') return run
  const { host, port, healthcheck } = status.upstream
  return `${run} ${host}:${port} ${healthcheck} ${status.health}`
}
