/**
 * What a WebSocket message costs on its way through: echoes over 64 connections, and the round trip on one. Load generator and app
 * are Node programs, and reach their own limit before the fastest proxies do: what one message costs those is in the CPU column.
 */
import { fileURLToPath } from 'node:url'
import type { NamedProxy } from './contestants/proxy-contestant.ts'
import { CADDY, CONTESTANTS, DIRECT, HTTP_PROXY_3, installed, whoIsThere } from './contestants/proxy.ts'
import { latencyTable, rateTable } from './load-report.ts'
import { runGenerator } from './load.ts'
import { freePort, startProgram } from './program.ts'
import { interleave, withCpu, type Series } from './rounds.ts'
import type { Workload } from './workload.ts'

const ROUNDS = 5
/** Seconds of load in a turn. */
const SECONDS = 1.5
const HOST = 'app.example.com'
/** Bytes: a chat line, a cursor, a heartbeat. */
const MESSAGE = 64
const ECHO = fileURLToPath(new URL('./echo-server.ts', import.meta.url))
const LOAD = fileURLToPath(new URL('./load/websocket.ts', import.meta.url))

export const run: Workload = async ({ main, scope, progress, ...options }) => {
  const rounds = options.cycles ?? ROUNDS
  const seconds = options.seconds ?? SECONDS
  const upstream = await freePort()
  await startProgram(scope, {
    command: [process.execPath, ECHO, String(upstream)],
    core: 'load',
    listens: upstream,
  })
  const { present, missing } = installed(CONTESTANTS)
  const running: NamedProxy[] = []
  for (const contestant of present) {
    const setup = { main, upstream, services: [[HOST]], core: 'proxy' } as const
    running.push({ name: contestant.name, ...(await contestant.start(scope, setup)) })
  }

  const load = (connections: number): Promise<Series[]> =>
    interleave(running, { rounds, seconds }, (one, seconds) => {
      progress(`${connections} connections: ${one.name}, ${seconds} s`)
      const values = [one.port, connections, seconds, MESSAGE, HOST].map(String)
      const command = [process.execPath, LOAD, ...values] as const
      return withCpu(one.pids, 'proxy', () => runGenerator(command, 'load', seconds, { receives: MESSAGE }))
    })
  const many = await load(64)
  const single = await load(1)
  return [
    `Echo of ${MESSAGE} bytes; load and app are \`ws\` on Node, both on one core, the proxy on the other. ${rounds} rounds of ${seconds} s each, medians.`,
    whoIsThere(present, missing),
    '### 64 connections, one message under way on each',
    rateTable({ title: '', shows: 'rate', series: many }, [CADDY, HTTP_PROXY_3], 'messages/s'),
    '### 1 connection',
    latencyTable({ title: '', shows: 'latency', series: single }, DIRECT),
  ].join('\n\n')
}
