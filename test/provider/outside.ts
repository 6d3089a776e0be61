/**
 * For tests of providers against the real outside: a listener that keeps what it is told, so
 * that a test can wait for a status instead of for time.
 */
import type { Insight, LogLine, LogOptions, ProviderListener, TargetStatus } from '../../src/domain/ports.ts'
import type { ContainerTarget, ProcessTarget, Target } from '../../src/domain/service.ts'
import type { TargetError } from '../../src/errors.ts'
import { until } from '../helpers/docker.ts'

type State = TargetStatus['state']

export class Listener implements ProviderListener {
  /** In order: `lost:reason`, `back`, or the state of a target. */
  readonly log: string[] = []
  readonly statuses: { target: Target; status: TargetStatus }[] = []
  readonly errors: TargetError[] = []

  status(target: Target, status: TargetStatus): void {
    this.log.push(status.state)
    this.statuses.push({ target, status })
  }

  lost(_provider: string, error: TargetError): void {
    this.log.push(`lost:${error.reason}`)
    this.errors.push(error)
  }

  back(): void {
    this.log.push('back')
  }

  /** The last status told of a target. */
  last(target: Target): TargetStatus | undefined {
    return this.statuses.findLast((told) => told.target.key === target.key)?.status
  }

  /** Waits until the last status told of a target is of this state. */
  reaches<S extends State>(target: Target, state: S): Promise<Extract<TargetStatus, { state: S }>> {
    const isIt = (status: TargetStatus | undefined): status is Extract<TargetStatus, { state: S }> =>
      status?.state === state
    return until(`${target.key} is ${state}; told: ${this.log.join(' ')}`, () => {
      const status = this.last(target)
      return isIt(status) && status
    })
  }

  /** Waits until something is in the log `times` times. */
  hears(what: string, times = 1): Promise<boolean> {
    return until(`${what} is told`, () => this.log.filter((entry) => entry === what).length >= times)
  }
}

/** All lines of a log. Default: the last 100, not followed. */
export async function readAll(
  insight: Pick<Insight, 'logs'>,
  target: Target,
  options: Partial<LogOptions> = {},
): Promise<LogLine[]> {
  const { signal } = new AbortController()
  return Array.fromAsync(insight.logs(target, { tail: 100, follow: false, signal, ...options }))
}

export function containerTarget(name: string, more: Partial<ContainerTarget> = {}): ContainerTarget {
  const key = `container:${name}`
  return { kind: 'container', key, name, port: null, scheme: 'http', addressed: true, ...more }
}

export function processTarget(
  name: string,
  command: readonly [string, ...string[]],
  port: number,
  env: Readonly<Record<string, string>> = {},
): ProcessTarget {
  return {
    kind: 'process',
    key: `process:${name}`,
    name,
    command,
    cwd: import.meta.dirname,
    env,
    port,
    scheme: 'http',
  }
}
