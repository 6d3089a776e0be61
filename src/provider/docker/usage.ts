/** What a container has used so far and uses now, from the engine's statistics. Pure: Docker's words in, the contract's figures out. */
import { TargetError } from '../../errors.ts'
import type { Usage } from '../../domain/ports.ts'
import type { Stats } from './container.ts'

/** Go's zero time: what Docker sends, with zeros, for a container that does not run (moby: daemon/stats.go). */
const NEVER = '0001-01-01'

/**
 * The CPU time is in nanoseconds, whichever cgroup version it comes from (moby: daemon/stats_unix.go makes them of
 * version 2's microseconds). A container on the host's network has no networks of its own.
 * @throws TargetError `refused` where the container does not run, or nothing was counted.
 */
export function usageOf(name: string, { read = '', cpu_stats, networks = {} }: Stats): Usage {
  if (read.startsWith(NEVER)) throw notRunning(name)
  const total = cpu_stats?.cpu_usage?.total_usage
  if (total === undefined) {
    throw new TargetError(
      'refused',
      `Docker does not say how much CPU time container ${name} has used`,
      'See whether `docker stats` shows it: the cpu controller of cgroups may be off.',
    )
  }
  const counted = Object.values(networks)
  const bytes = counted.reduce((sum, { rx_bytes = 0, tx_bytes = 0 }) => sum + rx_bytes + tx_bytes, 0)
  return { cpuSeconds: total / 1e9, networkBytes: counted.length === 0 ? null : bytes }
}

/**
 * Bytes of memory without the page cache, which the kernel takes back when somebody needs it: as `docker stats` counts it
 * (docker/cli: cli/command/container/stats_helpers.go, calculateMemUsageUnixNoCache). null: it does not run, or nothing is counted.
 */
export function memoryOf({ read = '', memory_stats: { usage, stats = {} } = {} }: Stats): number | null {
  if (usage === undefined || read.startsWith(NEVER)) return null
  const cache = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0
  return cache < usage ? usage - cache : usage
}

export function notRunning(name: string): TargetError {
  return new TargetError(
    'refused',
    `container ${name} does not run`,
    'Nothing has to be done: what it uses is read while it runs.',
  )
}
