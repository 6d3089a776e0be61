/**
 * A WakeDock of which every move has a price: what it takes in time and CPU, what it asks the engine, and for how long it keeps
 * other requests waiting meanwhile. It reaches the engine through a relay that counts, and can be cut.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { getOnce } from './first-byte.ts'
import { readCpu } from './process-cpu.ts'
import type { WorkloadOptions } from './workload.ts'
import { startDaemon, type Daemon } from '../test/helpers/daemon.ts'
import { until, type TestDocker } from '../test/helpers/docker.ts'
import type { Relay } from '../test/helpers/relay.ts'

/** What something took; times in milliseconds. */
export interface Price {
  /** Until it was done, as far as a client can tell. */
  readonly done: number
  /** Until the last question to the engine that it led to. */
  readonly quiet: number
  /** Questions about one container that it led to. */
  readonly inspects: number
  /** Of CPU, until then. Steps of 10 ms. */
  readonly cpu: number
  /** The longest that a request waited which had nothing to do with it: WakeDock is one thread. */
  readonly stall: number
}

export interface WatchedDaemon {
  readonly daemon: Daemon
  readonly pid: number
  readonly start: Price
  /** Saves another config. `done`: it is in force; the file is given 100 ms of quiet before it is read. */
  reload(config: string): Promise<Price>
  /** Takes the engine away and gives it back. Counted from WakeDock's first call that gets through; `done`: /readyz answers 200. */
  resync(): Promise<Price>
}

/** Milliseconds without a question after which no more are expected. */
const QUIET = 1000
/** Milliseconds between two looks. */
const LOOK = 5
/** Milliseconds for anything here. */
const DEADLINE = 60_000

/** `services`: YAML. */
export async function startWatched(
  { main, scope }: WorkloadOptions,
  docker: TestDocker,
  services: string,
): Promise<WatchedDaemon> {
  const relay = await docker.relay()
  const complete = (text: string): string => `docker: { host: "${relay.host}" }\n${text}`
  const from = performance.now()
  const daemon = await startDaemon(scope, { main, config: complete(services) })
  const { pid } = daemon.process
  if (pid === undefined) throw new Error('WakeDock has no process id')
  const isReady = async (): Promise<boolean> => (await fetch(`${daemon.admin}/readyz`)).ok

  /** `since`: what was counted before it. */
  async function price(began: number, since: { cpu: number; asked: number }, isDone: () => Promise<unknown>) {
    const stalls = watchStalls(daemon)
    await isDone()
    const done = performance.now() - began
    const quiet = (await quietAt(relay)) - began
    const cpu = readCpu(pid ?? 0) - since.cpu
    return { done, quiet, inspects: inspects(relay) - since.asked, cpu, stall: await stalls.end() }
  }
  const now = () => ({ cpu: readCpu(pid), asked: inspects(relay) })
  const start = await price(from, { cpu: 0, asked: 0 }, () => until('ready', isReady, DEADLINE))

  return {
    daemon,
    pid,
    start,
    async reload(config) {
      const isReload = ({ event }: { event: string }): boolean => event === 'reload'
      const before = daemon.log.filter(isReload).length
      const since = now()
      const began = performance.now()
      await daemon.rewrite(complete(config))
      return price(began, since, () =>
        until('reloaded', () => daemon.log.filter(isReload).length > before, DEADLINE),
      )
    },
    async resync() {
      await relay.down()
      await until('it notices', async () => !(await isReady()))
      const since = now()
      const calls = relay.requests.length
      await relay.up()
      await until('it has connected', () => relay.requests.length > calls)
      return price(performance.now(), since, () => until('ready again', isReady, DEADLINE))
    },
  }
}

function inspects({ requests }: Relay): number {
  return requests.filter((line) => /^GET \S+\/containers\/[^/]+\/json$/.test(line)).length
}

/** When the last question was asked, on performance.now(). */
async function quietAt({ requests }: Relay): Promise<number> {
  let count = requests.length
  let last = performance.now()
  while (performance.now() - last < QUIET) {
    await delay(LOOK)
    if (requests.length === count) continue
    count = requests.length
    last = performance.now()
  }
  return last
}

/** Asks the proxy for a host that nobody has, again and again: no service and no engine is behind the answer. */
function watchStalls({ proxyPort }: Daemon): { end(): Promise<number> } {
  const ended = new AbortController()
  const worst = longestWait(proxyPort, ended.signal)
  return {
    end: () => {
      ended.abort()
      return worst
    },
  }
}

async function longestWait(port: number, ended: AbortSignal): Promise<number> {
  let longest = 0
  while (!ended.aborted) {
    const { askedAt, firstByteAt } = await getOnce(
      { host: '127.0.0.1', port },
      { path: '/', host: 'nobody' },
      DEADLINE,
    )
    longest = Math.max(longest, firstByteAt - askedAt)
    await delay(LOOK)
  }
  return longest
}
