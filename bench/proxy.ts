/**
 * What a request to a service that is awake costs, beside other proxies: the proxy on one core, the load generator and the app on
 * the other. Every contestant is checked first, and runs from the start to the end of the bench: those whose turn it is not wait.
 */
import { CADDY, CONTESTANTS, DIRECT, HTTP_PROXY_3, installed, whoIsThere } from './contestants/proxy.ts'
import type { NamedProxy } from './contestants/proxy-contestant.ts'
import { findLoadGenerator, type Load } from './load.ts'
import { latencyTable, rateTable, summaryTable, type Case } from './load-report.ts'
import { startOrigin } from './origin.ts'
import { checkProxy } from './proxy-check.ts'
import { interleave, withCpu } from './rounds.ts'
import type { Workload } from './workload.ts'

const ROUNDS = 5
/** Seconds of load in a turn. */
const SECONDS = 2
const HOST = 'app.example.com'
const BASES = [CADDY, HTTP_PROXY_3]

const get = { method: 'GET', sends: 0, host: HOST, routes: 0 } as const
const CASES: readonly { title: string; shows: Case['shows']; load: Load }[] = [
  {
    title: 'GET 1 KiB, 64 connections',
    shows: 'rate',
    load: { ...get, path: '/1k', connections: 64, receives: 1024 },
  },
  {
    title: 'GET 1 MiB, 16 connections',
    shows: 'rate',
    load: { ...get, path: '/1m', connections: 16, receives: 2 ** 20 },
  },
  {
    title: 'POST 64 KiB, 64 connections',
    shows: 'rate',
    load: { ...get, method: 'POST', path: '/post', connections: 64, sends: 65_536, receives: 5 },
  },
  {
    title: 'GET 1 KiB, 1 connection',
    shows: 'latency',
    load: { ...get, path: '/1k', connections: 1, receives: 1024 },
  },
]

export const run: Workload = async ({ main, scope, progress, ...options }) => {
  const rounds = options.cycles ?? ROUNDS
  const seconds = options.seconds ?? SECONDS
  const generator = findLoadGenerator('load')
  const origin = await startOrigin(scope, 'load')
  const { present, missing } = installed(CONTESTANTS)
  const running: NamedProxy[] = []
  for (const contestant of present) {
    const setup = { main, upstream: origin.port, services: [[HOST]], core: 'proxy' } as const
    const proxy = await contestant.start(scope, setup)
    await checkProxy(contestant.name, proxy.port, HOST)
    running.push({ name: contestant.name, ...proxy })
  }

  const cases: Case[] = []
  for (const { title, shows, load } of CASES) {
    const series = await interleave(running, { rounds, seconds }, (one, seconds) => {
      progress(`${title}: ${one.name}, ${seconds} s`)
      return withCpu(one.pids, 'proxy', () => generator.run(load, one.port, seconds))
    })
    cases.push({ title, shows, series })
  }
  return [
    `Load by ${generator.name}, app: ${origin.name}, both on one core; the proxy on the other. ${rounds} rounds of ${seconds} s each, medians.`,
    whoIsThere(present, missing),
    summaryTable(cases, BASES, DIRECT),
    ...cases.flatMap((one) => [
      `### ${one.title}`,
      one.shows === 'rate' ? rateTable(one, BASES) : latencyTable(one, DIRECT),
    ]),
  ].join('\n\n')
}
