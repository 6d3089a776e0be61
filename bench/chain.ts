/**
 * What users feel: WakeDock stands behind Caddy, so the question is what it adds to Caddy → app. Nothing is pinned here: both
 * proxies, the app and the load share the machine, as they do at home.
 */
import { caddy, KEPT, startCaddy } from './contestants/proxy-caddy.ts'
import type { NamedProxy } from './contestants/proxy-contestant.ts'
import { httpProxy3 } from './contestants/proxy-http-proxy-3.ts'
import { startWakeDock, wakeDock } from './contestants/proxy-wakedock.ts'
import { openFolder } from './folder.ts'
import { latencyTable, rateTable } from './load-report.ts'
import { findLoadGenerator } from './load.ts'
import { startOrigin } from './origin.ts'
import { freePort, type Place } from './program.ts'
import { checkProxy } from './proxy-check.ts'
import { interleave, withCpu, type Series } from './rounds.ts'
import type { Workload } from './workload.ts'

const ROUNDS = 5
/** Seconds of load in a turn. */
const SECONDS = 1
const HOST = 'app.example.com'
const BASE = 'Caddy → app'

/** What Caddy passes requests on to. */
interface Behind {
  readonly name: string
  readonly place: Place
  readonly pids: readonly number[]
  /** Of Caddy's idle connections; null: its default. */
  readonly kept: number | null
}

export const run: Workload = async ({ main, scope, progress, ...options }) => {
  const rounds = options.cycles ?? ROUNDS
  const seconds = options.seconds ?? SECONDS
  if (caddy.version() === null) return 'Caddy is not installed here: there is no chain without it.'
  const generator = findLoadGenerator('any')
  const origin = await startOrigin(scope, 'any')
  const setup = { main, upstream: origin.port, services: [[HOST]], core: 'any' } as const
  const bare = await httpProxy3.start(scope, setup)
  const tcp = await startWakeDock(scope, { ...setup, place: await freePort() })
  const { path } = await openFolder(scope)
  const unix = await startWakeDock(scope, { ...setup, place: `${path}/wakedock.sock` })
  const behind: readonly Behind[] = [
    { name: BASE, place: origin.port, pids: [], kept: KEPT },
    { name: 'Caddy (its default transport) → app', place: origin.port, pids: [], kept: null },
    { name: 'Caddy → http-proxy-3 → app', place: bare.port, pids: bare.pids, kept: KEPT },
    { name: 'Caddy → WakeDock → app', place: tcp.place, pids: [tcp.pid], kept: KEPT },
    { name: 'Caddy → unix socket → WakeDock → app', place: unix.place, pids: [unix.pid], kept: KEPT },
  ]
  const running: NamedProxy[] = []
  for (const { name, place, pids, kept } of behind) {
    const front = await startCaddy(scope, { upstream: place, services: [[HOST]], core: 'any', kept })
    await checkProxy(name, front.port, HOST)
    running.push({ name, port: front.port, pids: [...front.pids, ...pids] })
  }

  const load = (connections: number): Promise<Series[]> =>
    interleave(running, { rounds, seconds }, (one, seconds) => {
      progress(`${connections} connections: ${one.name}, ${seconds} s`)
      const get = { method: 'GET', path: '/1k', sends: 0, receives: 1024, host: HOST, routes: 0 } as const
      return withCpu(one.pids, 'any', () => generator.run({ ...get, connections }, one.port, seconds))
    })
  const many = await load(64)
  const single = await load(1)
  return [
    `GET 1 KiB. Load by ${generator.name}, app: ${origin.name}; nothing pinned. Caddy ${caddy.version()} with \`keepalive_idle_conns_per_host ${KEPT}\`, http-proxy-3 ${httpProxy3.version()}, WakeDock ${wakeDock.version()}. ${rounds} rounds of ${seconds} s each, medians. CPU is that of the proxies together.`,
    '### 64 connections',
    rateTable({ title: '', shows: 'rate', series: many }, [BASE]),
    '### 1 connection',
    latencyTable({ title: '', shows: 'latency', series: single }, BASE),
  ].join('\n\n')
}
