/** What containers use, from what engines with either cgroup version say. */
import t from 'tap'
import type { Usage } from '../../../src/domain/ports.ts'
import { memoryOf, usageOf } from '../../../src/provider/docker/usage.ts'

const read = '2026-11-21T13:14:54.763724241Z'
const card = { rx_packets: 2, rx_errors: 0, rx_dropped: 0, tx_packets: 1, tx_errors: 0, tx_dropped: 0 }

/** As Docker 20.10 on cgroup v1 answers: counters of each CPU, memory in version 1's words. */
const v1 = {
  read,
  preread: '0001-01-01T00:00:00Z',
  cpu_stats: {
    cpu_usage: {
      total_usage: 19298370,
      percpu_usage: [15498328, 3800042],
      usage_in_kernelmode: 0,
      usage_in_usermode: 0,
    },
    system_cpu_usage: 22076190000000,
    online_cpus: 2,
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  },
  memory_stats: {
    usage: 1159168,
    max_usage: 5578752,
    stats: { total_inactive_file: 0, hierarchical_memory_limit: 1 },
  },
  networks: { eth0: { ...card, rx_bytes: 200, tx_bytes: 42 } },
}

/** In the form of cgroup v2 (Engine API, ContainerStats): no counters of each CPU, memory in version 2's words. */
const v2 = {
  read,
  preread: '0001-01-01T00:00:00Z',
  cpu_stats: {
    cpu_usage: {
      total_usage: 2_500_123_000,
      usage_in_kernelmode: 900_000_000,
      usage_in_usermode: 1_600_123_000,
    },
    system_cpu_usage: 22076190000000,
    online_cpus: 8,
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  },
  memory_stats: { usage: 1159168, stats: { anon: 811008, file: 4096, inactive_file: 0 }, limit: 16584396800 },
  networks: {
    eth0: { ...card, rx_bytes: 1000, tx_bytes: 200 },
    eth1: { ...card, rx_bytes: 30, tx_bytes: 4 },
  },
}
const { networks: _, ...hostNetwork } = v2

const said: [what: string, stats: Parameters<typeof usageOf>[1], usage: Usage][] = [
  ['cgroup v1', v1, { cpuSeconds: 0.01929837, networkBytes: 242 }],
  ['cgroup v2, on two networks', v2, { cpuSeconds: 2.500123, networkBytes: 1234 }],
  ["the host's network, which counts for nobody", hostNetwork, { cpuSeconds: 2.500123, networkBytes: null }],
  ['no network at all', { ...v1, networks: {} }, { cpuSeconds: 0.01929837, networkBytes: null }],
  [
    'a container that has only just started',
    { read, cpu_stats: { cpu_usage: { total_usage: 0 } }, networks: { eth0: { rx_bytes: 0, tx_bytes: 0 } } },
    { cpuSeconds: 0, networkBytes: 0 },
  ],
]
for (const [what, stats, usage] of said) {
  t.test(what, (t) => {
    t.strictSame(usageOf('app', stats), usage)
    t.end()
  })
}

const unsaid: [what: string, stats: Parameters<typeof usageOf>[1], message: RegExp][] = [
  [
    'zeros, for a container that has stopped meanwhile',
    { read: '0001-01-01T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 0 } } },
    /container app does not run/,
  ],
  ['no CPU time, where the controller is off', { read, cpu_stats: {} }, /does not say how much CPU time/],
]
for (const [what, stats, message] of unsaid) {
  t.test(what, (t) => {
    t.throws(() => usageOf('app', stats), { reason: 'refused', message })
    t.end()
  })
}

const remembered: [what: string, stats: Parameters<typeof memoryOf>[0], bytes: number | null][] = [
  [
    'cgroup v1, without its cache',
    { read, memory_stats: { usage: 5000, stats: { total_inactive_file: 2000, inactive_file: 100 } } },
    3000,
  ],
  [
    'cgroup v2, without its cache',
    { read, memory_stats: { usage: 5000, stats: { anon: 1, inactive_file: 1500 } } },
    3500,
  ],
  [
    'a cache larger than all: nonsense of the engine',
    { read, memory_stats: { usage: 5000, stats: { inactive_file: 5000 } } },
    5000,
  ],
  ['no details', { read, memory_stats: { usage: 5000 } }, 5000],
  ['the controller is off', { read, memory_stats: {} }, null],
  ['nothing is said of memory', { read }, null],
  ['it has stopped meanwhile', { read: '0001-01-01T00:00:00Z', memory_stats: { usage: 0 } }, null],
]
for (const [what, stats, bytes] of remembered) {
  t.test(`memory: ${what}`, (t) => {
    t.equal(memoryOf(stats), bytes)
    t.end()
  })
}
